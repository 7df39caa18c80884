"""The page's section on the study normalized: deep networks with normalization, untrained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from suite.catalogue.normalizations import NORMALIZATIONS
from suite.report.common.drawing import (
    FLOOR,
    ROOF,
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    catalogued,
    drawn_from,
    logarithmic,
    part,
    positive,
    seeds_in,
)
from suite.report.common.styles import coloured
from suite.studies.normalized import DEPTH, SAMPLES, SCALED, WIDTH

_FACTORS = {1.0: "", SCALED[DEPTH]: f", branches / sqrt({DEPTH})"}
"""Factor of a block's branch -> what the legend says about it."""
CHAINS = (
    ("relu", "he_normal", "relu, He"),
    ("relu", "normal(0.01)", "relu, normal(0.01)"),
    ("sigmoid", "xavier_normal", "sigmoid, Xavier"),
)


def parts(tables: Tables) -> list[Part]:
    """Return gradients through chains, and signals and gradients through residual blocks, beside
    theory."""
    columns = ("layer", "n", "case", "residual", "scale", "samples")
    shows = "normalized networks"
    return [
        part(
            "Normalization before training: signals and gradients",
            drawn_from(tables, "normalized/layers.csv", columns, shows, chains, blocks),
        )
    ]


def normalization_colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each normalization, the same in all figures, in the order of the
    catalogue."""
    present = catalogued(dict.fromkeys(names), NORMALIZATIONS)
    colours = coloured([*NORMALIZATIONS.names, *present])
    return {name: colours[name] for name in present}


def chains(layers: pd.DataFrame) -> Drawing:
    """Draw the gradient by layer of chains with each normalization, beside theory."""
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
    colours = normalization_colours(rows["normalization"])
    figure, grid = panels_by_layer(len(down), len(frameworks))
    for (chosen, title), panels in zip(down, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            lines = chosen[chosen["framework"] == framework]
            for name, colour in colours.items():
                line = lines[lines["normalization"] == name]
                _trace(axes, line, "output_gradient_square", colour)
            axes.set_title(f"{framework}, {title}", loc="left")
        logarithmic(panels)
    _legend(figure, colours)
    figure.supylabel("mean square of the gradient (no unit)", fontsize=9)
    return Drawing(
        "normalized_gradient",
        "Gradient by layer of untrained chains, by normalization",
        "Mean square of the gradient by each layer's outputs, over inputs and units, for a random"
        f" Gaussian gradient fed into the last of {DEPTH} layers of {WIDTH}; {SAMPLES} Gaussian"
        " inputs, training mode, gamma 1, beta 0, no training; each framework's own draw of the"
        f" kernels. Line: median over the seeds; band: 5 to 95 %; {seeds_in(rows['n'])}. Dashed:"
        " theory for wide layers. Logarithmic axis, no unit, cut at"
        f" {FLOOR:g}. Panels below each other have ranges of their own.",
        figure,
        (
            "bn-start-was-sound",
            "bn-fixes-explosion-vanishing",
            "bn-cures-vanishing",
            "bn-cures-sigmoid",
            "ln-mitigates",
        ),
        rows=rows,
    )


def blocks(layers: pd.DataFrame) -> Drawing:
    """Draw signal and gradient through residual blocks, beside theory."""
    rows = layers[
        (layers["case"] == "blocks")
        & (layers["samples"] == SAMPLES)
        & (layers["depth"] == DEPTH)
        & (layers["width"] == WIDTH)
        & layers["residual"].isin(_FACTORS)
    ]
    if rows.empty:
        raise NotDrawn("No figure of residual blocks: the run has none.")
    names = list(normalization_colours(rows["normalization"]))
    measured = set(zip(rows["normalization"], rows["residual"], strict=True))
    shown = {
        (name, factor): f"{'no normalization' if name == 'none' else name}{_FACTORS[factor]}"
        for name in names
        for factor in _FACTORS
        if (name, factor) in measured
    }
    # Branches that are not scaled have the colours of the chains.
    colours = coloured([*((name, 1.0) for name in NORMALIZATIONS.names), *shown])
    # Lines may coincide, and then the one that is drawn later covers the other.
    widths = {line: 4.0 if line[0] == "batch" else 2.0 for line in shown}
    frameworks = list(rows["framework"].unique())
    figure, grid = panels_by_layer(2, len(frameworks))
    ways = (("signal_square", "signal"), ("output_gradient_square", "gradient"))
    for (metric, way), panels in zip(ways, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            lines = rows[rows["framework"] == framework]
            for name, factor in shown:
                line = lines[(lines["normalization"] == name) & (lines["residual"] == factor)]
                _trace(axes, line, metric, colours[name, factor], widths[name, factor])
            axes.set_title(f"{framework}, {way}", loc="left")
        logarithmic(panels)
    _legend(figure, {title: colours[line] for line, title in shown.items()})
    figure.supylabel("mean square (no unit)", fontsize=9)
    return Drawing(
        "residual_blocks",
        "Signal and gradient through untrained residual blocks, by normalization",
        "Mean square of the output of each block x + r dense(relu(normalization(x))), He's kernels,"
        f" and of the gradient by it; {DEPTH} blocks of {WIDTH}, {SAMPLES} Gaussian inputs, no"
        f" training; each framework's own draw of the kernels. r is 1, or 1/sqrt({DEPTH}) where the"
        " legend says so. Batch normalization is drawn wider, since another line may lie on it."
        f" Line: median over the seeds; band: 5 to 95 %; {seeds_in(rows['n'])}. Dashed: theory for"
        f" wide layers. Logarithmic axes, no unit, cut at {ROOF:,.0f}.",
        figure,
        (
            "residual-variance-doubles",
            "residual-scaled-bounded-24",
            "residual-bn-linear",
            "residual-bn-gradient",
        ),
        rows=rows,
    )


def _cell(rows: pd.DataFrame, activation: str, initializer: str) -> pd.DataFrame:
    return rows[(rows["activation"] == activation) & (rows["initializer"] == initializer)]


def panels_by_layer(down: int, across: int) -> tuple[Figure, Any]:
    """Return a figure with panels over the layers, frameworks across; panels beside each other
    share their y axis."""
    figure = Figure(figsize=(1.6 + 4.3 * across, 1.0 + 2.1 * down), layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey="row", squeeze=False)
    grid[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supxlabel("layer", fontsize=9)
    return figure, grid


def _trace(axes: Axes, rows: pd.DataFrame, metric: str, colour: str, thickness: float = 2) -> None:
    """Draw a quantity by layer, and its theory."""
    line = rows.sort_values("layer")
    band(axes, line, "layer", metric, colour, 0.2, thickness)
    axes.plot(line["layer"], positive(line, f"{metric}_predicted"), **THEORY)


def _legend(figure: Figure, colours: Mapping[str, str]) -> None:
    handles = [Line2D([], [], color=colour, lw=2, label=name) for name, colour in colours.items()]
    handles.append(Line2D([], [], label="theory", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
