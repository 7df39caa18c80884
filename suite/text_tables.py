"""Format tables as text: as lines that fit a terminal, and as Markdown."""

from __future__ import annotations

import itertools
import math
import re
import textwrap
from collections.abc import Sequence

WIDTH = 120
"""Lines on a terminal have at most this many characters."""
NARROW = 16
"""The least width of a column that may break its cells."""


def columns(
    rows: Sequence[Sequence[str]],
    width: int = WIDTH,
    breakable: Sequence[int] = (),
    below: bool = False,
    right: Sequence[int] = (),
) -> list[str]:
    """Return rows as lines of at most ``width`` characters; the first row is the header.

    Where lines would be longer, the columns of ``breakable``, first to last, break their cells at
    spaces; without such a column, lines may be longer. The columns of ``right`` are aligned to the
    right. With ``below`` the last cell of each row stands on lines of its own under the row, and
    that of the header is left out.
    """
    last_cells = [row[-1] for row in rows] if below else [""] * len(rows)
    rows = [row[:-1] for row in rows] if below else rows
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for column in breakable:
        excess = sum(widths) + 2 * (len(widths) - 1) - width
        widths[column] = min(widths[column], max(NARROW, widths[column] - excess))
    lines = []
    for row, text in zip(rows, last_cells, strict=True):
        cells = [
            textwrap.wrap(cell, size, subsequent_indent="  ") if len(cell) > size else [cell]
            for cell, size in zip(row, widths, strict=True)
        ]
        for parts in itertools.zip_longest(*cells, fillvalue=""):
            padded = (
                part.rjust(size) if column in right else part.ljust(size)
                for column, (part, size) in enumerate(zip(parts, widths, strict=True))
            )
            lines.append("  ".join(padded).rstrip())
        if row is not rows[0]:
            indent = " " * 4
            lines += textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent * 2)
    return lines


def number(value: float) -> str:
    """Return a number with three significant digits, ``?`` where it is unknown (NaN)."""
    return "?" if math.isnan(value) else f"{value:.3g}"


def escape(text: str) -> str:
    """Return Markdown that shows a text as it is."""
    return re.sub(r"([|*_`\[\]<>\\])", r"\\\1", text)


def markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table that shows its cells as they are.

    The first row is the header.
    """
    ruled = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return [f"| {' | '.join(map(escape, row))} |" for row in ruled]
