"""The page's section on the study gains: the map of the mean square, and paths through layers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.catalogue.activations import resolve
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
from suite.report.common.styles import DASHES, GREY, INK, coloured, framework_styles
from suite.theory import mean_field
from suite.theory.gains import unit_gain

SHOWN = ("sigmoid", "tanh", "selu", "relu", "gelu", "silu")
LOW, HIGH = 0.02, 50.0
"""Where the axis of the trajectories is cut."""
FLAT = 1e-6
"""A slope of the map, in logarithms, that is 0 up to the quadrature's error."""


def parts(tables: Tables) -> list[Part]:
    """Return the map q -> q' with measured steps, and trajectories from several starts."""
    columns = ("layer", "start", "case", "n")
    return [
        part(
            "Gains: the map of the mean square and its fixed points",
            drawn_from(tables, "gains/layers.csv", columns, "gains", maps, trajectories),
        )
    ]


def _unit(layers: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows with the gain of a unit mean square at the largest width, and the activations
    that they show."""
    if "square" not in layers:
        raise NotDrawn("No figure of gains: the run did not measure mean squares.")
    rows = layers[layers["case"] == "unit"]
    rows = rows[rows["width"] == rows["width"].max()]
    names = [name for name in SHOWN if name in set(rows["activation"])]
    if not names:
        raise NotDrawn(f"No figure of gains: the run has none of {', '.join(SHOWN)}.")
    return rows[rows["activation"].isin(names)], names


def maps(layers: pd.DataFrame) -> Drawing:
    """Draw q' / q against q: theory as a line, the measured first steps as points."""
    rows, names = _unit(layers)
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.subplots()
    q = np.exp(np.linspace(np.log(0.2), np.log(5.0), 81))
    styles = framework_styles(rows["framework"])
    for name, colour in coloured(names).items():
        axes.plot(q, _growth(name, q), color=colour, lw=1.5, ls=DASHES, label=name)
        measured = rows[rows["activation"] == name]
        steps = measured.pivot_table("square", ["framework", "start"], "layer", sort=False)
        for framework in steps.index.unique("framework"):
            step = steps.loc[framework]
            axes.plot(step[1], step[2] / step[1], color=colour, **styles[framework].points)
    axes.axhline(1, color=GREY, lw=0.8)
    axes.axvline(1, color=GREY, lw=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    axes.set_yticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
    axes.minorticks_off()
    axes.set_xlabel("mean square q of the pre-activations (no unit)")
    axes.set_ylabel("mean square in the next layer / q (ratio)")
    handles, _ = axes.get_legend_handles_labels()
    handles += [
        Line2D([], [], color=INK, label=f"measured, {framework}", **style.points)
        for framework, style in styles.items()
    ]
    figure.legend(handles=handles, loc="outside right center", frameon=False)
    return Drawing(
        "gain_maps",
        "Change of the mean square in one layer against the mean square",
        "Change of the mean square of the pre-activations in a layer against that mean square,"
        " for the gain that keeps 1; no biases, no training. Dashed: theory at infinite width."
        f" Points: the first two layers, measured from {rows['start'].nunique()} starts in"
        f" {rows['width'].iloc[0]} units, each framework's own draws, median over the seeds,"
        f" {seeds_in(rows['n'])}. A line that falls through 1 attracts to it, one that rises"
        f" repels. By theory: {_directions(names)}.",
        figure,
        ("gelu-fixed-point-unstable", "bounded-fixed-point-attracts", "relu-scale-free"),
        rows=rows,
    )


def _growth(name: str, q: np.ndarray) -> np.ndarray:
    """By theory, the mean square after a layer with the unit gain over the mean square ``q``."""
    phi = resolve(name)
    squares = np.array([mean_field.moments(phi, value).square for value in q])
    return np.asarray(unit_gain(phi) ** 2 * squares / q)


def _directions(names: list[str]) -> str:
    """Which activations' maps fall through 1, rise or stay flat, by theory."""
    groups: dict[str, list[str]] = {"falling": [], "rising": [], "flat": []}
    for name in names:
        below, above = np.log(_growth(name, np.exp(np.array([-0.01, 0.01]))))
        slope = (above - below) / 0.02
        direction = "flat" if abs(slope) < FLAT else "rising" if slope > 0 else "falling"
        groups[direction].append(name)
    return "; ".join(f"{word}: {', '.join(group)}" for word, group in groups.items() if group)


def trajectories(layers: pd.DataFrame) -> Drawing:
    """Draw the mean square by layer from each start, a panel for each activation."""
    rows, names = _unit(layers)
    frameworks = list(rows["framework"].unique())
    figure = Figure(
        figsize=(0.8 + 1.9 * len(names), 0.9 + 1.9 * len(frameworks)), layout="constrained"
    )
    grid = figure.subplots(len(frameworks), len(names), sharex=True, sharey=True, squeeze=False)
    starts = coloured(sorted(rows["start"].unique()))
    for framework, panels in zip(frameworks, grid, strict=True):
        for name, axes in zip(names, panels, strict=True):
            panel = rows[(rows["framework"] == framework) & (rows["activation"] == name)]
            for start, colour in starts.items():
                line = panel[panel["start"] == start].sort_values("layer")
                plain_band(axes, line, "layer", "square", colour)
                axes.plot(line["layer"], line["square_predicted"], **THEORY)
            axes.set_title(f"{framework}, {name}", loc="left", fontsize=8)
    grid[0, 0].set_yscale("log")
    grid[0, 0].set_ylim(LOW, HIGH)
    figure.supxlabel("layer", fontsize=9)
    figure.supylabel("mean square of the pre-activations (no unit)", fontsize=9)
    handles = [
        Line2D([], [], color=colour, label=f"start at {start:g}")
        for start, colour in starts.items()
    ]
    handles.append(Line2D([], [], label="theory", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    return Drawing(
        "gain_trajectories",
        f"Mean square by layer from {', '.join(f'{start:g}' for start in starts)}, with the gain"
        " that keeps 1",
        "Mean square of the pre-activations by layer, for the gain that keeps 1;"
        f" {rows['width'].iloc[0]} units, no biases, the framework's own draws, no training. Line:"
        f" median over the seeds; band: their 5 % and 95 % quantiles; {seeds_in(rows['n'])}."
        f" Dashed: theory at infinite width. The axis is cut at {LOW:g} and {HIGH:g}. From a fixed"
        " point that repels, a network's own fluctuations decide where it goes.",
        figure,
        ("gelu-gain-holds", "bounded-fixed-point-attracts", "relu-scale-free"),
        rows=rows,
    )
