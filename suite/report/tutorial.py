"""The page's sections on the study tutorial: its printed numbers among their like, and its
figures of weights and gradients, drawn over all seeds in place of one run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
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
    hidden,
    logarithmic,
    seeds_in,
)
from suite.studies.tutorial.prints import PRINTS, START, WITHIN

ACTIVATIONS = ("sigmoid", "tanh", "relu")
FRAMEWORK = "tensorflow"
"""Whose networks stand for all in the figures by epoch: the tutorial's own."""
BINS = np.linspace(0.4, 1.0, 61)
"""Of accuracy: as wide as a print's reach, to either side a half."""


def parts(tables: Tables) -> list[Part]:
    """The printed accuracies, then weights and gradients by epoch."""
    runs = tables("tutorial/runs.csv", "framework", "seed", "status", "train_accuracy")
    layers = tables("tutorial/layers.csv", "epoch", "layer", "n")
    return [
        Part(
            "The tutorial's printed accuracies among those of its reruns",
            [] if runs is None else [partial(printed, runs)],
            "tutorial/runs.csv is not there: no figure of the printed accuracies.",
        ),
        Part(
            "The tutorial's weights and gradients while training",
            [] if layers is None else [partial(curve, layers) for curve in (weights, gradients)],
            "tutorial/layers.csv is not there: no figures of weights and gradients by epoch.",
        ),
    ]


# --- the printed numbers -----------------------------------------------------------------------


def printed(runs: pd.DataFrame) -> Drawing:
    """A histogram of training accuracy for each of the tutorial's networks, its print marked.

    ``runs`` is tutorial/runs.csv; networks side by side, frameworks below each other.
    """
    needed = {"within_print", "accuracy_over_print"}
    if runs.empty or not needed <= set(runs.columns):
        raise NotDrawn("No figure of the printed accuracies: the run did not measure them.")
    there = runs[(runs["case"] == "independent") & (runs["status"] == "ok")]
    cells = {name: _cell(there, *name) for name in PRINTS}
    if any(rows.empty for rows in cells.values()):
        raise NotDrawn("No figure of the printed accuracies: one of the six networks is missing.")
    frameworks = list(dict.fromkeys(there["framework"]))
    figure = Figure(figsize=(13.2, 0.9 + 2.3 * len(frameworks)), layout="constrained")
    grid = figure.subplots(len(frameworks), len(cells), sharex="col", sharey=True, squeeze=False)
    for framework, panels in zip(frameworks, grid, strict=True):
        for (name, rows), axes in zip(cells.items(), panels, strict=True):
            _histogram(axes, rows[rows["framework"] == framework], name)
        panels[0].set_title(f"{framework}\n{panels[0].get_title(loc='left')}", loc="left")
    figure.supxlabel("share of seeds in a bin of 0.01", fontsize=9)
    figure.supylabel("training accuracy after 100 epochs", fontsize=9)
    counted = pd.concat([rows.groupby("framework")["seed"].nunique() for rows in cells.values()])
    return Drawing(
        "tutorial_prints",
        "One run each: where the printed accuracies lie among reruns",
        "Training accuracy of the tutorial's six networks (hidden layers of 5, 100 epochs, its own"
        " optimizer and initializer), over starts and batch orders on one data set:"
        f" {seeds_in(counted)}. Line: the accuracy that the tutorial prints, with the percentile at"
        f" which it lies (ties count half) and the share of reruns within {WITHIN} of it; dotted:"
        f" what it prints for a second run. {_joint(cells, frameworks)} The tutorial's data are"
        " another draw of the same law, and the accuracy that can be reached differs by some 0.003"
        " from draw to draw: near it a percentile says little.",
        figure,
    )


def _cell(runs: pd.DataFrame, activation: str, depth: int, optimizer: str) -> pd.DataFrame:
    chosen = runs["activation"] == activation
    for axis, value in (("depth", depth), ("optimizer", optimizer)):
        chosen &= runs[axis] == value
    return runs[chosen & (runs["initializer"] == START[optimizer])]


def _histogram(axes: Axes, rows: pd.DataFrame, name: tuple[str, int, str]) -> None:
    """Accuracies from below to above, with the prints across."""
    activation, depth, _ = name
    axes.set_title(f"{activation}, {hidden(depth)}", loc="left")
    if rows.empty:
        return
    print_ = PRINTS[name]
    values = rows["train_accuracy"].to_numpy(dtype=float)
    shares = np.histogram(values, BINS)[0] / len(values)
    axes.barh((BINS[:-1] + BINS[1:]) / 2, shares, height=0.01, color=COLOURS[0], alpha=0.75, lw=0)
    axes.axhline(print_.accuracy, color=COLOURS[1], lw=1.4)
    if np.isfinite(print_.again):
        axes.axhline(print_.again, color=COLOURS[1], lw=1.2, ls=":")
    over = rows["accuracy_over_print"].to_numpy(dtype=float).round(6)
    percentile = 100 * ((over < 0).mean() + (over == 0).mean() / 2)
    within = rows["within_print"].mean()
    words = (
        f"print {print_.accuracy:.3f}:",
        f"{percentile:.0f} % lie below,",
        f"{100 * within:.0f} % within {WITHIN}",
    )
    high = print_.accuracy < 0.7  # the words stand where no network ends
    axes.text(
        0.97,
        0.96 if high else 0.04,
        "\n".join(words),
        transform=axes.transAxes,
        ha="right",
        va="top" if high else "bottom",
        fontsize=8,
        color=INK,
    )
    axes.set_ylim(BINS[0], BINS[-1] + 0.01)


