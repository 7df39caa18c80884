"""What the figures of the page share: their look, their files, the choice of what to show.

No pyplot and no global state: a figure can be drawn in any thread, and nothing that a user has
set in matplotlib changes it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context as style_context
from numpy.typing import NDArray

from suite.catalogue.registry import Registry, parse
from suite.types import UserError

PINNED = {"weights": "native", "settings": "common", "optimizer": "rmsprop"}
"""What a figure shows unless told otherwise; an axis not named here shows its first value."""

DPI = 192
INK = "#222222"
# The colours of Okabe and Ito (2008), told apart by people with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
FLOOR, ROOF = 1e-12, 1e6
"""Where the logarithmic axes of the layer figures are cut: beyond, a line only leaves the page."""


class NotDrawn(Exception):
    """The table lacks what the figure shows; the message is a sentence for the page."""


@dataclass(frozen=True)
class Drawing:
    """A figure, the name of its file, and what the page says about it."""

    name: str
    title: str
    caption: str
    figure: Figure


Tables = Callable[..., "pd.DataFrame | None"]
"""``tables("training/layers.csv", *required columns)``: a table of the results folder, or None
when it is not there."""


@dataclass(frozen=True)
class Part:
    """A section of the page: its title, its figures, each drawn on demand, and what is said when
    there is none. ``folded``: shown on demand. ``words``: a paragraph above the figures."""

    title: str
    draw: Sequence[Callable[[], Drawing]]
    absent: str
    folded: bool = False
    words: str = ""


def style() -> AbstractContextManager[None]:
    """The look of all figures, whatever the user's own matplotlib settings are."""
    own: dict[str, Any] = sns.axes_style("whitegrid") | sns.plotting_context("paper")
    own |= {"axes.titlesize": 9.5, "figure.dpi": DPI, "savefig.dpi": DPI, "hatch.linewidth": 0.5}
    own |= {"text.color": INK, "grid.color": "#e6e6e6", "axes.edgecolor": "#bbbbbb"}
    own |= {"figure.constrained_layout.wspace": 0.04, "figure.constrained_layout.h_pad": 0.06}
    return style_context(["default", own])


def png(figure: Figure) -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes (no date, no version)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def pin(
    table: pd.DataFrame, axes: Sequence[str], wanted: Mapping[str, str | int]
) -> tuple[pd.DataFrame, str]:
    """The rows with one value on each of ``axes``, and words for these values.

    The value is the wanted one where the table has it, else its first. An axis that is absent
    or empty pins nothing.
    """
    words = []
    for axis in axes:
        if axis not in table or (filled := table[axis].replace("", None).dropna()).empty:
            continue
        values = filled.unique().tolist()
        value = wanted[axis] if wanted.get(axis) in values else values[0]
        table = table[table[axis] == value]
        words.append(f"{axis} {value:g}" if isinstance(value, float) else f"{axis} {value}")
    return table, ", ".join(words)


def catalogued(names: Iterable[str], catalogue: Registry[Any]) -> list[str]:
    """Names in the order of their catalogue, then by parameters; unknown ones stay last."""

    def place(name: str) -> tuple[float, tuple[float, ...]]:
        try:
            entry, parameters = parse(catalogue.kind, name, catalogue)
        except UserError:
            return math.inf, ()
        return catalogue.names.index(entry.name), parameters

    return sorted(names, key=place)


def present(
    column: pd.Series[Any], wanted: Sequence[str], catalogue: Registry[Any], most: int = 4
) -> list[str]:
    """The wanted names that a column holds; the first few of the catalogue where it has none."""
    there = set(column)
    found = [name for name in wanted if name in there]
    return found or catalogued(there, catalogue)[:most]


def hidden(depth: int) -> str:
    """``4 hidden layers``."""
    return "1 hidden layer" if depth == 1 else f"{depth} hidden layers"


def seeds_in(numbers: pd.Series[Any]) -> str:
    """``n = 20 seeds``, or the range where it varies; what was not measured (0) does not count."""
    counts = numbers[numbers > 0]
    low, high = (0, 0) if counts.empty else (int(counts.min()), int(counts.max()))
    return f"n = {low} seeds" if low == high else f"n = {low} to {high} seeds"


def others(table: pd.DataFrame, end: str, shown: Sequence[str]) -> list[str]:
    """The axes of a table (its columns before ``end``) that a figure does not show."""
    columns = list(table.columns)
    return [axis for axis in columns[: columns.index(end)] if axis not in {"study", *shown}]


def positive(rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A column as a logarithmic axis can show it: what is zero, inf or absent leaves a gap."""
    if column not in rows:
        return np.full(len(rows), np.nan)
    values = rows[column].to_numpy(dtype=float, na_value=np.nan)
    return np.where((values > 0) & np.isfinite(values), values, np.nan)


def band(
    axes: Axes,
    rows: pd.DataFrame,
    along: str,
    metric: str,
    colour: Any,
    opacity: float,
    thickness: float = 2,
) -> None:
    """Median line and quantile band of a metric; a quantile of zero reaches down to ``FLOOR``."""
    low, high = positive(rows, f"{metric}_low"), positive(rows, f"{metric}_high")
    axes.plot(rows[along], positive(rows, metric), color=colour, lw=thickness)
    axes.fill_between(
        rows[along], np.where(np.isnan(low), FLOOR, low), high, color=colour, alpha=opacity, lw=0
    )


def logarithmic(panels: Sequence[Axes]) -> None:
    """One logarithmic y axis for panels that share it, cut where values leave a readable range."""
    panels[0].set_yscale("log")
    limits = np.array([axes.dataLim.intervaly for axes in panels])
    limits = limits[np.isfinite(limits).all(axis=1) & (limits > 0).all(axis=1)]
    if len(limits):
        panels[0].set_ylim(max(limits.min(), FLOOR) / 2, min(limits.max(), ROOF) * 2)
