"""The page's section on the study underflow: a vanishing gradient down to exactly zero."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables, positive, seeds_in

DASHES = (0, (4, 4))


def parts(tables: Tables) -> list[Part]:
    """The largest entry of the gradient by layer, in each number format."""
    layers = tables("underflow/layers.csv", "from_last", "precision", "n")
    return [
        Part(
            "Where a vanishing gradient is exactly zero",
            [] if layers is None else [partial(largest, layers)],
            "underflow/layers.csv is not there: no figure of underflow.",
        )
    ]


def largest(layers: pd.DataFrame) -> Drawing:
    """The largest entry against the distance from the last layer, a panel for each format."""
    metric = "largest_gradient"
    if metric not in layers or layers.empty:
        raise NotDrawn("No figure of underflow: the run did not measure gradients.")
    rows = layers[layers["width"] == layers["width"].min()]
    formats = list(rows["precision"].unique())
    figure = Figure(figsize=(0.9 + 4.0 * len(formats), 3.4), layout="constrained")
    grid = figure.subplots(1, len(formats), squeeze=False)[0]
    frameworks = list(rows["framework"].unique())
    for name, axes in zip(formats, grid, strict=True):
        for framework, colour, thickness in zip(frameworks, COLOURS, (3.0, 1.5), strict=False):
            line = rows[(rows["precision"] == name) & (rows["framework"] == framework)]
            line = line.sort_values("from_last")
            x, y = line["from_last"], positive(line, metric)
            axes.plot(x, y, color=colour, lw=thickness)
            if (y > 0).any():
                last = int((y > 0).sum()) - 1
                axes.plot(x.iloc[last], y[last], "o", color=colour, ms=6)
            axes.plot(x, positive(line, f"{metric}_predicted"), color=INK, lw=0.9, ls=DASHES)
        axes.set_yscale("log")
        axes.set_title(f"{name} precision", loc="left")
    figure.supxlabel("layers from the last", fontsize=9)
    figure.supylabel("largest entry of the gradient", fontsize=9)
    handles = [
        Line2D([], [], color=colour, marker="o", label=f"{framework}, until it is 0")
        for framework, colour in zip(frameworks, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=DASHES, label="theory"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "underflow",
        "A vanishing gradient ends: sigmoid with Xavier",
        "Largest magnitude in the gradient by a layer's pre-activations, against the layer's"
        f" distance from the last; sigmoid, xavier_normal, {rows['width'].iloc[0]} units, 16"
        f" inputs; median over the seeds, {seeds_in(rows['n'])}. The point is the last layer with"
        " a gradient other than exactly 0. torch keeps denormal numbers, TensorFlow flushes them"
        " to zero. Dashed: theory.",
        figure,
    )
