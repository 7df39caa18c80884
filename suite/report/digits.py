"""The page's section on the study digits: accuracy by activation and depth, and loss by step."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.metrics.digits import LEARNED
from suite.report.common.captions import of_one_width, optimizer_title
from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    drawn_from,
    hidden,
    part,
    seeds_in,
)
from suite.report.common.styles import GREY, coloured
from suite.studies.digits import HALF, WIDTH, WINDOW

LINES = (
    ("sigmoid", "xavier_normal"),
    ("tanh", "xavier_normal"),
    ("relu", "he_normal"),
    ("relu", "xavier_normal"),
    ("relu", "default"),
)
"""Activation and initializer of the lines."""
OPTIMIZER = "adam"


def parts(tables: Tables) -> list[Part]:
    """Return accuracy by depth, and the running loss of the deepest networks."""
    return [
        part(
            f"Handwritten digits by activation and depth, with {optimizer_title(OPTIMIZER)}",
            drawn_from(
                tables,
                "digits/runs.csv",
                ("framework", "layer_kind", "seed", "heldout_digit_accuracy"),
                "the accuracy on handwritten digits",
                accuracies,
            ),
            drawn_from(
                tables,
                "digits/losses.csv",
                ("layer_kind", "step", "n", "running_loss"),
                "the loss on handwritten digits",
                losing,
            ),
        )
    ]


def _trained(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of dense networks trained by Adam, common settings and native weights."""
    pinned = {
        "layer_kind": "dense",
        "optimizer": OPTIMIZER,
        "settings": "common",
        "weights": "native",
    }
    for axis, value in pinned.items():
        table = table[table[axis] == value]
    return table


def accuracies(runs: pd.DataFrame) -> Drawing:
    """Draw every network's held-out accuracy by depth; ``runs`` is digits/runs.csv."""
    rows = _trained(runs[runs["status"].isin(("ok", "diverged"))])
    rows, width = of_one_width(rows, WIDTH)
    depths = sorted(rows["depth"].unique())
    if not depths:
        raise NotDrawn("No figure of accuracy on digits: the run has no dense networks and Adam.")
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.5 + 3.8 * len(frameworks), 3.6), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for place, depth in enumerate(depths):
            for offset, ((activation, initializer), colour) in enumerate(coloured(LINES).items()):
                chosen = rows[
                    (rows["framework"] == framework)
                    & (rows["depth"] == depth)
                    & (rows["activation"] == activation)
                    & (rows["initializer"] == initializer)
                ]
                x = place + (offset - (len(LINES) - 1) / 2) * 0.15
                values = chosen["heldout_digit_accuracy"].where(chosen["status"] == "ok", 0.0)
                axes.plot([x] * len(values), values, "o", color=colour, ms=3, alpha=0.35, mew=0)
                axes.plot([x], [values.median()], "_", color=colour, ms=11, mew=2.5)
        axes.axhline(LEARNED, color=GREY, lw=0.8)
        axes.set_xticks(range(len(depths)), [f"{depth:g}" for depth in depths])
        axes.grid(visible=False, axis="x")
        axes.set_title(framework, loc="left")
    panels[0].set_ylim(0, 1)
    figure.supxlabel("hidden layers", fontsize=9)
    figure.supylabel("held-out accuracy (share)", fontsize=9)
    figure.legend(handles=_handles(), loc="outside upper center", ncols=5, frameon=False)
    counts = rows.groupby(["framework", "activation", "initializer", "depth"])["seed"].nunique()
    return Drawing(
        "digits_accuracy",
        "Held-out accuracy on handwritten digits by depth, activation and initializer:"
        f" {optimizer_title(OPTIMIZER)}",
        "Share of 517 held-out digits whose class has the largest logit, after 400 steps of Adam"
        f" in batches of 32; hidden layers of {width}. A dot is a network, a dash the median;"
        f" {seeds_in(counts)} a line. Grey: {LEARNED}, from which a network counts as having"
        " learned the digits; guessing gives 0.1. A start without dots was not measured at that"
        " depth.",
        figure,
        (
            "relu-stabler-than-sigmoid",
            "he-vs-xavier-30",
            "xavier-stalls-30",
            "digits-default-init-ok-10-torch",
            "digits-default-init-ok-10-keras",
            "digits-default-init-not-30",
        ),
        rows=rows,
    )


def losing(losses: pd.DataFrame) -> Drawing:
    """Draw the running loss of the deepest networks by step; ``losses`` is digits/losses.csv."""
    rows = _trained(losses)
    if rows.empty:
        raise NotDrawn("No figure of loss on digits: the run has no dense networks and Adam.")
    rows, width = of_one_width(rows, WIDTH)
    depth = rows["depth"].max()
    rows = rows[rows["depth"] == depth]
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(1.5 + 3.8 * len(frameworks), 3.3), layout="constrained")
    panels = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, panels, strict=True):
        for (activation, initializer), colour in coloured(LINES).items():
            line = rows[
                (rows["framework"] == framework)
                & (rows["activation"] == activation)
                & (rows["initializer"] == initializer)
            ].sort_values("step")
            band(axes, line, "step", "running_loss", colour, 0.15, 1.8)
        axes.axhline(HALF, color=GREY, lw=0.8)
        axes.set_title(framework, loc="left")
    panels[0].set_ylim(bottom=0)
    figure.supxlabel("step", fontsize=9)
    figure.supylabel(f"loss, mean of {WINDOW} batches (nats)", fontsize=9)
    figure.legend(handles=_handles(), loc="outside upper center", ncols=5, frameon=False)
    return Drawing(
        "digits_loss",
        f"Loss on handwritten digits by step: {hidden(int(depth))}, {optimizer_title(OPTIMIZER)}",
        f"Categorical cross-entropy, mean of the last {WINDOW} batches, each before its step of"
        f" Adam (nats); {depth:g} hidden layers of {width}. Line: median over the seeds; band:"
        f" their 5 % and 95 % quantiles; {seeds_in(rows['n'])}. Guessing has ln 10 = 2.30. Grey:"
        f" {HALF}.",
        figure,
        ("relu-stabler-than-sigmoid-depth-30", "relu-stabler-than-tanh"),
        rows=rows,
    )


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=colour, lw=2, label=f"{activation}, {initializer}")
        for (activation, initializer), colour in coloured(LINES).items()
    ]
