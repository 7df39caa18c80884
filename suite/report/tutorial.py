"""The page's sections on the study tutorial: its printed accuracies against our reruns, and its
figures of weights and gradients, drawn over all seeds in place of one run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    drawn_from,
    hidden,
    logarithmic,
    part,
    plain_band,
    seeds_in,
)
from suite.report.common.styles import COLOURS, INK, shades
from suite.studies.tutorial.prints import PRINTS, START, WITHIN

ACTIVATIONS = ("sigmoid", "tanh", "relu")
BINS = np.linspace(0.4, 1.0, 61)
"""Edges of the bins of accuracy, each as wide as a rerun may be off the print to one side."""


def parts(tables: Tables) -> list[Part]:
    """Return the printed accuracies, then weights and gradients by epoch for each framework."""
    return [
        part(
            "The tutorial's printed accuracies among those of its reruns",
            drawn_from(
                tables,
                "tutorial/runs.csv",
                ("framework", "seed", "status", "train_accuracy"),
                "the printed accuracies",
                printed,
            ),
        ),
        part(
            "The tutorial's weights and gradients while training",
            drawn_from(
                tables,
                "tutorial/layers.csv",
                ("framework", "epoch", "layer", "n"),
                "weights and gradients by epoch",
                weights,
                gradients,
                each="framework",
            ),
        ),
    ]


# --- the printed numbers -----------------------------------------------------------------------


def printed(runs: pd.DataFrame) -> Drawing:
    """Draw a histogram of training accuracy for each of the tutorial's networks, its print marked.

    ``runs`` is tutorial/runs.csv; networks side by side, frameworks below each other.
    """
    needed = {"within_print", "accuracy_over_print"}
    if runs.empty or not needed <= set(runs.columns):
        raise NotDrawn("No figure of the printed accuracies: the run did not measure them.")
    ended = runs[(runs["case"] == "independent") & (runs["status"] == "ok")]
    cells = {name: _cell(ended, *name) for name in PRINTS}
    if any(rows.empty for rows in cells.values()):
        raise NotDrawn("No figure of the printed accuracies: one of the six networks is missing.")
    frameworks = list(ended["framework"].unique())
    figure = Figure(figsize=(13.2, 0.9 + 2.3 * len(frameworks)), layout="constrained")
    grid = figure.subplots(len(frameworks), len(cells), sharex="col", sharey=True, squeeze=False)
    for framework, panels in zip(frameworks, grid, strict=True):
        for (name, rows), axes in zip(cells.items(), panels, strict=True):
            _histogram(axes, rows[rows["framework"] == framework], name)
        panels[0].set_title(f"{framework}\n{panels[0].get_title(loc='left')}", loc="left")
    figure.supxlabel("share of seeds in a bin of 0.01", fontsize=9)
    figure.supylabel("training accuracy after 100 epochs (share)", fontsize=9)
    counted = pd.concat([rows.groupby("framework")["seed"].nunique() for rows in cells.values()])
    return Drawing(
        "tutorial_prints",
        "Training accuracy of the tutorial's networks over reruns, and the printed accuracies",
        "Training accuracy of the tutorial's six networks (hidden layers of 5, 100 epochs, its own"
        " optimizer and initializer), over starts and batch orders on one data set:"
        f" {seeds_in(counted)}. Line: the accuracy that the tutorial prints, with the percentile at"
        f" which it lies (ties count half) and the share of reruns within {WITHIN} of it; dotted:"
        f" what it prints for a second run. {_joint(cells, frameworks)} The tutorial's data are"
        " another draw of the same law, and so is the accuracy that can be reached on them: near it"
        " a percentile says little.",
        figure,
        ("tutorial-jointly-reproduces", "tutorial-prints-typical", "tutorial-ordering"),
        rows=pd.concat(cells.values()),
    )


def _cell(runs: pd.DataFrame, activation: str, depth: int, optimizer: str) -> pd.DataFrame:
    chosen = runs["activation"] == activation
    for axis, value in (("depth", depth), ("optimizer", optimizer)):
        chosen &= runs[axis] == value
    return runs[chosen & (runs["initializer"] == START[optimizer])]


def _histogram(axes: Axes, rows: pd.DataFrame, name: tuple[str, int, str]) -> None:
    """Draw the accuracies upwards, with the prints across."""
    activation, depth, _ = name
    axes.set_title(f"{activation}, {hidden(depth)}", loc="left")
    if rows.empty:
        return
    given = PRINTS[name]
    values = rows["train_accuracy"].to_numpy(dtype=float)
    shares = np.histogram(values, BINS)[0] / len(values)
    axes.barh((BINS[:-1] + BINS[1:]) / 2, shares, height=0.01, color=COLOURS[0], alpha=0.75, lw=0)
    axes.axhline(given.accuracy, color=COLOURS[1], lw=1.4)
    if np.isfinite(given.again):
        axes.axhline(given.again, color=COLOURS[1], lw=1.2, ls=":")
    over = rows["accuracy_over_print"].to_numpy(dtype=float).round(6)
    percentile = 100 * ((over < 0).mean() + (over == 0).mean() / 2)
    within = rows["within_print"].mean()
    lines = (
        f"print {given.accuracy:.3f}:",
        f"{percentile:.0f} % lie below,",
        f"{100 * within:.0f} % within {WITHIN}",
    )
    high = given.accuracy < 0.7  # the text stands where no network ends
    axes.text(
        0.97,
        0.96 if high else 0.04,
        "\n".join(lines),
        transform=axes.transAxes,
        ha="right",
        va="top" if high else "bottom",
        fontsize=8,
        color=INK,
    )
    axes.set_ylim(BINS[0], BINS[-1] + 0.01)


def _joint(cells: dict[tuple[str, int, str], pd.DataFrame], frameworks: list[str]) -> str:
    """A sentence on how many seeds print all six numbers, beside the product of the six shares."""
    sentences = []
    for framework in frameworks:
        within = pd.concat(
            [
                rows[rows["framework"] == framework].set_index("seed")["within_print"]
                for rows in cells.values()
            ],
            axis=1,
            join="inner",
        )
        if not within.empty:
            shares = float(np.prod(within.mean().to_numpy(dtype=float)))
            sentences.append(
                f"{int(within.min(axis=1).sum())} of {len(within)} seeds in {framework}"
                f" (product of the shares: {shares:.1g})"
            )
    return f"All six numbers within {WITHIN}: {', '.join(sentences)}."


# --- by epoch ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A row of panels: the metric, its label, and whether its axis is logarithmic."""

    metric: str
    label: str
    log: bool = False


