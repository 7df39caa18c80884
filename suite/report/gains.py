"""The page's section on the study gains: the map of the mean square, and who comes back to 1."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import resolve
from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables, seeds_in
from suite.theory import mean_field
from suite.theory.gains import unit_gain

SHOWN = ("sigmoid", "tanh", "selu", "relu", "gelu", "silu")
DASHES = (0, (4, 4))
MARKS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "ms": 9, "mfc": "none"},
    {"marker": "x", "ms": 5},
)
"""Of the frameworks: an open circle around a cross, so that neither covers the other."""
LOW, HIGH = 0.02, 50.0
"""Where the axis of the trajectories is cut."""


def parts(tables: Tables) -> list[Part]:
    """The map q -> q' with measured steps, and trajectories from three starts."""
    layers = tables("gains/layers.csv", "layer", "start", "case", "n")
    return [
        Part(
            "Gains: which fixed points attract",
            [] if layers is None else [partial(maps, layers), partial(trajectories, layers)],
            "gains/layers.csv is not there: no figure of gains.",
        )
    ]


def _unit(layers: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows with the gain of a unit mean square at the largest width, and what they show."""
    if "square" not in layers:
        raise NotDrawn("No figure of gains: the run did not measure mean squares.")
    rows = layers[layers["case"] == "unit"]
    rows = rows[rows["width"] == rows["width"].max()]
    names = [name for name in SHOWN if name in set(rows["activation"])]
    if not names:
        raise NotDrawn(f"No figure of gains: the run has none of {', '.join(SHOWN)}.")
    return rows[rows["activation"].isin(names)], names


def maps(layers: pd.DataFrame) -> Drawing:
    """q' / q against q: theory as a line, the measured first steps as points."""
    rows, names = _unit(layers)
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.subplots()
    q = np.exp(np.linspace(np.log(0.2), np.log(5.0), 81))
    for name, colour in zip(names, COLOURS, strict=False):
        phi = resolve(name)
        after = unit_gain(phi) ** 2 * np.array([mean_field.moments(phi, one).square for one in q])
        axes.plot(q, after / q, color=colour, lw=1.5, ls=DASHES, label=name)
        here = rows[rows["activation"] == name]
        steps = here.pivot_table("square", ["framework", "start"], "layer", sort=False)
        for framework, mark in zip(steps.index.unique("framework"), MARKS, strict=False):
            step = steps.loc[framework]
            axes.plot(step[1], step[2] / step[1], color=colour, lw=0, mew=1.5, **mark)
    axes.axhline(1, color="#999999", lw=0.8)
    axes.axvline(1, color="#999999", lw=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    axes.set_yticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
    axes.minorticks_off()
    axes.set_xlabel("mean square q of the pre-activations")
    axes.set_ylabel("mean square in the next layer / q")
    handles, _ = axes.get_legend_handles_labels()
    frameworks = rows["framework"].unique()
    handles += [
        Line2D([], [], color=INK, lw=0, mew=1.5, label=f"measured, {framework}", **mark)
        for framework, mark in zip(frameworks, MARKS, strict=False)
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        "gain_maps",
        "What falls through 1 attracts, what rises repels",
        "Change of the mean square of the pre-activations in a layer against that mean square,"
        " for the gain that keeps 1; no biases, no training. Dashed: theory at infinite width."
        f" Points: the first two layers, measured from three starts in {rows['width'].iloc[0]}"
        f" units, each framework's own draws, median over the seeds, {seeds_in(rows['n'])}. A line"
        " that falls through 1 pushes back (tanh, SELU), one that rises pushes away (GELU, SiLU),"
        " ReLU does neither.",
        figure,
    )


def trajectories(layers: pd.DataFrame) -> Drawing:
    """Mean square by layer from the three starts, a panel for each activation."""
    rows, names = _unit(layers)
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(0.8 + 1.9 * len(names), 0.9 + 1.9 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(names), sharex=True, sharey=True, squeeze=False)
    starts = sorted(rows["start"].unique())
    for framework, panels in zip(frameworks, grid, strict=True):
        for name, axes in zip(names, panels, strict=True):
            here = rows[(rows["framework"] == framework) & (rows["activation"] == name)]
            for start, colour in zip(starts, COLOURS, strict=False):
                line = here[here["start"] == start].sort_values("layer")
                axes.fill_between(
                    line["layer"],
                    line["square_low"],
                    line["square_high"],
                    color=colour,
                    alpha=0.2,
                    lw=0,
                )
                axes.plot(line["layer"], line["square"], color=colour, lw=2)
                axes.plot(line["layer"], line["square_predicted"], color=INK, lw=0.9, ls=DASHES)
            axes.set_title(f"{framework}, {name}", loc="left", fontsize=8)
    grid[0, 0].set_yscale("log")
    grid[0, 0].set_ylim(LOW, HIGH)
    figure.supxlabel("layer", fontsize=9)
    figure.supylabel("mean square of the pre-activations", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"start at {start:g}")
        for start, colour in zip(starts, COLOURS, strict=False)
    ]
    handles.append(Line2D([], [], color=INK, lw=0.9, ls=DASHES, label="theory"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "gain_trajectories",
        "The same gain rule, from 0.7, 1 and 1.4: some come back, some never do",
        "Mean square of the pre-activations by layer, for the gain that keeps 1;"
        f" {rows['width'].iloc[0]} units, no biases, the framework's own draws, no training. Line:"
        f" median over the seeds; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}."
        f" Dashed: theory at infinite width. The axis is cut at {LOW:g} and {HIGH:g}. At an"
        " unstable fixed point the networks' own fluctuations decide where each one goes.",
        figure,
    )
