"""The page's section on the study descent: paths on a quadratic, and the loss of a demo."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import (
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    drawn_from,
    part,
    positive,
    seeds_in,
)
from suite.report.common.styles import GREY, coloured
from suite.studies.descent import CONDITION, HEAVY_BALL, NEAR, PLAIN, SAME_RATE

_WORDS = {
    PLAIN: "no momentum, best learning rate",
    HEAVY_BALL: "momentum, both at their best",
    SAME_RATE: "momentum 0.9, same learning rate",
}
_CLIPPINGS = {"norm": "clipped to norm 1", "none": "not clipped"}


def parts(tables: Tables) -> list[Part]:
    """Return the distance from the minimum by step, and the demo's loss by step."""
    columns = ("case", "step", "n")
    shows = "momentum on a quadratic and of the demo's loss"
    return [
        part(
            "Momentum and clipping on tasks whose optimum is known",
            drawn_from(tables, "descent/steps.csv", columns, shows, quadratic, demo),
        )
    ]


def quadratic(steps: pd.DataFrame) -> Drawing:
    """Draw relative distance against steps with the recurrence; ``steps`` is descent/steps.csv."""
    rows = steps[(steps["case"] == "quadratic") & steps["relative_distance"].notna()]
    rows = rows.assign(name=rows["optimizer"].map(_spelt))
    names = [name for name in _WORDS if _spelt(name) in set(rows["name"])]
    if not names:
        raise NotDrawn("No figure of momentum on a quadratic: the run has none of its optimizers.")
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.4 + 3.6 * len(frameworks), 3.3), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for name, colour in coloured(names).items():
            line = rows[(rows["framework"] == framework) & (rows["name"] == _spelt(name))]
            line = line.sort_values("step")
            band(axes, line, "step", "relative_distance", colour, 0.25)
            axes.plot(line["step"], positive(line, "relative_distance_predicted"), **THEORY)
        axes.axhline(NEAR, color=GREY, lw=0.8)
        axes.set_title(framework, loc="left")
    panels[0].set_yscale("log")
    panels[0].set_ylim(1e-8, 3)
    panels[0].set_xscale("symlog", linthresh=10, linscale=0.4)
    panels[0].set_xlim(0, rows["step"].max())
    figure.supxlabel("steps", fontsize=9)
    figure.supylabel("distance from the minimum (ratio)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=_WORDS[name])
        for name, colour in coloured(names).items()
    ]
    handles.append(Line2D([], [], label="recurrence", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=2, frameon=False)
    return Drawing(
        "descent_quadratic",
        "Distance from a quadratic's minimum by step, with and without momentum",
        f"Distance from the minimum of a quadratic whose curvatures span a factor of {CONDITION:g},"
        " over the distance at the start (no unit), by steps of each framework's own SGD. Line:"
        f" median over the starts; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}."
        " Dashed: the recurrence in double precision. Grey: a millionth. The axis of the steps is"
        " linear to 10 and logarithmic beyond; the table keeps 20 steps, between which lines are"
        " straight.",
        figure,
        ("momentum-speeds-up", "momentum-speeds-up-same-rate", "momentum-follows-recurrence"),
        rows=rows,
    )


def demo(steps: pd.DataFrame) -> Drawing:
    """Draw the demo's loss by step beside the least risk; ``steps`` is descent/steps.csv."""
    rows = steps[(steps["case"] == "noise") & steps["batch_loss"].notna()]
    shown = [name for name in _CLIPPINGS if name in set(rows["clipping"])]
    if not shown:
        raise NotDrawn("No figure of the demo on noise: the run did not measure it.")
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.4 + 3.6 * len(frameworks), 2.9), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for name, colour in coloured(shown).items():
            line = rows[(rows["framework"] == framework) & (rows["clipping"] == name)]
            band(axes, line.sort_values("step"), "step", "batch_loss", colour, 0.18, 1.2)
        axes.axhline(1.0, **THEORY)
        axes.set_title(framework, loc="left")
    figure.supxlabel("step", fontsize=9)
    figure.supylabel("squared error of the batch (no unit)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=1.6, label=_CLIPPINGS[name])
        for name, colour in coloured(shown).items()
    ]
    handles.append(Line2D([], [], label="least risk", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "descent_demo",
        "Loss of the article's demo by step, with and without clipping",
        "Mean squared error of each batch before its step (no unit): a network of 10 inputs, 50"
        " ReLU units and 1 output from each framework's default start, gradient descent with"
        " learning rate 0.01 on fresh random inputs and targets. Line: median over the networks;"
        f" band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}. Dashed: the variance of the"
        " targets, which are independent of the inputs, so that no network has a smaller risk.",
        figure,
        ("article-demo-learns", "article-demo-clipping-no-matter", "article-demo-clips"),
        rows=rows,
    )


def _spelt(optimizer: str) -> str:
    """Return the name without blanks: tables may write ``sgd(1, 2)``."""
    return "".join(optimizer.split())
