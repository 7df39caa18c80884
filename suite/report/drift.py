"""The page's section on the study drift: how a gap grows, and RMSprop's epsilon exchanged."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.optimizers import OPTIMIZERS, resolve
from suite.report.common.captions import settings_of
from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    catalogued,
    drawn_from,
    hidden,
    logarithmic,
    others,
    part,
    pin,
    seeds_in,
)
from suite.report.common.numbers import number
from suite.report.common.styles import COLOURS, INK, coloured
from suite.studies.common.protocol import BATCH
from suite.studies.drift import EXCHANGED, OTHER, OWN, POINTS, ULP
from suite.studies.training import RECORD

CASES = {
    OTHER: ("the other framework's formula in float64", COLOURS[1]),
    OWN: ("its own formula in float64", COLOURS[0]),
    ULP: ("itself, started one unit in the last place away", COLOURS[2]),
}
"""Case -> the reference in words, and the colour of its line."""
LEAST = 1e-8
"""A sixth of the spacing of float32 below 1: smaller differences of a loss are chance."""
START: dict[str, str | int] = {"initializer": "xavier_uniform", "depth": 4}
_EQUAL = (
    f"the same weights, {POINTS} points and batches of {BATCH} in every run of a seed;"
    f" {RECORD[-1]} epochs of two circles"
)


def parts(tables: Tables) -> list[Part]:
    """Return the growth of the gaps for each framework, and outcomes with exchanged epsilons."""
    return [
        part(
            "Difference between a framework and its references, epoch by epoch",
            drawn_from(
                tables,
                "drift/growth.csv",
                ("framework", "epoch", "n", "case", "batch_gap"),
                "how the frameworks drift apart",
                gap,
                each="framework",
            ),
        ),
        part(
            "RMSprop's epsilon exchanged between the frameworks",
            drawn_from(
                tables,
                "drift/runs.csv",
                ("framework", "optimizer", "activation", "heldout_accuracy"),
                "exchanged epsilons",
                exchange,
            ),
        ),
    ]


def gap(growth: pd.DataFrame, framework: str) -> Drawing:
    """Draw the largest difference of a batch's loss in an epoch: activations down, optimizers
    across.

    ``growth`` is drift/growth.csv. The line is the median over the seeds, the band their 5 and
    95 % quantiles.
    """
    shown = ("framework", "activation", "optimizer", "case")
    rows, pinned = pin(
        growth[growth["framework"] == framework], others(growth, "epoch", shown), START
    )
    rows = rows[rows["case"].isin(CASES)]
    if rows.empty or rows["batch_gap"].isna().all():
        raise NotDrawn(f"No figure of how {framework} drifts: the run did not measure it.")
    down = catalogued(rows["activation"].unique(), ACTIVATIONS)
    across = catalogued(rows["optimizer"].unique(), OPTIMIZERS)
    figure = Figure(figsize=(1.6 + 2.5 * len(across), 1.1 + 1.9 * len(down)), layout="constrained")
    grid = figure.subplots(len(down), len(across), sharex=True, sharey=True, squeeze=False)
    for activation, panels in zip(down, grid, strict=True):
        for optimizer, axes in zip(across, panels, strict=True):
            panel = rows[(rows["activation"] == activation) & (rows["optimizer"] == optimizer)]
            for case, (_, colour) in CASES.items():
                line = panel[panel["case"] == case].sort_values("epoch")
                band(axes, line, "epoch", "batch_gap", colour, 0.2)
            axes.set_xscale("log")
            axes.set_title(f"{activation}, {optimizer}", loc="left")
    logarithmic([axes for panels in grid for axes in panels])
    grid[0, 0].set_ylim(bottom=LEAST)
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel("largest difference in a batch's loss (nats)", fontsize=9)
    handles = [Line2D([], [], color=colour, lw=2, label=label) for label, colour in CASES.values()]
    figure.legend(handles=handles, loc="outside upper center", ncols=1, frameon=False)
    return Drawing(
        f"drift_{framework}",
        f"Difference of a batch's loss between {framework} and its references, by epoch",
        f"Largest difference between the loss of a batch in {framework} and in the reference, over"
        f" the batches of an epoch; logarithmic axes, cut at {number(LEAST)}. Line: median"
        f" over the seeds; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}; {_EQUAL};"
        f" {pinned}. {_settings(across)}. SGD has one formula in all frameworks, and so no orange."
        " Where orange lies above blue, the difference is the formula's. The blue reference rounds"
        " in every step, the green one once at the start: where blue lies above green, it is"
        " rounding all the same. Where a network does not learn from this start, no gap grows.",
        figure,
        (
            "fw-own-form-long",
            "fw-drift-is-rounding",
            "fw-formula-beyond-rounding",
            "fw-adam-formula-beyond-rounding",
        ),
        rows=rows,
    )


def exchange(runs: pd.DataFrame) -> Drawing:
    """Draw the held-out accuracy of deep GELU networks, each framework with each epsilon.

    ``runs`` is drift/runs.csv. A dot is a seed, the bar their median.
    """
    chosen = runs[
        (runs["activation"] == "gelu")
        & (runs["case"] == ULP)
        & (runs["status"] == "ok")
        & runs["optimizer"].isin(("rmsprop", *EXCHANGED))
    ]
    chosen, pinned = pin(chosen, ("depth", "initializer", "width"), {"depth": 16})
    if not set(EXCHANGED) <= set(chosen["optimizer"]):
        raise NotDrawn("No figure of exchanged epsilons: the run did not measure them.")
    colours = coloured(chosen["framework"])
    columns = [(f, o) for o in ("rmsprop", *EXCHANGED) for f in colours]
    figure = Figure(figsize=(1.6 + 1.25 * len(columns), 3.4), layout="constrained")
    axes = figure.subplots()
    for place, (framework, optimizer) in enumerate(columns):
        column = (chosen["framework"] == framework) & (chosen["optimizer"] == optimizer)
        values = chosen.loc[column, "heldout_accuracy"].sort_values().to_numpy()
        spread = [place + 0.22 * ((7 * k) % 11 / 5 - 1) for k in range(len(values))]
        axes.scatter(spread, values, s=14, color=colours[framework], alpha=0.7, lw=0)
        if len(values):
            middle = pd.Series(values).median()
            axes.hlines(middle, place - 0.35, place + 0.35, color=INK, lw=1.5)
    axes.set_xticks(range(len(columns)))
    axes.set_xticklabels([f"{f}\nepsilon {number(_epsilon(o))}" for f, o in columns])
    axes.set_ylabel("held-out accuracy (share)")
    axes.set_ylim(0.4, 1.02)
    count = chosen.groupby(["framework", "optimizer"])["seed"].nunique()
    return Drawing(
        "drift_exchange",
        "Held-out accuracy with RMSprop's epsilon, its square and its root:"
        f" {hidden(int(chosen['depth'].iloc[0]))} of GELU",
        "Held-out accuracy after training, RMSprop with learning rate 0.001 and rho 0.9, GELU,"
        f" {hidden(int(chosen['depth'].iloc[0]))}. Dot: a seed; bar: their median;"
        f" {seeds_in(count)}; {_EQUAL}; {pinned}. 1e-14 is the square of 1e-7, 3.16e-4 its root:"
        " sqrt(v + epsilon) with one of them is nearly sqrt(v) + epsilon with the other.",
        figure,
        (
            "fw-rmsprop-epsilon-exchange",
            "fw-rmsprop-epsilon-exchange-torch",
            "fw-rmsprop-epsilon-exchange-closes",
            "fw-rmsprop-epsilon-exchange-fails-alike",
        ),
        rows=chosen,
    )


def _epsilon(optimizer: str) -> float:
    return resolve(optimizer).common["epsilon"]


def _settings(names: Sequence[str]) -> str:
    """The hyper-parameters of some optimizers, without those that are zero."""
    return "; ".join(f"{name}: {settings_of(resolve(name))}" for name in names)
