"""The page's section on the study weighting: what weights for points change, step by step."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    drawn_from,
    part,
    plain_band,
    seeds_in,
)
from suite.report.common.styles import COLOURS, INK

CASES = ("apart", "overlapping")
LINES = (
    ("positive_share", "positive class counts 50 times", COLOURS[1]),
    ("positive_share_unweighted", "no weights", COLOURS[0]),
)
"""Metric, label and colour of the lines."""


def parts(tables: Tables) -> list[Part]:
    """Return one figure: what is called positive while training."""
    columns = ("case", "step", "n")
    shows = "weights while training"
    return [
        part(
            "Weights for points while a network learns",
            drawn_from(tables, "weighting/steps.csv", columns, shows, fading),
        )
    ]


def fading(steps: pd.DataFrame) -> Drawing:
    """Draw the share of the square called positive against steps: cases side by side, frameworks
    below each other."""
    for metric, *_ in LINES:
        if metric not in steps:
            raise NotDrawn(f"No figure of weights: the run did not measure {metric}.")
    cases = [case for case in CASES if case in set(steps["case"])]
    if not cases:
        raise NotDrawn("No figure of weights: the run has none of its cases.")
    frameworks = list(steps["framework"].unique())
    figure = Figure(
        figsize=(1.2 + 2.9 * len(cases), 0.9 + 1.9 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(cases), sharex=True, sharey=True, squeeze=False)
    for framework, panels in zip(frameworks, grid, strict=True):
        for case, axes in zip(cases, panels, strict=True):
            rows = steps[(steps["case"] == case) & (steps["framework"] == framework)]
            rows = rows.sort_values("step")
            for metric, _, colour in LINES:
                plain_band(axes, rows, "step", metric, colour)
                axes.plot(rows["step"], rows[metric], "o", color=colour, ms=3)
            axes.axhline(0.5, color=INK, lw=0.8, ls="--")
            if "positive_share_predicted" in rows:
                axes.plot(rows["step"], rows["positive_share_predicted"], color=INK, lw=1.2, ls=":")
            axes.set_xscale("log")
            axes.set_title(f"{framework}, classes {case}", loc="left")
    figure.supxlabel("steps of gradient descent", fontsize=9)
    figure.supylabel("called positive (share of the square)", fontsize=9)
    handles = [Line2D([], [], color=colour, lw=2, label=label) for _, label, colour in LINES]
    handles.append(Line2D([], [], color=INK, lw=0.8, ls="--", label="largest margin"))
    handles.append(Line2D([], [], color=INK, lw=1.2, ls=":", label="best rule with the weight"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "weights_fade",
        "Share of the square called positive by step, with and without weights",
        "Share of a square around the data that a 2-64-64-1 ReLU network calls positive, trained"
        " on 200 points of two classes by full-batch gradient descent with learning rate 0.1, with"
        " a weight of 50 for the positive class and without, both from the same start (xavier"
        " uniform, shared by the frameworks). Line: median over the seeds; band: their 5 % and"
        f" 95 % quantiles; {seeds_in(steps['n'])}. Dashed: one half, where the boundary of largest"
        " margin lies on average. Dotted: the best rule for the law of the data with the weight."
        " Where these two lie close, the figure cannot show which of them is approached.",
        figure,
        (
            "iw-works-early",
            "iw-fades-overparam",
            "iw-lasts-where-classes-overlap",
            "iw-does-not-fit-overlapping",
        ),
        rows=steps,
    )
