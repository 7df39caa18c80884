"""Curves over layers and epochs: median, quantile band and theory.

Every function takes a ``layers.csv`` as a data frame and draws on a new ``Figure``. Where the run
did not measure what a figure needs, it raises ``NotDrawn`` with the sentence that the page shows
instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.initializers import INITIALIZERS
from suite.report.common import captions
from suite.report.common.drawing import (
    FLOOR,
    PINNED,
    ROOF,
    THEORY,
    Drawing,
    NotDrawn,
    band,
    hidden,
    logarithmic,
    others,
    pin,
    positive,
    present,
    seeds_in,
)
from suite.report.common.numbers import number
from suite.report.common.styles import coloured, shades

LAYER_ACTIVATIONS = ("linear", "tanh", "relu", "sigmoid")
LAYER_INITIALIZERS = ("xavier_normal", "he_normal", "normal(0.01)", "default")
LEARNING_ACTIVATIONS = ("sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class Trace:
    """A quantity per layer, with the words for it and for its theory.

    ``predicted``: the column of the theory, and ``theory`` what it is; both empty where there is
    none. ``where`` completes ``label`` in the caption. ``claims``: shown below the figure.
    """

    metric: str
    title: str
    label: str
    where: str
    claims: tuple[str, ...]
    predicted: str = ""
    theory: str = ""


FORWARD = Trace(
    metric="activation_mean_square",
    title="Forward: mean square of the activations by layer",
    label="mean square of the activations",
    where="in each layer",
    claims=(
        "xavier-preserves-linear",
        "xavier-tanh-follows-theory",
        "small-init-collapses-tanh",
        "xavier-relu-halves",
        "he-preserves-relu",
    ),
    predicted="activation_mean_square_predicted",
    theory="the variance map of mean-field theory, with the finite-width drift where it is known",
)
SPREAD = Trace(
    metric="activation_spread",
    title="Forward: variance of the activations over the inputs by layer",
    label="variance over the inputs",
    where="of an activation, averaged over the units of each layer,",
    claims=("torch-default-third",),
)
BACKWARD = Trace(
    metric="gradient_mean_square",
    title="Backward: mean square of the gradient by layer",
    label="mean square of the gradient",
    where="by each layer's pre-activations, for a random Gaussian gradient fed into the last"
    " activation,",
    claims=(
        "xavier-preserves-linear-gradient",
        "small-init-gradient-vanishes-tanh",
        "he-preserves-relu-gradient",
        "sigmoid-gradient-vanishes",
        "bradley-one-third",
    ),
    predicted="gradient_mean_square_predicted",
    theory="the gradient map of mean-field theory, with the finite-width drift where it is known",
)


def layer_traces(
    layers: pd.DataFrame,
    trace: Trace,
    *,
    activations: Sequence[str] = LAYER_ACTIVATIONS,
    initializers: Sequence[str] = LAYER_INITIALIZERS,
    **wanted: str | int,
) -> Drawing:
    """Draw a quantity per layer beside its theory: activations down, frameworks side by side.

    ``layers`` is propagation/layers.csv. The line is the median over the seeds, the band their
    5 and 95 % quantiles, the dashed line the theory.
    """
    shown = ("framework", "activation", "initializer")
    if layers.empty or trace.metric not in layers:
        raise NotDrawn(f"No figure of the {trace.label}: the run did not measure it.")
    rows, pinned = pin(layers, others(layers, "layer", shown), PINNED | wanted)
    down = present(rows["activation"], activations, ACTIVATIONS)
    names = present(rows["initializer"], initializers, INITIALIZERS)
    rows = rows[rows["activation"].isin(down) & rows["initializer"].isin(names)]
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(1.6 + 4.3 * len(frameworks), 0.9 + 2.1 * len(down)), layout="constrained"
    )
    grid = figure.subplots(len(down), len(frameworks), sharex=True, sharey="row", squeeze=False)
    fans = (int(rows["width"].iloc[0]),) * 2
    covered = captions.covered(frameworks, names, fans)
    widths = {name: 4.0 if name in covered else 2.0 for name in names}
    for activation, panels in zip(down, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            chosen = rows[(rows["activation"] == activation) & (rows["framework"] == framework)]
            for name, colour in coloured(names).items():
                line = chosen[chosen["initializer"] == name].sort_values("layer")
                band(axes, line, "layer", trace.metric, colour, 0.2, widths[name])
                if trace.predicted:
                    axes.plot(line["layer"], positive(line, trace.predicted), **THEORY)
            axes.set_title(f"{framework}, {activation}", loc="left")
        logarithmic(panels)
    figure.supxlabel("layer", fontsize=9)
    figure.supylabel(f"{trace.label} (no unit)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=widths[name], label=name)
        for name, colour in coloured(names).items()
    ]
    if trace.predicted:
        handles.append(Line2D([], [], label="theory", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    return Drawing(
        trace.metric,
        trace.title,
        f"{trace.label.capitalize()} {trace.where} at initialisation, no training. Line: median"
        f" over the seeds; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}; {pinned}."
        + (f" Dashed: {trace.theory}." if trace.predicted else "")
        + f" Logarithmic axis, no unit, cut at {number(FLOOR)} and {number(ROOF)};"
        " exact zeros are not drawn." + captions.layer_notes(rows, trace.metric, names),
        figure,
        trace.claims,
        rows=rows,
    )


def forward(layers: pd.DataFrame, **choice: Any) -> Drawing:
    """Draw the mean square of the activations by ``layer_traces``."""
    return layer_traces(layers, FORWARD, **choice)


def spread(layers: pd.DataFrame, **choice: Any) -> Drawing:
    """Draw the variance of the activations over the inputs by ``layer_traces``."""
    return layer_traces(layers, SPREAD, **choice)


def backward(layers: pd.DataFrame, **choice: Any) -> Drawing:
    """Draw the mean square of the gradients by ``layer_traces``."""
    return layer_traces(layers, BACKWARD, **choice)


def side_by_side(
    layers: pd.DataFrame,
    *,
    activations: Sequence[str] = LAYER_ACTIVATIONS,
    **wanted: str | int,
) -> Drawing:
    """Draw mean square, variance over the inputs and gradient by layer, a line per activation.

    ``layers`` is propagation/layers.csv. Shows networks that start with Xavier's rule unless
    ``wanted`` says otherwise. A mean square can stay while the inputs become alike.
    """
    traces = [trace for trace in (FORWARD, SPREAD, BACKWARD) if trace.metric in layers]
    if layers.empty or len(traces) < 3:
        raise NotDrawn("No figure of signal and gradient by activation: a part was not measured.")
    shown = ("framework", "activation")
    start: dict[str, str | int] = {"initializer": "xavier_normal"}
    rows, pinned = pin(layers, others(layers, "layer", shown), PINNED | start | wanted)
    names = present(rows["activation"], activations, ACTIVATIONS)
    rows = rows[rows["activation"].isin(names)]
    frameworks, colours = list(rows["framework"].unique()), coloured(names)
    figure = Figure(figsize=(1.3 + 3.9 * len(frameworks), 6.2), layout="constrained")
    grid = figure.subplots(len(traces), len(frameworks), sharex=True, sharey="row", squeeze=False)
    for trace, panels in zip(traces, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            for name, colour in colours.items():
                chosen = (rows["framework"] == framework) & (rows["activation"] == name)
                band(axes, rows[chosen].sort_values("layer"), "layer", trace.metric, colour, 0.2)
            axes.set_title(f"{framework}: {trace.label}", loc="left")
        logarithmic(panels)
    figure.supxlabel("layer", fontsize=9)
    figure.supylabel("mean square or variance (no unit)", fontsize=9)
    handles = [Line2D([], [], color=colour, label=name) for name, colour in colours.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(names), frameon=False)
    return Drawing(
        "signal_by_activation",
        f"Signal and gradient by layer and activation: {rows['initializer'].iloc[0]}",
        "Above: mean square of the activations in each layer. Middle: variance of an activation"
        " over the inputs, averaged over the units of the layer: what tells two inputs apart."
        " Below: mean square of the gradient by each layer's pre-activations, for a random Gaussian"
        " gradient"
        " fed into the last activation. At initialisation, no training. Line: median over the"
        f" seeds; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}; {pinned}. Logarithmic"
        f" axes, cut at {number(FLOOR)} and {number(ROOF)}; exact zeros are not drawn."
        + _alike(rows),
        figure,
        ("sigmoid-gradient-vanishes", "sigmoid-logits-alike"),
        rows=rows,
    )


def _alike(rows: pd.DataFrame) -> str:
    """Return how mean square and variance over the inputs change from the first layer to the last,
    for the activation whose inputs become most alike."""
    ends = [rows["layer"].min(), rows["layer"].max()]
    medians = rows.groupby(["layer", "activation"])[[FORWARD.metric, SPREAD.metric]].median()
    shares = medians.loc[ends[1]] / medians.loc[ends[0]]
    alike = (shares[SPREAD.metric] / shares[FORWARD.metric]).dropna()
    if alike.empty:
        return ""
    name = alike.idxmin()
    return (
        f" The inputs become most alike with {name}: from layer {ends[0]:g} to layer {ends[1]:g}"
        f" the variance over them is multiplied by {number(shares[SPREAD.metric][name])}, the mean"
        f" square by {number(shares[FORWARD.metric][name])}."
    )


def learning(
    layers: pd.DataFrame,
    *,
    activations: Sequence[str] = LEARNING_ACTIVATIONS,
    **wanted: str | int,
) -> Drawing:
    """Draw the root mean square of the gradient over the epochs, a line per layer.

    ``layers`` is training/layers.csv; activations stand side by side, frameworks below each
    other. Shows 4 hidden layers started with N(0, 1) unless ``wanted`` says otherwise.
    """
    if layers.empty or "gradient_rms" not in layers:
        raise NotDrawn("No figure of gradients while training: the run did not measure them.")
    shown = ("framework", "activation")
    start: dict[str, str | int] = {"depth": 4, "initializer": "normal(1)"}
    rows, pinned = pin(layers, others(layers, "epoch", shown), PINNED | start | wanted)
    across = present(rows["activation"], activations, ACTIVATIONS)
    rows = rows[rows["activation"].isin(across)]
    depth, initializer = rows["depth"].iloc[0], rows["initializer"].iloc[0]
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(1.9 + 3.0 * len(across), 0.9 + 2.1 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(across), sharex=True, sharey=True, squeeze=False)
    colours = shades(sorted(rows["layer"].unique()))
    for framework, panels in zip(frameworks, grid, strict=True):
        for activation, axes in zip(across, panels, strict=True):
            chosen = rows[(rows["activation"] == activation) & (rows["framework"] == framework)]
            for position, colour in colours.items():
                line = chosen[chosen["layer"] == position].sort_values("epoch")
                band(axes, line, "epoch", "gradient_rms", colour, 0.08)
            axes.set_title(f"{framework}, {activation}", loc="left")
    logarithmic(list(grid.flat))
    epochs = sorted(rows["epoch"].unique())
    # Epoch 0 is before training: a logarithmic axis has no place for it, this one has.
    grid[0, 0].set_xscale("symlog", linthresh=1, linscale=0.5)
    grid[0, 0].set_xticks(epochs, [f"{epoch:g}" for epoch in epochs])
    grid[0, 0].set_xlim(0, max(*epochs, 1))
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel("gradient by the layer's weights, root mean square (nats)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"layer {position:g}")
        for position, colour in colours.items()
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        "gradients_while_training",
        f"Gradient of each layer by epoch: {hidden(depth)} of {rows['width'].iloc[0]},"
        f" {initializer}, {captions.optimizer_title(rows['optimizer'].iloc[0])}",
        "Root mean square of the gradient of the training loss by each layer's weights (nats),"
        " on the whole training set. Line: median over the seeds; band: their 5 % and 95 %"
        f" quantiles; {seeds_in(rows['n'])}; {pinned}. Layer 1 is next to the input, layer"
        f" {depth + 1} is the output layer. Epoch 0 is before training; the epoch axis is not"
        f" linear. {captions.protocol(rows)}",
        figure,
        rows=rows,
    )
