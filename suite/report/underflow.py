"""The page's section on the study underflow: a vanishing gradient down to exactly zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import (
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    drawn_from,
    part,
    positive,
    seeds_in,
)
from suite.report.common.numbers import number
from suite.report.common.styles import framework_styles

SMALLEST_NORMAL = {
    "single": float(np.finfo(np.float32).smallest_normal),
    "double": float(np.finfo(np.float64).smallest_normal),
}
"""Precision -> the number below which its format has only denormal numbers."""


def parts(tables: Tables) -> list[Part]:
    """Return the largest entry of the gradient by layer, in each number format."""
    columns = ("from_last", "precision", "n")
    return [
        part(
            "A vanishing gradient down to exactly zero",
            drawn_from(tables, "underflow/layers.csv", columns, "underflow", largest),
        )
    ]


def largest(layers: pd.DataFrame) -> Drawing:
    """Draw the largest entry against the distance from the last layer, a panel for each format."""
    metric = "largest_gradient"
    if metric not in layers or layers.empty:
        raise NotDrawn("No figure of underflow: the run did not measure gradients.")
    rows = layers[layers["width"] == layers["width"].min()]
    formats = list(rows["precision"].unique())
    figure = Figure(figsize=(0.9 + 4.0 * len(formats), 3.4), layout="constrained")
    grid = figure.subplots(1, len(formats), squeeze=False)[0]
    styles = framework_styles(rows["framework"])
    for name, axes in zip(formats, grid, strict=True):
        for framework, style in styles.items():
            line = rows[(rows["precision"] == name) & (rows["framework"] == framework)]
            line = line.sort_values("from_last")
            # Logarithms on a plain axis: a logarithmic one has no room below the smallest number.
            x, y = line["from_last"], np.log10(positive(line, metric))
            axes.plot(x, y, color=style.colour, lw=style.thickness)
            nonzero = np.flatnonzero(np.isfinite(y))
            if len(nonzero):
                axes.plot(x.iloc[nonzero[-1]], y[nonzero[-1]], "o", color=style.colour, ms=6)
            axes.plot(x, np.log10(positive(line, f"{metric}_predicted")), **THEORY)
        axes.set_title(f"{name} precision", loc="left")
    figure.supxlabel("layers from the last", fontsize=9)
    figure.supylabel("log10 of the gradient's largest entry (powers of ten)", fontsize=9)
    handles = [
        Line2D([], [], color=style.colour, marker="o", label=f"{framework}, until it is 0")
        for framework, style in styles.items()
    ]
    handles.append(Line2D([], [], label="theory", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "underflow",
        "Largest entry of the gradient by layer, down to exactly 0: sigmoid, Xavier",
        "Logarithm to the base 10 of the largest magnitude in the gradient by a layer's"
        " pre-activations, against the layer's place counted from the last (1), into which a"
        f" Gaussian gradient is fed; sigmoid, xavier_normal, {rows['width'].iloc[0]} units, 16"
        f" inputs, no biases, no training; median over the seeds, {seeds_in(rows['n'])}. The point"
        " is the last layer with a gradient other than exactly 0. Dashed: theory."
        f" {_smallest(rows, metric)}",
        figure,
        ("fp-underflow-depth", "fp-underflow-depth-double", "fp-underflow-flush"),
        rows=rows,
    )


def _smallest(rows: pd.DataFrame, metric: str) -> str:
    """A sentence on the smallest entries above 0, and whether they are denormal numbers."""
    above = rows[rows[metric] > 0]
    listed = []
    for (precision, framework), entries in above.groupby(["precision", "framework"], sort=False):
        smallest = float(entries[metric].min())
        kind = ", denormal" if smallest < SMALLEST_NORMAL.get(str(precision), 0.0) else ""
        listed.append(f"{number(smallest)} in {framework}, {precision} precision{kind}")
    if not listed:
        return "No entry is above 0."
    return f"The smallest entries above 0: {'; '.join(listed)}."
