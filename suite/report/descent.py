"""The page's section on the study descent: paths on a quadratic, and a demo that learns nothing."""

from __future__ import annotations

from functools import partial

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
    band,
    positive,
    seeds_in,
)
from suite.studies.descent import CONDITION, HEAVY_BALL, NEAR, PLAIN, SAME_RATE

_WORDS = {
    PLAIN: "no momentum, best learning rate",
    HEAVY_BALL: "momentum, both at their best",
    SAME_RATE: "momentum 0.9, same learning rate",
}
_CLIPPINGS = {"norm": "clipped to norm 1", "none": "not clipped"}


def parts(tables: Tables) -> list[Part]:
    """Distance from the minimum by step, and the demo's loss by step."""
    steps = tables("descent/steps.csv", "case", "step", "n")
    return [
        Part(
            "Momentum and clipping where the answer is known",
            [] if steps is None else [partial(quadratic, steps), partial(demo, steps)],
            "descent/steps.csv is not there: no figure of momentum on a quadratic.",
        )
    ]


def quadratic(steps: pd.DataFrame) -> Drawing:
    """Relative distance against steps with the recurrence; ``steps`` is descent/steps.csv."""
    rows = steps[(steps["case"] == "quadratic") & steps["relative_distance"].notna()]
    names = {_spelt(name): words for name, words in _WORDS.items()}
    rows = rows.assign(name=rows["optimizer"].map(_spelt))
    shown = [name for name in names if name in set(rows["name"])]
    if not shown:
        raise NotDrawn("No figure of momentum on a quadratic: the run has none of its optimizers.")
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.4 + 3.6 * len(frameworks), 3.3), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for name, colour in zip(names, COLOURS, strict=False):
            line = rows[(rows["framework"] == framework) & (rows["name"] == name)]
            line = line.sort_values("step")
            band(axes, line, "step", "relative_distance", colour, 0.25)
            axes.plot(
                line["step"],
                positive(line, "relative_distance_predicted"),
                color=INK,
                lw=0.9,
                ls=(0, (3, 5)),
            )
        axes.axhline(NEAR, color="#999999", lw=0.8)
        axes.set_title(framework, loc="left")
    panels[0].set_yscale("log")
    panels[0].set_ylim(1e-8, 3)
    panels[0].set_xscale("symlog", linthresh=10, linscale=0.4)
    panels[0].set_xlim(0, rows["step"].max())
    figure.supxlabel("steps", fontsize=9)
    figure.supylabel("distance from the minimum / at the start", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=words)
        for (name, words), colour in zip(names.items(), COLOURS, strict=False)
        if name in shown
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=(0, (3, 5)), label="recurrence"))
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False)
    return Drawing(
        "descent_quadratic",
        "Momentum takes a tenth of the steps or fewer",
        f"Distance from the minimum of a quadratic whose curvatures span a factor of {CONDITION:g},"
        " over the distance at the start (no unit), by steps of each framework's own SGD. Line:"
        f" median over the starts; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}."
        " Dashed: the recurrence in double precision. Grey: a millionth. The axis of the steps is"
        " linear to 10 and logarithmic beyond; the table keeps 20 steps, between which lines are"
        " straight.",
        figure,
    )


def demo(steps: pd.DataFrame) -> Drawing:
    """The demo's loss by step beside the least risk; ``steps`` is descent/steps.csv."""
    rows = steps[(steps["case"] == "noise") & steps["batch_loss"].notna()]
    shown = [name for name in _CLIPPINGS if name in set(rows["clipping"])]
    if not shown:
        raise NotDrawn("No figure of the demo on noise: the run did not measure it.")
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.4 + 3.6 * len(frameworks), 2.9), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for name, colour in zip(shown, COLOURS, strict=False):
            line = rows[(rows["framework"] == framework) & (rows["clipping"] == name)]
            band(axes, line.sort_values("step"), "step", "batch_loss", colour, 0.18, 1.2)
        axes.axhline(1.0, color=INK, lw=1, ls=(0, (3, 5)))
        axes.set_title(framework, loc="left")
    figure.supxlabel("step", fontsize=9)
    figure.supylabel("mean squared error of the batch", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=1.6, label=_CLIPPINGS[name])
        for name, colour in zip(shown, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=1, ls=(0, (3, 5)), label="least risk"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "descent_demo",
        "The article's demo has nothing to learn",
        "Mean squared error of each batch before its step (no unit): a network of 10 inputs, 50"
        " ReLU units and 1 output from each framework's default start, gradient descent with"
        " learning rate 0.01 on fresh random inputs and targets. Line: median over the networks;"
        f" band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}. Dashed: the variance of the"
        " targets, below which no network's risk can be.",
        figure,
    )


def _spelt(optimizer: str) -> str:
    """The name without blanks: tables may write ``sgd(1, 2)``."""
    return "".join(optimizer.split())
