"""The page's section on the study correlations: two inputs and their gradients, by layer."""

from __future__ import annotations

from collections.abc import Mapping

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
    plain_band,
    seeds_in,
)
from suite.report.common.styles import GREY, coloured, framework_styles

TITLES = {
    "order": "order: σw² = 1",
    "edge": "edge of chaos: σw² = 1.76",
    "chaos": "chaos: σw² = 2.5",
    "far_chaos": "chaos: σw² = 4",
}
"""Case -> the phase of mean-field theory that it lies in, and its variance of the weights."""


def parts(tables: Tables) -> list[Part]:
    """Return correlation through tanh layers, and cosine of the gradients in ReLU networks."""
    return [
        part(
            "Two inputs and their gradients by layer",
            drawn_from(
                tables,
                "correlations/pairs.csv",
                ("layer", "start", "case", "n"),
                "the correlation of two inputs",
                trajectories,
            ),
            drawn_from(
                tables,
                "correlations/runs.csv",
                ("framework", "case", "depth", "seed"),
                "the cosine of two inputs' gradients",
                shattering,
            ),
        )
    ]


def _widest(table: pd.DataFrame, shows: str, wanted: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of the wanted cells, at the largest width that has them."""
    rows = table
    for axis, value in wanted.items():
        rows = rows[rows[axis] == value]
    if rows.empty:
        named = ", ".join(f"{axis} {value}" for axis, value in wanted.items())
        raise NotDrawn(f"No figure of {shows}: the run has no cells with {named}.")
    widest: pd.DataFrame = rows[rows["width"] == rows["width"].max()]
    return widest


def trajectories(pairs: pd.DataFrame) -> Drawing:
    """Draw correlation by layer from each start: phases across, frameworks below each other."""
    if "correlation" not in pairs:
        raise NotDrawn("No figure of two inputs: the run did not measure their correlation.")
    rows = _widest(pairs, "two inputs", {"activation": "tanh"})
    cases = [case for case in TITLES if case in set(rows["case"])]
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(0.8 + 2.5 * len(cases), 0.9 + 1.9 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(cases), sharex=True, sharey=True, squeeze=False)
    colours = coloured(sorted(rows["start"].unique()))
    for framework, panels in zip(frameworks, grid, strict=True):
        for case, axes in zip(cases, panels, strict=True):
            panel = rows[(rows["framework"] == framework) & (rows["case"] == case)]
            for start, colour in colours.items():
                line = panel[panel["start"] == start].sort_values("layer")
                plain_band(axes, line, "layer", "correlation", colour)
                axes.plot(line["layer"], line["correlation_predicted"], **THEORY)
            axes.set_title(f"{framework}, {TITLES[case]}", loc="left", fontsize=8.5)
    figure.supxlabel("layer", fontsize=9)
    figure.supylabel("correlation of two inputs (no unit)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"inputs with cosine {start:g}")
        for start, colour in colours.items()
    ]
    handles.append(Line2D([], [], label="theory", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "correlations",
        "Correlation of two inputs through tanh layers: order, edge of chaos and chaos",
        "Cosine of the pre-activations of two inputs of equal norm, mean over 12 pairs, through"
        f" tanh layers of {rows['width'].iloc[0]} units; biases of variance 0.05; σw² is fan_in"
        f" Var(W). Line: median over the seeds; band: their 5 % and 95 % quantiles;"
        f" {seeds_in(rows['n'])}; the framework's own draws, no training. Dashed: the map of"
        " mean-field theory.",
        figure,
        (
            "tanh-edge-of-chaos",
            "tanh-order-merges",
            "tanh-chaos-parts",
            "tanh-correlation-length",
        ),
        rows=rows,
    )


def shattering(runs: pd.DataFrame) -> Drawing:
    """Draw the cosine of two inputs' gradients at the first layer against depth, with two laws."""
    metric = "first_gradient_cosine"
    if metric not in runs:
        raise NotDrawn("No figure of shattered gradients: the run did not measure their cosine.")
    rows = _widest(runs, "shattered gradients", {"activation": "relu", "case": "he"})
    figure = Figure(figsize=(6.2, 3.6), layout="constrained")
    axes = figure.subplots()
    for framework, style in framework_styles(rows["framework"]).items():
        cosines = rows[rows["framework"] == framework].groupby("depth")[metric]
        middle = cosines.median()
        low, high = cosines.quantile(0.05), cosines.quantile(0.95)
        axes.errorbar(
            middle.index * (1 + 0.03 * style.shift),  # beside the others on the logarithmic axis
            middle,
            [middle - low, high - middle],
            color=style.colour,
            fmt="o",
            ms=4,
            capsize=2,
            label=framework,
        )
    law = rows.groupby("depth")[f"{metric}_predicted"].first()
    axes.plot(law.index, law, label="theory", **THEORY)
    depths = np.arange(law.index.min(), law.index.max() + 1)
    axes.plot(depths, 0.5**depths, color=GREY, lw=1, ls=":", label="half in each layer")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(1e-5, 1)
    axes.set_xticks(law.index, [str(depth) for depth in law.index])
    axes.set_xlabel("ReLU layers")
    axes.set_ylabel("cosine of two inputs' gradients (no unit)")
    axes.legend(frameon=False)
    return Drawing(
        "shattered_gradients",
        "Cosine of two inputs' gradients by depth of ReLU networks",
        "Cosine of the gradients of two orthogonal inputs by the first layer's pre-activations,"
        f" for one cotangent; ReLU layers of {rows['width'].iloc[0]} units with fan_in Var(W) ="
        f" 2, no biases; mean over 12 pairs. Point: median over the seeds,"
        f" {seeds_in(rows.groupby(['framework', 'depth'])['seed'].nunique())};"
        " bar: their 5 % and 95 % quantiles; below 0 it leaves the logarithmic axis."
        " Dashed: the product of the layers' arc-cosine kernels, at infinite width, straight"
        " between the depths measured. Dotted: 2^-depth. The frameworks' points stand side by side;"
        " each framework draws its own weights.",
        figure,
        ("shattered-gradients", "shattered-gradients-slowly", "shattered-gradients-slowly-deeper"),
        rows=rows,
    )
