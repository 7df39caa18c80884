"""The page's section on the study symmetry: the spread of equal units, and accuracy by start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import Drawing, NotDrawn, Part, Tables, drawn_from, part, seeds_in
from suite.report.common.styles import COLOURS, INK
from suite.studies.symmetry import BROKEN, RECORD
from suite.studies.symmetry.starts import HALF_SPACE, POINTS
from suite.types import Value

ZERO = 1e-18
"""Where an exact 0 is drawn on the logarithmic axis: below every rounding."""
_TANH: Mapping[str, Value] = {
    "activation": "tanh",
    "depth": 1,
    "width": 16,
    "optimizer": "sgd",
    "dropout": 0.0,
    "precision": "single",
    "case": "constant",
    "scale": 0.0,
}


@dataclass(frozen=True)
class Line:
    """A start, as the cells that show it: the axes on which they differ from ``_TANH``."""

    label: str
    cell: Mapping[str, Value]
    colour: str
    dashes: str = "-"
    thickness: float = 1.8


LINES = (
    # Wide and first: where both stay at 0, the next lies on it.
    Line("constant, 16 units", {}, INK, thickness=4),
    Line("constant, 17 units", {"width": 17}, COLOURS[0]),
    Line("constant, 17 units, double", {"width": 17, "precision": "double"}, COLOURS[5]),
    Line(
        "constant, 17 units, double, momentum",
        {"width": 17, "precision": "double", "optimizer": "sgd(0.1, 0.9)"},
        COLOURS[3],
        "--",
    ),
    Line("constant + 1e-6 noise", {"scale": 1e-6}, COLOURS[4]),
    Line("constant + 1e-2 noise", {"scale": 1e-2}, COLOURS[1]),
    Line("constant, dropout 0.5", {"dropout": 0.5}, COLOURS[2]),
)
STARTS = (
    ("zeros", "zeros", 1.0),
    ("constant", "constant", 0.0),
    ("+ noise 1e-6", "constant", 1e-6),
    ("+ noise 1e-4", "constant", 1e-4),
    ("+ noise 1e-2", "constant", 1e-2),
    ("constant, random biases", "biases", 1.0),
    ("random (Xavier)", "random", 1.0),
)


def parts(tables: Tables) -> list[Part]:
    """Return the spread of a layer's units over the epochs, and accuracy by start."""
    return [
        part(
            "Units that start equal",
            drawn_from(
                tables,
                "symmetry/epochs.csv",
                ("epoch", "n", "unit_spread"),
                "the spread of units that start equal",
                spread,
            ),
            drawn_from(
                tables,
                "symmetry/runs.csv",
                ("case", "scale", "heldout_accuracy"),
                "accuracy by start",
                learned,
            ),
        )
    ]


def _select(table: pd.DataFrame, cell: Mapping[str, Value]) -> pd.DataFrame:
    """Return the rows of a cell; none where one of its axes is not a column of the table."""
    for axis, value in {**_TANH, **cell}.items():
        if axis not in table:
            return table[:0]
        table = table[table[axis] == value]
    return table