def _joint(cells: dict[tuple[str, int, str], pd.DataFrame], frameworks: list[str]) -> str:
    """How many seeds print all six numbers, and what six independent shares make."""
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
    Row("weight_mean", "mean of a kernel's entries"),
    Row("weight_std", "standard deviation"),
)
GRADIENTS = (
    Row("gradient_mean", "mean (nats)"),
    Row("gradient_mean_abs", "mean absolute value (nats)", True),
    Row("gradient_std", "standard deviation (nats)", True),
)


def weights(layers: pd.DataFrame) -> Drawing:
    """Mean and standard deviation of every kernel after every epoch."""
    return _by_epoch(
        layers,
        WEIGHTS,
        "tutorial_weights",
        "Every kernel of the sigmoid network grows, not the first alone",
        "Mean and standard deviation of each layer's weights after each epoch (the means of single"
        " networks move to either side, their median hardly: see layers_by_run.csv)",
    )


def gradients(layers: pd.DataFrame) -> Drawing:
    """Mean, mean absolute value and standard deviation of every kernel's gradient."""
    return _by_epoch(
        layers,
        GRADIENTS,
        "tutorial_gradients",
        "What the mean of signed gradients hides",
        "Mean, mean absolute value and standard deviation of the training loss's gradient by each"
        " layer's weights, on the first batch of each epoch, before its update (the signed means of"
        " single networks lie on either side of 0, so that their median says nothing of their size:"
        " look at the band)",
    )


def _by_epoch(
    layers: pd.DataFrame, rows: tuple[Row, ...], name: str, title: str, what: str
) -> Drawing:
    """A line per layer over the epochs: quantities below each other, activations side by side."""
    if layers.empty or any(row.metric not in layers for row in rows):
        raise NotDrawn(f"No figure {name}: the run did not measure what it shows.")
    chosen = layers[
        (layers["depth"] == 4)
        & (layers["optimizer"] == "rmsprop")
        & (layers["initializer"] == START["rmsprop"])
        & (layers["case"] == "independent")
    ]
    held = list(chosen["framework"].unique())
    if not held:
        raise NotDrawn(f"No figure {name}: the tutorial's four-layer networks are missing.")
    framework = FRAMEWORK if FRAMEWORK in held else held[0]
    chosen = chosen[chosen["framework"] == framework]
    across = [activation for activation in ACTIVATIONS if activation in set(chosen["activation"])]
    if not across:
        raise NotDrawn(f"No figure {name}: none of {', '.join(ACTIVATIONS)} was run.")
    figure = Figure(figsize=(1.9 + 3.2 * len(across), 0.7 + 2.1 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(across), sharex=True, sharey="row", squeeze=False)
    positions = sorted(chosen["layer"].unique())
    palette = sns.color_palette("viridis", len(positions) + 1)[: len(positions)]
    for row, panels in zip(rows, grid, strict=True):
        for activation, axes in zip(across, panels, strict=True):
            own = chosen[chosen["activation"] == activation]
            for position, colour in zip(positions, palette, strict=True):
                line = own[own["layer"] == position].sort_values("epoch")
                if row.log:
                    band(axes, line, "epoch", row.metric, colour, 0.08, 1.4)
                else:
                    _plain(axes, line, row.metric, colour)
            axes.set_title(activation if row is rows[0] else "", loc="left")
        panels[0].set_ylabel(row.label, fontsize=8)
        if row.log:
            logarithmic(list(panels))
    figure.supxlabel("epoch", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"layer {position:g}")
        for position, colour in zip(positions, palette, strict=True)
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        name,
        title,
        f"{what}, in {framework}. Line: median over the seeds; band: their 5 % and 95 % quantiles;"
        f" {seeds_in(chosen['n'])}; four hidden layers of 5, N(0, 1) weights, RMSprop with learning"
        " rate 0.001, batches of 32. Layer 1 is next to the input, layer 5 is the output layer."
        " Epoch 0 is before training.",
        figure,
    )


def _plain(axes: Axes, line: pd.DataFrame, metric: str, colour: Any) -> None:
    """Median line and quantile band on a linear axis."""
    axes.plot(line["epoch"], line[metric], color=colour, lw=1.4)
    axes.fill_between(
        line["epoch"], line[f"{metric}_low"], line[f"{metric}_high"], color=colour, alpha=0.08, lw=0
    )
