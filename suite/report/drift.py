"""The page's section on the study drift: how a gap grows, and what closes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.optimizers import OPTIMIZERS, resolve
from suite.report.common import words
from suite.report.common.drawing import (
    COLOURS,
    INK,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    catalogued,
    hidden,
    logarithmic,
    others,
    pin,
    seeds_in,
)
from suite.studies.common.protocol import BATCH
from suite.studies.drift import EXCHANGED, OTHER, OWN, POINTS, ULP
from suite.studies.training import RECORD

CASES = {
    OTHER: "the other framework's formula in float64",
    OWN: "its own formula in float64",
    ULP: "itself, started one unit in the last place away",
}
LEAST = 1e-8
"""A sixth of the spacing of float32 below 1: smaller differences of a loss are luck."""
START: dict[str, str | int] = {"initializer": "xavier_uniform", "depth": 4}
SIGMOID = " Four layers of sigmoid learn nothing from this start: there no gap grows."
_ALIKE = (
    f"the same weights, {POINTS} points and batches of {BATCH} in every run of a seed;"
    f" {RECORD[-1]} epochs of two circles"
)


def parts(tables: Tables) -> list[Part]:
    """Growth of the gaps for each framework, and the outcomes of exchanged epsilons."""
    growth = tables("drift/growth.csv", "epoch", "n", "case", "batch_gap")
    runs = tables("drift/runs.csv", "framework", "optimizer", "activation", "heldout_accuracy")
    names = [] if growth is None else list(growth["framework"].unique())
    return [
        Part(
            "From the same start: how far a framework is from its reference, epoch by epoch",
            [] if growth is None else [partial(gap, growth, name) for name in names],
            "drift/growth.csv is not there: no figure of how the frameworks drift apart.",
        ),
        Part(
            "RMSprop's epsilon exchanged between the frameworks",
            [] if runs is None else [partial(exchange, runs)],
            "drift/runs.csv is not there: no figure of exchanged epsilons.",
        ),
    ]


def gap(growth: pd.DataFrame, framework: str) -> Drawing:
    """Largest difference of a batch's loss in an epoch: activations down, optimizers across.

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
    colours = dict(zip(CASES, (COLOURS[1], COLOURS[0], COLOURS[2]), strict=True))
    for activation, panels in zip(down, grid, strict=True):
        for optimizer, axes in zip(across, panels, strict=True):
            panel = rows[(rows["activation"] == activation) & (rows["optimizer"] == optimizer)]
            for case, colour in colours.items():
                line = panel[panel["case"] == case].sort_values("epoch")
                band(axes, line, "epoch", "batch_gap", colour, 0.2)
            axes.set_xscale("log")
            axes.set_title(f"{activation}, {optimizer}", loc="left")
    logarithmic([axes for panels in grid for axes in panels])
    grid[0, 0].set_ylim(bottom=LEAST)
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel("largest difference in a batch's loss (nats)", fontsize=9)
    handles = [
        Line2D([], [], color=colours[case], lw=2, label=label) for case, label in CASES.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=1, frameon=False)
    return Drawing(
        f"drift_{framework}",
        f"{framework} beside its references, from the same start",
        f"Largest difference between the loss of a batch in {framework} and in the reference, over"
        f" the batches of an epoch; logarithmic axes, cut at {words.number(LEAST)}. Line: median"
        f" over the seeds; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}; {_ALIKE};"
        f" {pinned}. {_settings(across)}. The two formulas are one for SGD: no orange. Orange above"
        " blue is what the formula does. Blue rounds in every step, green once at the start: blue"
        " above green is rounding still (Keras keeps Adam's powers of beta in single precision)."
        + (SIGMOID if "sigmoid" in down else ""),
        figure,
    )


def exchange(runs: pd.DataFrame) -> Drawing:
    """Held-out accuracy of deep GELU networks: each framework with both forms' epsilon.

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
    frameworks = list(chosen["framework"].unique())
    columns = [(f, o) for o in ("rmsprop", *EXCHANGED) for f in frameworks]
    figure = Figure(figsize=(1.6 + 1.25 * len(columns), 3.4), layout="constrained")
    axes = figure.subplots()
    for place, (framework, optimizer) in enumerate(columns):
        at = (chosen["framework"] == framework) & (chosen["optimizer"] == optimizer)
        values = chosen.loc[at, "heldout_accuracy"].sort_values().to_numpy()
        spread = [place + 0.22 * ((7 * k) % 11 / 5 - 1) for k in range(len(values))]
        colour = COLOURS[frameworks.index(framework)]
        axes.scatter(spread, values, s=14, color=colour, alpha=0.7, lw=0)
        if len(values):
            middle = pd.Series(values).median()
            axes.hlines(middle, place - 0.35, place + 0.35, color=INK, lw=1.5)
    axes.set_xticks(range(len(columns)))
    axes.set_xticklabels([f"{f}\nepsilon {words.number(_epsilon(o))}" for f, o in columns])
    axes.set_ylabel("held-out accuracy (share)")
    axes.set_ylim(0.4, 1.02)
    count = chosen.groupby(["framework", "optimizer"])["seed"].nunique()
    return Drawing(
        "drift_exchange",
        "With epsilon squared or its root, RMSprop fares as it does in the other framework",
        f"Held-out accuracy after training, RMSprop with learning rate 0.001 and rho 0.9, GELU,"
        f" {hidden(int(chosen['depth'].iloc[0]))}. Dot: a seed; bar: their median;"
        f" {seeds_in(count)}; {_ALIKE}; {pinned}. Keras divides by sqrt(v + epsilon), torch by"
        f" sqrt(v) + epsilon: 1e-14 is the square of 1e-7, 3.16e-4 its root, so that one"
        " formula becomes nearly the other.",
        figure,
    )


def _epsilon(optimizer: str) -> float:
    return resolve(optimizer).common["epsilon"]


def _settings(names: Sequence[str]) -> str:
    """The hyper-parameters of some optimizers, those of zero left out."""
    given = {
        name: ", ".join(
            f"{parameter.replace('_', ' ')} {words.number(value)}"
            for parameter, value in resolve(name).common.items()
            if value
        )
        for name in names
    }
    return "; ".join(f"{name}: {values}" for name, values in given.items())