def spread(epochs: pd.DataFrame) -> Drawing:
    """Draw the relative spread of the units over the epochs, a line for each start."""
    selected = [(line, _select(epochs, line.cell)) for line in LINES]
    drawn = [(line, rows) for line, rows in selected if len(rows)]
    if not drawn:
        raise NotDrawn("No figure of the spread of units: the run has none of its starts.")
    frameworks = list(dict.fromkeys(name for _, rows in drawn for name in rows["framework"]))
    figure = Figure(figsize=(2.6 + 3.6 * len(frameworks), 3.9), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for line, rows in drawn:
            rows = rows[rows["framework"] == framework].sort_values("epoch")
            low, middle, high = (
                np.maximum(rows[f"unit_spread{end}"].to_numpy(float), ZERO)
                for end in ("_low", "", "_high")
            )
            axes.plot(rows["epoch"], middle, color=line.colour, ls=line.dashes, lw=line.thickness)
            axes.fill_between(rows["epoch"], low, high, color=line.colour, alpha=0.15, lw=0)
        axes.axhline(BROKEN, color="#777777", lw=0.9, ls=":")
        axes.set_title(framework, loc="left")
    panels[0].set_yscale("log")
    ticks = [10.0**power for power in (-15, -12, -9, -6, -3, 0)]
    panels[0].set_yticks([ZERO, *ticks], ["0", *(f"1e{np.log10(tick):.0f}" for tick in ticks)])
    panels[0].set_ylim(ZERO / 3, 5)
    figure.supxlabel(f"epoch of {POINTS // 32} steps", fontsize=9)
    figure.supylabel("largest difference of two units (ratio)", fontsize=9)
    handles = [
        Line2D([], [], color=line.colour, ls=line.dashes, lw=line.thickness, label=line.label)
        for line, _ in drawn
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        "symmetry_spread",
        "Largest difference of two units that start equal, by epoch",
        "Largest difference between the weights of two hidden units, relative to the largest weight"
        " of the layer, while training. One hidden layer of tanh, 16 units and SGD with learning"
        " rate 0.1 in single precision unless the legend says otherwise; all kernels start at 0.5,"
        f" biases at 0; {seeds_in(pd.concat([rows['n'] for _, rows in drawn]))}. Line: median over"
        " the seeds; band: their 5 % and 95 % quantiles. Logarithmic axis; an exact 0, units equal"
        f" to the bit, is drawn at its foot. Dotted: {BROKEN:g}, from where units count as"
        " different. Where a line leaves 0 without noise or dropout, the linear algebra library"
        " rounds the units of a layer differently: on another processor it may be another width.",
        figure,
        (
            "constant-init-rounding-alone",
            "constant-init-never-breaks-single",
            "dropout-breaks-symmetry",
            "tiny-noise-breaks-symmetry",
        ),
        rows=pd.concat([rows for _, rows in drawn]),
    )


def learned(runs: pd.DataFrame) -> Drawing:
    """Draw the held-out accuracy of each seed by start, activations down, frameworks across."""
    fixed = {axis: value for axis, value in _TANH.items() if axis not in ("case", "scale")}
    for axis, value in fixed.items():
        if axis != "activation" and axis in runs:
            runs = runs[runs[axis] == value]
    shown = [
        (label, runs[(runs["case"] == case) & (runs["scale"] == scale)])
        for label, case, scale in STARTS
    ]
    shown = [(label, rows) for label, rows in shown if len(rows)]
    if not shown:
        raise NotDrawn("No figure of accuracy by start: the run has none of its starts.")
    everything = pd.concat([rows for _, rows in shown])
    tied = everything.loc[everything["case"] == "constant", "activation"]
    # An activation of which only the zeros were run has no comparison to show.
    activations = list((tied if len(tied) else everything["activation"]).unique())
    frameworks = list(everything["framework"].unique())
    figure = Figure(
        figsize=(2.2 + 3.4 * len(frameworks), 0.9 + (0.4 + 0.24 * len(shown)) * len(activations)),
        layout="constrained",
    )
    grid = figure.subplots(
        len(activations), len(frameworks), sharex=True, sharey=True, squeeze=False
    )
    for activation, panels in zip(activations, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            for position, (_, rows) in enumerate(shown):
                chosen = (rows["framework"] == framework) & (rows["activation"] == activation)
                _dots(axes, rows.loc[chosen, "heldout_accuracy"].to_numpy(float), position)
            axes.axvline(HALF_SPACE, color=INK, ls="--", lw=0.9)
            axes.set_title(f"{framework}, {activation}", loc="left")
    grid[0, 0].set_yticks(range(len(shown)), [label for label, _ in shown])
    grid[0, 0].invert_yaxis()
    grid[0, 0].set_xlim(0.4, 1.01)
    figure.supxlabel("held-out accuracy (share)", fontsize=9)
    seeds = everything["seed"].nunique()
    return Drawing(
        "symmetry_accuracy",
        "Held-out accuracy by start, from equal units to random ones: 16 units, SGD",
        f"Share of held-out points on the right side after {RECORD[-1] * POINTS // 32:,} steps of"
        " SGD (learning rate 0.1, batches of 32, single precision), one hidden layer of 16 units,"
        f" no dropout. A dot is a seed (n = {seeds} seeds), the bar their median. Dashed:"
        f" {HALF_SPACE:.3f}, the best that any half-space, and so one monotone unit, can do on"
        " average; held-out sets are samples of 1,000 points and scatter by 0.012 about it.",
        figure,
        (
            "constant-init-cannot-learn",
            "small-noise-learns",
            "random-biases-break-symmetry",
            "random-init-breaks-symmetry",
        ),
        rows=everything,
    )


def _dots(axes: Axes, values: np.ndarray, position: int) -> None:
    """Draw the seeds of one start as dots in a row, and their median as a bar."""
    offsets = np.linspace(-0.25, 0.25, len(values))
    axes.plot(values, position + offsets, ".", color=COLOURS[0], ms=4, alpha=0.6, mew=0)
    if len(values):
        median = float(np.median(values))
        axes.plot([median, median], [position - 0.38, position + 0.38], color=COLOURS[1], lw=2)
