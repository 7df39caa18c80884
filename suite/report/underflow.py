"""The page's section on the study underflow: a vanishing gradient down to exactly zero."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import (
    COLOURS,
    INK,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    positive,
    seeds_in,
)

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
            # Logarithms on a plain axis: a logarithmic one has no room below the smallest number.
            x, y = line["from_last"], np.log10(positive(line, metric))
            axes.plot(x, y, color=colour, lw=thickness)
            there = np.flatnonzero(np.isfinite(y))
            if len(there):
                axes.plot(x.iloc[there[-1]], y[there[-1]], "o", color=colour, ms=6)
            expected = np.log10(positive(line, f"{metric}_predicted"))
            axes.plot(x, expected, color=INK, lw=0.9, ls=DASHES)
        axes.set_title(f"{name} precision", loc="left")
    figure.supxlabel("layers from the last", fontsize=9)
    figure.supylabel("log10 of the gradient's largest entry", fontsize=9)
    handles = [
        Line2D([], [], color=colour, marker="o", label=f"{framework}, until it is 0")
        for framework, colour in zip(frameworks, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=DASHES, label="theory"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "underflow",
        "A vanishing gradient ends: sigmoid with Xavier",
        "Logarithm to the base 10 of the largest magnitude in the gradient by a layer's"
        " pre-activations, against the layer's place counted from the last (1), into which a"
        f" Gaussian gradient is fed; sigmoid, xavier_normal, {rows['width'].iloc[0]} units, 16"
        f" inputs, no biases, no training; median over the seeds, {seeds_in(rows['n'])}. The point"
        " is the last layer with a gradient other than exactly 0. torch keeps denormal numbers,"
        " TensorFlow flushes them to zero. Dashed: theory.",
        figure,
    )
