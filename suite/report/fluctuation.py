"""The page's section on the study fluctuation: networks born dead, variance between networks."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import (
    THEORY,
    Drawing,
    NotDrawn,
    Part,
    Tables,
    drawn_from,
    part,
    plain_band,
    seeds_in,
)
from suite.report.common.numbers import number
from suite.report.common.styles import coloured

NARROW = 10
"""Up to this width networks are counted as dead or alive; wider ones hardly ever die."""
FORMULA = r"$1-(1-2^{-\mathrm{units}})^{\mathrm{layers}}$"


def parts(tables: Tables) -> list[Part]:
    """Return the share born dead, and the variance between networks, by layer."""
    columns = ("layer", "width", "n")
    shows = "networks born dead and of the variance between networks"
    return [
        part(
            "How networks of one kind differ: born dead, and variance between them",
            drawn_from(tables, "fluctuation/layers.csv", columns, shows, dead, spread),
        )
    ]


def _deepest(layers: pd.DataFrame, metric: str, narrow: bool) -> pd.DataFrame:
    """Return the rows of the deepest networks, narrow or wide; their first layers are those of
    networks with fewer layers."""
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
    """Draw the share of dead networks by depth, beside the formula for a single input."""
    rows = _deepest(layers, "dead_share", narrow=True)
    figure, panels = _panels(rows)
    widths = coloured(sorted(rows["width"].unique()))
    for framework, axes in panels.items():
        for width, colour in widths.items():
            line = rows[(rows["framework"] == framework) & (rows["width"] == width)]
            line = line.sort_values("layer")
            plain_band(axes, line, "layer", "dead_share", colour)
            axes.plot(line["layer"], line["dead_input_share"], color=colour, lw=0, marker=".", ms=4)
            axes.plot(line["layer"], line["dead_input_share_predicted"], **THEORY)
    figure.supxlabel("layers", fontsize=9)
    figure.supylabel("share of dead networks", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=f"{width} units, dead for all inputs")
        for width, colour in widths.items()
    ]
    handles += [
        Line2D([], [], color="#777777", lw=0, marker=".", label="dead for one input"),
        Line2D([], [], label=FORMULA, **THEORY),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "born_dead",
        "Share of narrow ReLU networks born dead, by number of layers",
        "Share of He ReLU networks without biases whose activations are exactly 0, against the"
        " number of layers, no training. Line: networks that are dead for all of 32 evenly spaced"
        " directions of a plane of inputs (without biases the output scales with the input, so that"
        " of two features only the direction counts; an input between two of the 32 may still get"
        " through); band: 5 % and 95 % quantiles over the ensembles of 1,000 networks,"
        f" {seeds_in(rows['n'])}. Dots: dead for a single input. Dashed: the formula for a single"
        " input, an upper bound for the line.",
        figure,
        ("born-dead-formula", "born-dead", "born-dead-falls-with-width"),
        rows=rows,
    )


def spread(layers: pd.DataFrame) -> Drawing:
    """Draw the variance between networks of ln(mean square) by layer, beside the exact theory."""
    metric = "log_square_variance"
    rows = _deepest(layers, metric, narrow=False)
    figure, panels = _panels(rows)
    widths = coloured(sorted(rows["width"].unique()))
    for framework, axes in panels.items():
        for width, colour in widths.items():
            line = rows[(rows["framework"] == framework) & (rows["width"] == width)]
            line = line.sort_values("layer")
            plain_band(axes, line, "layer", metric, colour)
            axes.plot(line["layer"], line[f"{metric}_predicted"], **THEORY)
    figure.supxlabel("layers", fontsize=9)
    figure.supylabel("variance of ln(mean square) (nats²)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=2, label=f"{width} units")
        for width, colour in widths.items()
    ]
    handles.append(Line2D([], [], label="theory", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "fluctuation",
        "Variance between He networks of ln(mean square), by number of layers",
        "Variance between He ReLU networks of ln(mean square of the activations) for one input,"
        " against the number of layers. Line: median over ensembles of 200 networks or more,"
        f" {seeds_in(rows['n'])}; band: their 5 % and 95 % quantiles. Dashed: the exact variance"
        " of a layer's term for the law of the kernels, times the layers; in units of 5 layers /"
        f" width, its value for wide layers, it is {_exact(rows, metric)}.",
        figure,
        ("hanin-fluctuation", "hanin-fluctuation-grows-with-depth", "he-fluctuation-negligible"),
        rows=rows,
    )


def _exact(rows: pd.DataFrame, metric: str) -> str:
    """The theory of the narrowest networks in units of 5 layers / width, for each framework."""
    width = rows["width"].min()
    narrow = rows[rows["width"] == width]
    units = narrow[f"{metric}_predicted"] * width / (5 * narrow["layer"])
    values = units.groupby(narrow["framework"], sort=False).median()
    listed = ", ".join(f"{number(value)} in {name}" for name, value in values.items())
    return f"{listed} at {width} units"
