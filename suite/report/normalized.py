"""The page's section on the study normalized: deep networks with normalization, untrained."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from suite.catalogue.normalizations import NORMALIZATIONS as CATALOGUE
from suite.report.common.drawing import (
    COLOURS,
    FLOOR,
    INK,
    ROOF,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    logarithmic,
    positive,
    seeds_in,
)
from suite.report.common.lines import DASHES
from suite.studies.normalized import DEPTH, SAMPLES, SCALED, WIDTH

NORMALIZATIONS = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(CATALOGUE.names)}
"""The colour of each normalization, in the order of the catalogue."""
CHAINS = (
    ("relu", "he_normal", "relu, He"),
    ("relu", "normal(0.01)", "relu, normal(0.01)"),
    ("sigmoid", "xavier_normal", "sigmoid, Xavier"),
)
BLOCKS = (
    ("none", 1.0, "no normalization", COLOURS[0]),
    ("none", SCALED[DEPTH], f"no normalization, branches / sqrt({DEPTH})", COLOURS[5]),
    ("batch", 1.0, "batch", COLOURS[1]),
    ("layer", 1.0, "layer", COLOURS[2]),
)


def parts(tables: Tables) -> list[Part]:
    """Gradients through chains, signals and gradients through residual blocks, beside theory."""
    layers = tables("normalized/layers.csv", "layer", "n", "case", "residual", "scale", "samples")
    return [
        Part(
            "Normalization before training: signals and gradients",
            [] if layers is None else [partial(chains, layers), partial(blocks, layers)],
            "normalized/layers.csv is not there: no figures of normalized networks.",
        )
    ]


def chains(layers: pd.DataFrame) -> Drawing:
    """Gradient by layer of chains with no, batch and layer normalization, beside theory."""
    rows = layers[
        (layers["case"] == "chain")
        & (layers["residual"] == 0)
        & (layers["scale"] == 1)
        & (layers["samples"] == SAMPLES)
        & (layers["depth"] == DEPTH)
        & (layers["width"] == WIDTH)
    ]
    down = [
        (chosen, title)
        for activation, initializer, title in CHAINS
        if len(chosen := _cell(rows, activation, initializer))
    ]
    if not down:
        raise NotDrawn("No figure of gradients with normalization: the run has no such chain.")
    frameworks = list(rows["framework"].unique())
    figure, grid = panels_by_layer(len(down), len(frameworks))
    for (chosen, title), panels in zip(down, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            of = chosen[chosen["framework"] == framework]
            for name, colour in NORMALIZATIONS.items():
                _trace(axes, of[of["normalization"] == name], "output_gradient_square", colour)
            axes.set_title(f"{framework}, {title}", loc="left")
        logarithmic(panels)
    _legend(figure, list(NORMALIZATIONS.items()))
    figure.supylabel("mean square of the gradient", fontsize=9)
    return Drawing(
        "normalized_gradient",
        "Batch norm turns vanishing gradients into growing ones",
        "Mean square of the gradient by each layer's outputs, over inputs and units, for a random"
        f" Gaussian gradient fed into the last of {DEPTH} layers of {WIDTH}; {SAMPLES} Gaussian"
        " inputs, training mode, gamma 1, beta 0, no training; each framework's own draw of the"
        f" kernels. Line: median over the seeds; band: 5 to 95 %; {seeds_in(rows['n'])}. Dashed:"
        " theory for wide layers. Logarithmic axis, no unit, cut at"
        f" {FLOOR:g}. Panels below each other have ranges of their own.",
        figure,
    )


def blocks(layers: pd.DataFrame) -> Drawing:
    """Signal and gradient through residual blocks, beside theory."""
    rows = layers[
        (layers["case"] == "blocks")
        & (layers["samples"] == SAMPLES)
        & (layers["depth"] == DEPTH)
        & (layers["width"] == WIDTH)
    ]
    shown = [
        (rows[(rows["normalization"] == name) & (rows["residual"] == factor)], title, colour)
        for name, factor, title, colour in BLOCKS
    ]
    shown = [(chosen, title, colour) for chosen, title, colour in shown if len(chosen)]
    if not shown:
        raise NotDrawn("No figure of residual blocks: the run has none.")
    frameworks = list(rows["framework"].unique())
    figure, grid = panels_by_layer(2, len(frameworks))
    ways = (("signal_square", "signal"), ("output_gradient_square", "gradient"))
    for (metric, way), panels in zip(ways, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            for chosen, title, colour in shown:
                of = chosen[chosen["framework"] == framework]
                _trace(axes, of, metric, colour, 4 if title == "batch" else 2)
            axes.set_title(f"{framework}, {way}", loc="left")
        logarithmic(panels)
    _legend(figure, [(title, colour) for _, title, colour in shown])
    figure.supylabel("mean square", fontsize=9)
    return Drawing(
        "residual_blocks",
        "Residual blocks: doubling, unless the branch is scaled or normalised",
        "Mean square of the output of each block x + r dense(relu(normalization(x))), He's kernels,"
        f" and of the gradient by it; {DEPTH} blocks of {WIDTH}, {SAMPLES} Gaussian inputs, no"
        " training; each framework's own draw of the kernels. r is 1, or 1/sqrt(24) where the"
        " legend says so. The signals with batch and with layer normalization coincide; the one"
        " beneath is drawn wider. Line: median over the seeds; band: 5 to 95 %;"
        f" {seeds_in(rows['n'])}. Dashed: theory for wide layers. Logarithmic axes, no unit,"
        f" cut at {ROOF:,.0f}.",
        figure,
    )


def _cell(rows: pd.DataFrame, activation: str, initializer: str) -> pd.DataFrame:
    return rows[(rows["activation"] == activation) & (rows["initializer"] == initializer)]


def panels_by_layer(down: int, across: int) -> tuple[Figure, Any]:
    """A figure with panels over the layers, frameworks across; the panels beside each other share
    their y axis."""
    figure = Figure(figsize=(1.6 + 4.3 * across, 1.0 + 2.1 * down), layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey="row", squeeze=False)
    grid[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supxlabel("layer", fontsize=9)
    return figure, grid


def _trace(axes: Axes, rows: pd.DataFrame, metric: str, colour: str, thickness: float = 2) -> None:
    """A quantity by layer, and its theory."""
    line = rows.sort_values("layer")
    band(axes, line, "layer", metric, colour, 0.2, thickness)
    axes.plot(line["layer"], positive(line, f"{metric}_predicted"), color=INK, lw=0.9, ls=DASHES)


def _legend(figure: Figure, names: list[tuple[str, str]]) -> None:
    handles = [Line2D([], [], color=colour, lw=2, label=name) for name, colour in names]
    handles.append(Line2D([], [], color=INK, ls=DASHES, lw=0.9, label="theory"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
