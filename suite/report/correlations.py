"""The page's section on the study correlations: two inputs and their gradients, by layer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables, seeds_in

TITLES = {
    "order": "order: σw² = 1",
    "edge": "edge of chaos: σw² = 1.76",
    "chaos": "chaos: σw² = 2.5",
    "far_chaos": "chaos: σw² = 4",
}
DASHES = (0, (4, 4))


def parts(tables: Tables) -> list[Part]:
    """Correlation through tanh layers; cosine of the gradients in ReLU networks."""
    pairs = tables("correlations/pairs.csv", "layer", "start", "case", "n")
    runs = tables("correlations/runs.csv", "framework", "case", "depth", "seed")
    return [
        Part(
            "Two inputs: order, chaos and shattered gradients",
            ([] if pairs is None else [partial(trajectories, pairs)])
            + ([] if runs is None else [partial(shattering, runs)]),
            "correlations/pairs.csv is not there: no figure of two inputs.",
        )
    ]


def _widest(table: pd.DataFrame, what: str, wanted: Mapping[str, str]) -> pd.DataFrame:
    """The rows of the wanted cells, of the largest width that has them."""
    rows = table
    for axis, value in wanted.items():
        rows = rows[rows[axis] == value]
    if rows.empty:
        named = ", ".join(f"{axis} {value}" for axis, value in wanted.items())
        raise NotDrawn(f"No figure of {what}: the run has no cells with {named}.")
    widest: pd.DataFrame = rows[rows["width"] == rows["width"].max()]
    return widest


def trajectories(pairs: pd.DataFrame) -> Drawing:
    """Correlation by layer from each start, a panel for each point, frameworks below each other."""
    if "correlation" not in pairs:
        raise NotDrawn("No figure of two inputs: the run did not measure their correlation.")
    rows = _widest(pairs, "two inputs", {"activation": "tanh"})
    cases = [case for case in TITLES if case in set(rows["case"])]
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(0.8 + 2.5 * len(cases), 0.9 + 1.9 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(cases), sharex=True, sharey=True, squeeze=False)
    starts = sorted(rows["start"].unique())
    for framework, panels in zip(frameworks, grid, strict=True):
        for case, axes in zip(cases, panels, strict=True):
            here = rows[(rows["framework"] == framework) & (rows["case"] == case)]
            for start, colour in zip(starts, COLOURS, strict=False):
                line = here[here["start"] == start].sort_values("layer")
                x = line["layer"]
                axes.fill_between(
                    x,
                    line["correlation_low"],
                    line["correlation_high"],
                    color=colour,
                    alpha=0.2,
                    lw=0,
                )
                axes.plot(x, line["correlation"], color=colour, lw=2)
                axes.plot(x, line["correlation_predicted"], color=INK, lw=0.9, ls=DASHES)
            axes.set_title(f"{framework}, {TITLES[case]}", loc="left", fontsize=8.5)
    figure.supxlabel("layer", fontsize=9)
    figure.supylabel("correlation of two inputs", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"inputs with cosine {start:g}")
        for start, colour in zip(starts, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=DASHES, label="theory"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "correlations",
        "Order makes inputs alike, chaos tells them apart",
        "Cosine of the pre-activations of two inputs of equal norm, mean over 12 pairs, through"
        f" tanh layers of {rows['width'].iloc[0]} units; biases of variance 0.05; σw² is fan_in"
        f" Var(W). Line: median over the seeds; band: their 5 % and 95 % quantiles;"
        f" {seeds_in(rows['n'])}; the framework's own draws, no training. Dashed: the map of"
        " mean-field theory.",
        figure,
    )


def shattering(runs: pd.DataFrame) -> Drawing:
    """Cosine of two inputs' gradients at the first layer against depth, with both laws."""
    metric = "first_gradient_cosine"
    if metric not in runs:
        raise NotDrawn("No figure of shattered gradients: the run did not measure their cosine.")
    rows = _widest(runs, "shattered gradients", {"activation": "relu", "case": "he"})
    figure = Figure(figsize=(6.2, 3.6), layout="constrained")
    axes = figure.subplots()
    for framework, colour in zip(rows["framework"].unique(), COLOURS, strict=False):
        found = rows[rows["framework"] == framework].groupby("depth")[metric]
        middle = found.median()
        low, high = found.quantile(0.05), found.quantile(0.95)
        shift = 0.97 if colour == COLOURS[0] else 1.03  # side by side on the logarithmic axis
        axes.errorbar(
            middle.index * shift,
            middle,
            [middle - low, high - middle],
            color=colour,
            fmt="o",
            ms=4,
            capsize=2,
            label=framework,
        )
    law = rows.groupby("depth")[f"{metric}_predicted"].first()
    axes.plot(law.index, law, color=INK, lw=1, ls=DASHES, label="theory")
    every = np.arange(law.index.min(), law.index.max() + 1)
    axes.plot(every, 0.5**every, color="#888888", lw=1, ls=":", label="half in each layer")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(1e-5, 1)
    axes.set_xticks(law.index, [str(depth) for depth in law.index])
    axes.set_xlabel("ReLU layers")
    axes.set_ylabel("cosine of two inputs' gradients")
    axes.legend(frameon=False)
    return Drawing(
        "shattered_gradients",
        "Gradients of ReLU networks shatter more slowly than by half in each layer",
        "Cosine of the gradients of two orthogonal inputs by the first layer's pre-activations,"
        f" for one cotangent; ReLU layers of {rows['width'].iloc[0]} units with fan_in Var(W) ="
        f" 2, no biases; mean over 12 pairs. Point: median over the seeds,"
        f" {seeds_in(rows.groupby(['framework', 'depth'])['seed'].nunique())};"
        " bar: their 5 % and 95 % quantiles, and what it has below 0 leaves the logarithmic axis."
        " Dashed: the product of the layers' arc-cosine kernels, at infinite width, straight"
        " between the depths measured. Dotted: 2^-depth. The frameworks' points stand side by side;"
        " each framework draws its own weights.",
        figure,
    )
