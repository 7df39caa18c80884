"""The page's section on the study curves: each activation and its slope, and what defaults make."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import ACTIVATIONS
from suite.report.common import words
from suite.report.common.drawing import (
    COLOURS,
    INK,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    catalogued,
)

VALUE, SLOPE, LAYER, FUNCTION = COLOURS[:4]
DASHES = {"torch": (0, (1, 0)), "tensorflow": (0, (2, 2))}
DIFFERS = 2e-6
"""A default is drawn where it is farther from the definition than single precision rounds."""
LOW, HIGH = -2.2, 3.2
"""Of the vertical axes."""
COLUMNS = 4


def parts(tables: Tables) -> list[Part]:
    """Values and slopes as small multiples."""
    points = tables("curves/points.csv", "framework", "activation", "seed", "x")
    return [
        Part(
            "Activations and their slopes",
            [] if points is None else [partial(curves, points)],
            "curves/points.csv is not there: no figure of the activations.",
        )
    ]


def curves(points: pd.DataFrame) -> Drawing:
    """Value and slope of each activation in each framework, over the definition.

    ``points`` is curves/points.csv. A framework's own default is drawn where it differs.
    """
    needed = {
        f"activation_{what}{end}" for what in ("value", "slope") for end in ("", "_predicted")
    }
    if points.empty or not needed | {"layer_default", "function_default"} <= set(points):
        raise NotDrawn("No figure of the activations: the run did not measure their points.")
    names = catalogued(points["activation"].unique(), ACTIVATIONS)
    frameworks = list(points["framework"].unique())
    lines = -(-len(names) // COLUMNS)
    columns = min(COLUMNS, len(names))
    figure = Figure(figsize=(0.7 + 2.5 * columns, 0.9 + 1.9 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for name, axes in zip(names, grid.flat, strict=False):
        shown = points[points["activation"] == name]
        axes.set_title(name, loc="left")
        for framework in frameworks:
            _panel(axes, shown[shown["framework"] == framework].sort_values("x"), framework)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    grid[0, 0].set(xlim=(-8, 8), ylim=(LOW, HIGH))
    figure.supxlabel("x", fontsize=9)
    figure.supylabel("value and slope", fontsize=9)
    figure.legend(handles=_handles(frameworks), loc="outside upper center", ncols=6, frameon=False)
    off = np.abs(points["activation_value"] - points["activation_value_predicted"])
    worst = float((off / np.maximum(1.0, points["x"].abs())).max())
    return Drawing(
        "activations",
        "Activations and their slopes: both frameworks lie on the definition",
        "Value and slope of each catalogued activation from -8 to 8, in single precision, by the"
        " framework's own function with the catalogue's parameters and its own differentiation."
        " Pale: the definition. A framework's own layer or function, made without arguments, is"
        " drawn where it differs. The largest deviation of a value from its definition, relative"
        f" to max(1, |x|), is {words.number(worst)}. What leaves the panel is cut. No units.",
        figure,
    )


def _panel(axes: Axes, rows: pd.DataFrame, framework: str) -> None:
    """One framework's lines of one activation."""
    dashes = DASHES.get(framework, (0, (4, 1)))
    for what, colour in (("value", VALUE), ("slope", SLOPE)):
        exact = rows[f"activation_{what}_predicted"]
        axes.plot(rows["x"], exact, color=colour, lw=5, alpha=0.15, solid_capstyle="butt")
        axes.plot(rows["x"], rows[f"activation_{what}"], color=colour, lw=1.5, ls=dashes)
    scale = np.maximum(1.0, rows["x"].abs())
    for form, colour in (("layer", LAYER), ("function", FUNCTION)):
        given = rows[f"{form}_default"]
        if (np.abs(given - rows["activation_value_predicted"]) / scale).max() > DIFFERS:
            axes.plot(rows["x"], given, color=colour, lw=1.5, ls=dashes)
            axes.text(
                0.97,
                0.05 + 0.11 * len(axes.texts),
                f"{framework} {form}",
                color=colour,
                ha="right",
                transform=axes.transAxes,
                fontsize=7,
            )


def _handles(frameworks: list[str]) -> list[Line2D]:
    colours = {
        "value": VALUE,
        "slope": SLOPE,
        "a default layer": LAYER,
        "a default function": FUNCTION,
    }
    handles = [Line2D([], [], color=colour, label=label) for label, colour in colours.items()]
    return handles + [
        Line2D([], [], color=INK, ls=DASHES.get(name, (0, (4, 1))), label=name)
        for name in frameworks
    ]
