"""The page's section on the study weighting: what weights change, step by step."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables, seeds_in

CASES = ("apart", "overlapping")
LINES = (
    ("positive_share", "positive class counts 50 times"),
    ("positive_share_unweighted", "no weights"),
)


def parts(tables: Tables) -> list[Part]:
    """One figure: what is called positive while training."""
    steps = tables("weighting/steps.csv", "case", "step", "n")
    return [
        Part(
            "Weights for points while a network learns to fit them all",
            [] if steps is None else [partial(fading, steps)],
            "weighting/steps.csv is not there: no figure of weights that fade.",
        )
    ]


def fading(steps: pd.DataFrame) -> Drawing:
    """Share of the square called positive against steps: cases side by side, frameworks below."""
    for metric, _ in LINES:
        if metric not in steps:
            raise NotDrawn(f"No figure of weights that fade: the run did not measure {metric}.")
    cases = [case for case in CASES if case in set(steps["case"])]
    if not cases:
        raise NotDrawn("No figure of weights that fade: the run has none of its cases.")
    frameworks = list(steps["framework"].unique())
    figure = Figure(
        figsize=(1.2 + 2.9 * len(cases), 0.9 + 1.9 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(cases), sharex=True, sharey=True, squeeze=False)
    for framework, panels in zip(frameworks, grid, strict=True):
        for case, axes in zip(cases, panels, strict=True):
            rows = steps[(steps["case"] == case) & (steps["framework"] == framework)]
            rows = rows.sort_values("step")
            for (metric, _), colour in zip(LINES, (COLOURS[1], COLOURS[0]), strict=True):
                axes.plot(rows["step"], rows[metric], color=colour, lw=2, marker="o", ms=3)
                axes.fill_between(
                    rows["step"],
                    rows[f"{metric}_low"],
                    rows[f"{metric}_high"],
                    color=colour,
                    alpha=0.2,
                    lw=0,
                )
            axes.axhline(0.5, color=INK, lw=0.8, ls="--")
            if "positive_share_predicted" in rows:
                axes.plot(rows["step"], rows["positive_share_predicted"], color=INK, lw=1.2, ls=":")
            axes.set_xscale("log")
            axes.set_title(f"{framework}, classes {case}", loc="left")
    figure.supxlabel("steps of gradient descent", fontsize=9)
    figure.supylabel("called positive (share of the square)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=label)
        for (_, label), colour in zip(LINES, (COLOURS[1], COLOURS[0]), strict=True)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.8, ls="--", label="largest margin"))
    handles.append(Line2D([], [], color=INK, lw=1.2, ls=":", label="best rule with the weight"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "weights_fade",
        "In 300 steps weights fade where the network fits all points, and last where it does not",
        "Share of a square around the data that a 2-64-64-1 ReLU network calls positive, trained"
        " on 200 points of two classes by full-batch gradient descent with learning rate 0.1, with"
        " a weight of 50 for the positive class and without, both from the same start (xavier"
        " uniform, shared by the frameworks). Line: median over the seeds; band: their 5 % and"
        f" 95 % quantiles; {seeds_in(steps['n'])}. Dashed: one half, where the boundary of largest"
        " margin lies on average. Dotted: the best rule for the law of the data with the weight."
        " With classes apart these two lie close: so many steps do not tell which is approached.",
        figure,
    )
