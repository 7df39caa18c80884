"""The page's section on the study fluctuation: networks that differ, networks born dead."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables, seeds_in

NARROW = 10
"""Up to this width networks are counted as dead or alive; wider ones hardly ever die."""
DASHES = (0, (4, 4))
FORMULA = r"$1-(1-2^{-\mathrm{units}})^{\mathrm{layers}}$"


def parts(tables: Tables) -> list[Part]:
    """The share born dead, and the variance between networks, by layer."""
    layers = tables("fluctuation/layers.csv", "layer", "width", "n")
    return [
        Part(
            "One network is not another: born dead, and spread",
            [] if layers is None else [partial(dead, layers), partial(spread, layers)],
            "fluctuation/layers.csv is not there: no figure of networks born dead.",
        )
    ]


def _deepest(layers: pd.DataFrame, metric: str, narrow: bool) -> pd.DataFrame:
    """The rows of the deepest networks, narrow or wide; their first layers are shorter ones."""
    if metric not in layers:
        raise NotDrawn(f"No figure of {metric}: the run did not measure it.")
    rows = layers[(layers["width"] <= NARROW) == narrow]
    if rows.empty:
        kind = "narrow" if narrow else "wide"
        raise NotDrawn(f"No figure of {metric}: the run has no {kind} networks.")
    deepest: pd.DataFrame = rows[rows["depth"] == rows["depth"].max()]
    return deepest


def _panels(rows: pd.DataFrame) -> tuple[Figure, dict[str, Axes]]:
    frameworks = list(rows["framework"].unique())
    figure = Figure(figsize=(0.9 + 4.0 * len(frameworks), 3.5), layout="constrained")
    grid = figure.subplots(1, len(frameworks), sharex=True, sharey=True, squeeze=False)[0]
    for framework, axes in zip(frameworks, grid, strict=True):
        axes.set_title(str(framework), loc="left")
    return figure, dict(zip(map(str, frameworks), grid, strict=True))


def dead(layers: pd.DataFrame) -> Drawing:
    """Share of dead networks by depth, beside the formula for a single input."""
    rows = _deepest(layers, "dead_share", narrow=True)
    figure, panels = _panels(rows)
    widths = sorted(rows["width"].unique())
    for framework, axes in panels.items():
        for width, colour in zip(widths, COLOURS, strict=False):
            line = rows[(rows["framework"] == framework) & (rows["width"] == width)]
            line = line.sort_values("layer")
            x = line["layer"]
            axes.plot(x, line["dead_share"], color=colour, lw=2)
            axes.fill_between(
                x, line["dead_share_low"], line["dead_share_high"], color=colour, alpha=0.2, lw=0
            )
            axes.plot(x, line["dead_input_share"], color=colour, lw=0, marker=".", ms=4)
            axes.plot(x, line["dead_input_share_predicted"], color=INK, lw=0.9, ls=DASHES)
    figure.supxlabel("layers", fontsize=9)
    figure.supylabel("share dead", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=f"{width} units, dead for all inputs")
        for width, colour in zip(widths, COLOURS, strict=False)
    ]
    handles += [
        Line2D([], [], color="#777777", lw=0, marker=".", label="dead for one input"),
        Line2D([], [], color=INK, lw=0.9, ls=DASHES, label=FORMULA),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "born_dead",
        "Born dead: narrow ReLU networks that answer 0 to each of 32 inputs",
        "Share of He ReLU networks without biases whose activations are exactly 0, against the"
        " number of layers, no training. Line: networks that are dead for all of 32 evenly spaced"
        " directions of a plane of inputs (without biases a network scales with its input, so that"
        " directions are all there is of two features; one between the 32 may still live);"
        f" band: 5 % and 95 % quantiles over the ensembles of 1,000 networks, {seeds_in(rows['n'])}"
        ". Dots: dead for a single input. Dashed: the formula for a single input, an upper bound"
        " for the line.",
        figure,
    )


def spread(layers: pd.DataFrame) -> Drawing:
    """Variance between networks of ln(mean square) by layer, beside the exact theory."""
    metric = "log_square_variance"
    rows = _deepest(layers, metric, narrow=False)
    figure, panels = _panels(rows)
    widths = sorted(rows["width"].unique())
    for framework, axes in panels.items():
        for width, colour in zip(widths, COLOURS, strict=False):
            line = rows[(rows["framework"] == framework) & (rows["width"] == width)]
            line = line.sort_values("layer")
            axes.plot(line["layer"], line[metric], color=colour, lw=2)
            axes.fill_between(
                line["layer"],
                line[f"{metric}_low"],
                line[f"{metric}_high"],
                color=colour,
                alpha=0.2,
                lw=0,
            )
            axes.plot(line["layer"], line[f"{metric}_predicted"], color=INK, lw=0.9, ls=DASHES)
    figure.supxlabel("layers", fontsize=9)
    figure.supylabel("variance of ln(mean square) (nats²)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=f"{width} units")
        for width, colour in zip(widths, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=DASHES, label="theory"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "fluctuation",
        "He networks differ: the spread grows with depth / width",
        "Variance between He ReLU networks of ln(mean square of the activations) for one input,"
        " against the number of layers. Line: median over ensembles of 200 networks or more,"
        f" {seeds_in(rows['n'])}; band: their 5 % and 95 % quantiles. Dashed: the exact variance"
        " of a layer's term for Gaussian kernels times the layers, 5 / width for wide layers and a"
        " third more at 16 units; for Keras' truncated kernels 7 % less there.",
        figure,
    )
