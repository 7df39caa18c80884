"""The page's section on the study curves: each activation, its slope and its defaults."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import ACTIVATIONS
from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    catalogued,
    drawn_from,
    part,
)
from suite.report.common.numbers import number
from suite.report.common.styles import COLOURS, INK, Style, framework_styles

VALUE, SLOPE, LAYER, FUNCTION = COLOURS[:4]
DIFFERS = 2e-6
"""A default is drawn where it is farther from the definition than single precision rounds."""
LOW, HIGH = -2.2, 3.2
"""The ends of the vertical axes."""
COLUMNS = 4


def parts(tables: Tables) -> list[Part]:
    """Return values and slopes as small multiples."""
    columns = ("framework", "activation", "seed", "x")
    shows = "the activations"
    return [
        part(
            "Activations and their slopes",
            drawn_from(tables, "curves/points.csv", columns, shows, curves),
        )
    ]


def curves(points: pd.DataFrame) -> Drawing:
    """Draw value and slope of each activation in each framework, over the definition.

    ``points`` is curves/points.csv. A framework's own default is drawn where it differs.
    """
    needed = {
        f"activation_{kind}{end}" for kind in ("value", "slope") for end in ("", "_predicted")
    }
    if points.empty or not needed | {"layer_default", "function_default"} <= set(points):
        raise NotDrawn("No figure of the activations: the run did not measure their points.")
    names = catalogued(points["activation"].unique(), ACTIVATIONS)
    styles = framework_styles(points["framework"])
    lines = -(-len(names) // COLUMNS)
    columns = min(COLUMNS, len(names))
    figure = Figure(figsize=(0.7 + 2.5 * columns, 0.9 + 1.9 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for name, axes in zip(names, grid.flat[: len(names)], strict=True):
        rows = points[points["activation"] == name]
        axes.set_title(name, loc="left")
        for framework, style in styles.items():
            _panel(axes, rows[rows["framework"] == framework].sort_values("x"), framework, style)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    grid[0, 0].set(xlim=(-8, 8), ylim=(LOW, HIGH))
    figure.supxlabel("x (no unit)", fontsize=9)
    figure.supylabel("value and slope (no unit)", fontsize=9)
    figure.legend(handles=_handles(styles), loc="outside upper center", ncols=6, frameon=False)
    return Drawing(
        "activations",
        "Value and slope of each activation, by framework and by definition",
        "Value and slope of each catalogued activation from -8 to 8, in single precision, by the"
        " framework's own function with the catalogue's parameters and its own differentiation."
        " Pale: the definition. A framework's own layer or function, made without arguments, is"
        f" drawn where it differs. {_farthest(points)} What leaves the panel is cut. No units.",
        figure,
        (
            "fw-activations-agree",
            "fw-activation-slopes-agree",
            "fw-layer-activation-defaults",
            "fw-function-activation-defaults",
            "leaky-relu-layer-default",
        ),
        rows=points,
    )


def _farthest(points: pd.DataFrame) -> str:
    """A sentence on the largest deviation of a value from its definition, and where it is."""
    points = points.reset_index(drop=True)
    gaps = (points["activation_value"] - points["activation_value_predicted"]).abs()
    relative = gaps / points["x"].abs().clip(lower=1.0)
    if relative.isna().all():
        return "No value can be compared with its definition."
    farthest = points.iloc[relative.argmax()]
    return (
        "The largest deviation of a value from its definition, relative to max(1, |x|), is"
        f" {number(float(relative.max()))}: {farthest['activation']} in"
        f" {farthest['framework']} at x = {number(farthest['x'])}."
    )


def _panel(axes: Axes, rows: pd.DataFrame, framework: str, style: Style) -> None:
    """Draw one framework's lines of one activation."""
    for kind, colour in (("value", VALUE), ("slope", SLOPE)):
        exact = rows[f"activation_{kind}_predicted"]
        axes.plot(rows["x"], exact, color=colour, lw=5, alpha=0.15, solid_capstyle="butt")
        axes.plot(rows["x"], rows[f"activation_{kind}"], color=colour, lw=1.5, ls=style.dashes)
    scale = np.maximum(1.0, rows["x"].abs())
    for form, colour in (("layer", LAYER), ("function", FUNCTION)):
        given = rows[f"{form}_default"]
        if (np.abs(given - rows["activation_value_predicted"]) / scale).max() > DIFFERS:
            axes.plot(rows["x"], given, color=colour, lw=1.5, ls=style.dashes)
            axes.text(
                0.97,
                0.05 + 0.11 * len(axes.texts),
                f"{framework} {form}",
                color=colour,
                ha="right",
                transform=axes.transAxes,
                fontsize=7,
            )


def _handles(styles: Mapping[str, Style]) -> list[Line2D]:
    colours = {
        "value": VALUE,
        "slope": SLOPE,
        "a default layer": LAYER,
        "a default function": FUNCTION,
    }
    handles = [Line2D([], [], color=colour, label=label) for label, colour in colours.items()]
    return handles + [
        Line2D([], [], color=INK, ls=style.dashes, label=name) for name, style in styles.items()
    ]
