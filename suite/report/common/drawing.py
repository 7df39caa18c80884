"""What the figures of the page share: their look, their files, and the choice of what to show.

No pyplot and no global state: a figure can be drawn in any thread, and the user's own matplotlib
settings do not change it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context as style_context
from numpy.typing import NDArray

from suite.catalogue.registry import Registry, parse
from suite.report.common.styles import DASHES, INK
from suite.types import UserError

PINNED = {
    "weights": "native",
    "settings": "common",
    "optimizer": "rmsprop",
    "bias": "unset",
    "dataset": "circles",
}
"""What a figure shows unless it asks for something else; any other axis shows its first value."""

DPI = 192
THEORY: Mapping[str, Any] = {"color": INK, "lw": 0.9, "ls": DASHES}
"""How the line of a theory, and its entry in a legend, is drawn."""
FLOOR, ROOF = 1e-12, 1e6
"""Where the logarithmic axes of the layer figures are cut; a line beyond them leaves the panel."""


class NotDrawn(Exception):
    """A table lacks what the figure shows; the message is a sentence for the page."""


@dataclass(frozen=True)
class Drawing:
    """A figure, the name of its file, and what the page says about it.

    ``title`` and ``caption`` say what is drawn: the quantity, of what, its unit, the conditions.
    They state no result, unless it is computed from the rows that the figure shows. A result that
    was claimed is shown as the verdicts of ``claims``, the names of claims, below the figure.
    ``rows``: those that are shown, with the axes of their cells, for the command that measures
    them; without it the command measures the whole study.
    """

    name: str
    title: str
    caption: str
    figure: Figure
    claims: tuple[str, ...] = ()
    rows: pd.DataFrame | None = None


Tables = Callable[..., "pd.DataFrame | None"]
"""``tables("training/layers.csv", *required columns)``: a table of the results folder, or None
when the folder lacks it."""
Draw = Callable[[], Drawing]
"""Draws one figure. Raises NotDrawn when the table lacks what the figure shows."""


@dataclass(frozen=True)
class Part:
    """A section of the page: its title, its figures, each drawn on demand, and a sentence for each
    table that is missing. ``folded``: the figures are shown on demand."""

    title: str
    draw: Sequence[Draw]
    absent: Sequence[str] = ()
    folded: bool = False


def drawn_from(
    tables: Tables,
    path: str,
    columns: Sequence[str],
    shows: str,
    *figures: Callable[..., Drawing],
    each: str = "",
) -> Part:
    """Return the figures of one table, as a part without a title for ``part`` to join.

    ``figures`` take the table; with ``each``, a column, they take the table and a value of the
    column, and are drawn for each of its values. ``shows`` completes "no figure of ..." where the
    table is missing. Raises UserError when the table lacks one of ``columns``.
    """
    table = tables(path, *columns)
    if table is None:
        return Part("", [], [f"{path} is missing: no figure of {shows}."])
    if not each:
        return Part("", [partial(figure, table) for figure in figures])
    values = table[each].unique()
    return Part("", [partial(figure, table, value) for value in values for figure in figures])


def part(title: str, *sources: Part, folded: bool = False) -> Part:
    """Return a section with the figures of several tables, in their order."""
    return Part(
        title,
        [draw for source in sources for draw in source.draw],
        [sentence for source in sources for sentence in source.absent],
        folded,
    )


LOOK: Mapping[str, Any] = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.constrained_layout.wspace": 0.04,
    "figure.constrained_layout.h_pad": 0.06,
    # matplotlib brings the first: figures do not depend on the fonts of a machine.
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "font.size": 9.6,
    "text.color": INK,
    "axes.labelcolor": ".15",
    "axes.titlesize": 9.5,
    # Titles stand on their panels: matplotlib would search a place for each, again and again.
    "axes.titley": 1.0,
    "axes.labelsize": 9.6,
    "axes.edgecolor": "#bbbbbb",
    "axes.linewidth": 1.0,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.color": ".15",
    "ytick.color": ".15",
    "xtick.labelsize": 8.8,
    "ytick.labelsize": 8.8,
    "xtick.major.size": 4.8,
    "ytick.major.size": 4.8,
    "xtick.minor.size": 3.2,
    "ytick.minor.size": 3.2,
    "xtick.major.width": 1.0,
    "ytick.major.width": 1.0,
    "xtick.minor.width": 0.8,
    "ytick.minor.width": 0.8,
    "legend.fontsize": 8.8,
    "legend.title_fontsize": 9.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "hatch.linewidth": 0.5,
}
"""Where the figures differ from matplotlib's defaults."""