WEIGHTS = (
    Row("weight_mean", "mean of a kernel's entries (no unit)"),
    Row("weight_std", "standard deviation (no unit)"),
)
GRADIENTS = (
    Row("gradient_mean", "mean (nats)"),
    Row("gradient_mean_abs", "mean absolute value (nats)", True),
    Row("gradient_std", "standard deviation (nats)", True),
)


def weights(layers: pd.DataFrame, framework: str) -> Drawing:
    """Draw mean and standard deviation of every kernel after every epoch."""
    return _by_epoch(
        layers,
        framework,
        WEIGHTS,
        "tutorial_weights",
        "Mean and standard deviation of each kernel by epoch",
        "Mean and standard deviation of each layer's weights after each epoch (where single means"
        " move to either side, their median stays; layers_by_run.csv has every network)",
        (
            "first-layer-moves-only",
            "first-layer-moves-most",
            "weight-mean-settles",
            "sigmoid-failure-is-vanishing-gradient",
        ),
    )


def gradients(layers: pd.DataFrame, framework: str) -> Drawing:
    """Draw mean, mean absolute value and standard deviation of every kernel's gradient."""
    return _by_epoch(
        layers,
        framework,
        GRADIENTS,
        "tutorial_gradients",
        "Mean, mean absolute value and standard deviation of each kernel's gradient by epoch",
        "Mean, mean absolute value and standard deviation of the training loss's gradient by each"
        " layer's weights, on the first batch of each epoch, before its update (where single means"
        " have either sign, their median is near 0 whatever their size: the band shows it)",
        (
            "sigmoid-grad-std-range",
            "tanh-grad-std-range",
            "signed-mean-gradient",
            "signed-mean-gradient-last",
            "sigmoid-first-gradient-grows",
        ),
    )


def _by_epoch(
    layers: pd.DataFrame,
    framework: str,
    rows: tuple[Row, ...],
    name: str,
    title: str,
    quantity: str,
    claims: tuple[str, ...],
) -> Drawing:
    """Draw a line per layer over the epochs: quantities below each other, activations side by
    side."""
    if layers.empty or any(row.metric not in layers for row in rows):
        raise NotDrawn(f"No figure {name}: the run did not measure what it shows.")
    chosen = layers[
        (layers["depth"] == 4)
        & (layers["optimizer"] == "rmsprop")
        & (layers["initializer"] == START["rmsprop"])
        & (layers["case"] == "independent")
        & (layers["framework"] == framework)
    ]
    if chosen.empty:
        raise NotDrawn(
            f"No figure {name}: the tutorial's four-layer networks are missing in {framework}."
        )
    across = [activation for activation in ACTIVATIONS if activation in set(chosen["activation"])]
    if not across:
        raise NotDrawn(f"No figure {name}: none of {', '.join(ACTIVATIONS)} was run.")
    figure = Figure(figsize=(1.9 + 3.2 * len(across), 0.7 + 2.1 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(across), sharex=True, sharey="row", squeeze=False)
    colours = shades(sorted(chosen["layer"].unique()))
    for row, panels in zip(rows, grid, strict=True):
        for activation, axes in zip(across, panels, strict=True):
            panel = chosen[chosen["activation"] == activation]
            for position, colour in colours.items():
                line = panel[panel["layer"] == position].sort_values("epoch")
                if row.log:
                    band(axes, line, "epoch", row.metric, colour, 0.08, 1.4)
                else:
                    plain_band(axes, line, "epoch", row.metric, colour, 0.08, 1.4)
            axes.set_title(activation if row is rows[0] else "", loc="left")
        panels[0].set_ylabel(row.label, fontsize=8)
        if row.log:
            logarithmic(list(panels))
    figure.supxlabel("epoch", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"layer {position:g}")
        for position, colour in colours.items()
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        f"{name}_{framework}",
        f"{title}, in {framework}",
        f"{quantity}, in {framework}. Line: median over the seeds; band: their 5 % and 95 %"
        f" quantiles; {seeds_in(chosen['n'])}; four hidden layers of 5, N(0, 1) weights, RMSprop"
        " with learning rate 0.001, batches of 32. Layer 1 is next to the input, layer 5 is the"
        " output layer. Epoch 0 is before training.",
        figure,
        claims,
        rows=chosen[chosen["activation"].isin(across)],
    )
