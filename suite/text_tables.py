"""Format tables as text: as lines that fit a terminal, and as Markdown."""

from __future__ import annotations

import itertools
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from suite.terminal import printable

if TYPE_CHECKING:
    from rich.segment import Segment
    from rich.table import Table

WIDTH = 120
"""The most characters of a line, and what a line has where nobody says how wide the terminal is."""
_LEAST = 40
"""A terminal that says that it is narrower is not believed."""
NARROW = 16
"""The least width of a column that may break its cells."""
_GAP = 2
"""Spaces between two columns."""
_INDENT = 4
"""Spaces before a cell that stands below its row."""


def width() -> int:
    """Return the characters of a line: of the terminal; always the same where the output is piped,
    so that what reads it does not depend on a window."""
    if not sys.stdout.isatty():
        return WIDTH
    return min(max(shutil.get_terminal_size((WIDTH, 0)).columns, _LEAST), WIDTH)


def wrapped(text: str, hanging: int = 2, indent: int = 0, size: int | None = None) -> list[str]:
    """Return a text as lines of at most ``size`` characters, broken at spaces alone, so that the
    names and paths in it can be copied.

    The first is indented by ``indent``, the others by ``hanging`` more. ``size``: None means
    ``width``.
    """
    return textwrap.wrap(
        text,
        width() if size is None else size,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns(
    rows: Sequence[Sequence[str]],
    size: int | None = None,
    breakable: Sequence[int] = (),
    below: bool = False,
    right: Sequence[int] = (),
) -> list[str]:
    """Return rows as lines of at most ``size`` characters; the first row is the header.

    ``size``: None means ``width``. Where lines would be longer, the columns of
    ``breakable``, first to last, break their cells, at spaces if there are any. Nothing is cut off:
    where that is not enough, lines are longer. The columns of ``right`` are aligned to the right.
    With ``below`` the last cell of each row stands on lines of its own under the row, and that of
    the header is left out.
    """
    size = width() if size is None else size
    cells = [[_shown(cell) for cell in row] for row in rows]
    last_cells = [row.pop() for row in cells] if below else [""] * len(cells)
    result = []
    for index, lines in _laid_out(cells, size, breakable, right):
        result += lines
        if index:
            result += wrapped(last_cells[index], _INDENT, _INDENT, size)
    return result


def _shown(cell: str) -> str:
    """Return a cell on one line, without control characters, as wide as it will look."""
    return printable(re.sub(r"[\t\n\r]+", " ", cell))


def _laid_out(
    rows: Sequence[Sequence[str]], size: int, breakable: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row with its lines."""
    from rich.cells import cell_len
    from rich.console import Console

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for column in breakable:
        excess = sum(widths) + _GAP * (len(widths) - 1) - size
        widths[column] = min(widths[column], max(NARROW, widths[column] - excess))
    # rich cuts off what does not fit its console: this one is always wide enough.
    console = Console(width=sum(widths) + _GAP * len(widths), color_system=None)
    lines = console.render_lines(_table(rows, widths, right), pad=False)
    for index, group in itertools.groupby(lines, key=_row_of):
        yield index, ["".join(segment.text for segment in line).rstrip() for line in group]


def _table(rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int]) -> Table:
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, _GAP, 0, 0), pad_edge=False)
    for column, most in enumerate(widths):
        table.add_column(
            width=most, overflow="fold", justify="right" if column in right else "left"
        )
    for index, row in enumerate(rows):
        # A Text, unlike a string, is never read as markup.
        table.add_row(*map(Text, row), style=Style(meta={"row": index}))
    return table


def _row_of(line: Sequence[Segment]) -> int:
    """Return the number of the row that a rendered line belongs to."""
    return next(int(segment.style.meta["row"]) for segment in line if segment.style)


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