def style() -> AbstractContextManager[None]:
    """Return a context in which all figures have the same look, whatever the user has set."""
    return style_context(["default", dict(LOOK)])


def pin(
    table: pd.DataFrame, axes: Sequence[str], wanted: Mapping[str, str | int]
) -> tuple[pd.DataFrame, str]:
    """Return the rows with one value on each of ``axes``, and these values in words.

    The value is the wanted one where the table has it, else its first. An axis that the table
    lacks or leaves empty pins nothing.
    """
    pinned = []
    for axis in axes:
        if axis not in table or (filled := table[axis].replace("", None).dropna()).empty:
            continue
        values = filled.unique().tolist()
        value = wanted[axis] if wanted.get(axis) in values else values[0]
        table = table[table[axis] == value]
        pinned.append(f"{axis} {value:g}" if isinstance(value, float) else f"{axis} {value}")
    return table, ", ".join(pinned)


def catalogued(names: Iterable[str], catalogue: Registry[Any]) -> list[str]:
    """Return names in the order of their catalogue, then by parameters, unknown ones last."""

    def place(name: str) -> tuple[float, tuple[float, ...]]:
        try:
            entry, parameters = parse(catalogue.kind, name, catalogue)
        except UserError:
            return math.inf, ()
        return catalogue.every.index(entry.name), parameters

    return sorted(names, key=place)


def present(
    column: pd.Series[Any], wanted: Sequence[str], catalogue: Registry[Any], most: int = 4
) -> list[str]:
    """Return the wanted names that a column contains; where it contains none of them, its first
    ``most`` names in the order of the catalogue."""
    names = set(column)
    return [name for name in wanted if name in names] or catalogued(names, catalogue)[:most]


def hidden(depth: int) -> str:
    """Return the depth in words: ``4 hidden layers``."""
    return "1 hidden layer" if depth == 1 else f"{depth} hidden layers"


def seeds_in(numbers: pd.Series[Any]) -> str:
    """Return ``n = 20 seeds``, or the range where it varies; 0, not measured, does not count."""
    counts = numbers[numbers > 0]
    low, high = (0, 0) if counts.empty else (int(counts.min()), int(counts.max()))
    return f"n = {low} seeds" if low == high else f"n = {low} to {high} seeds"


def others(table: pd.DataFrame, end: str, shown: Sequence[str]) -> list[str]:
    """Return the axes of a table, its columns before ``end``, that a figure does not show."""
    columns = list(table.columns)
    return [axis for axis in columns[: columns.index(end)] if axis not in {"study", *shown}]


def positive(rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as a logarithmic axis can show it, with NaN for zero, inf and no value."""
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
    """Draw a metric's median and quantile band on a logarithmic axis, where a quantile of zero
    reaches down to ``FLOOR``."""
    low, high = positive(rows, f"{metric}_low"), positive(rows, f"{metric}_high")
    axes.plot(rows[along], positive(rows, metric), color=colour, lw=thickness)
    axes.fill_between(
        rows[along], np.where(np.isnan(low), FLOOR, low), high, color=colour, alpha=opacity, lw=0
    )


def plain_band(
    axes: Axes,
    rows: pd.DataFrame,
    along: str,
    metric: str,
    colour: Any,
    opacity: float = 0.2,
    thickness: float = 2,
) -> None:
    """Draw a metric's median and quantile band as they are, on whatever axis."""
    axes.plot(rows[along], rows[metric], color=colour, lw=thickness)
    axes.fill_between(
        rows[along],
        rows[f"{metric}_low"],
        rows[f"{metric}_high"],
        color=colour,
        alpha=opacity,
        lw=0,
    )


def logarithmic(panels: Sequence[Axes]) -> None:
    """Give panels that share it one logarithmic y axis, cut where values leave a readable range."""
    with warnings.catch_warnings():
        # Where all values are 0, the panel says so itself.
        warnings.filterwarnings("ignore", "Data has no positive values")
        panels[0].set_yscale("log")
    limits = np.array([axes.dataLim.intervaly for axes in panels])
    limits = limits[np.isfinite(limits).all(axis=1) & (limits > 0).all(axis=1)]
    if len(limits):
        panels[0].set_ylim(max(limits.min(), FLOOR) / 2, min(limits.max(), ROOF) * 2)
