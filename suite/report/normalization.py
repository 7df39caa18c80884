"""The page's section on the study normalization: one layer at a time."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common import words
from suite.report.common.drawing import COLOURS, INK, Drawing, NotDrawn, Part, Tables
from suite.report.common.lines import DASHES


def parts(tables: Tables) -> list[Part]:
    """What epsilon does to small inputs."""
    single = tables("normalization/runs.csv", "layer_kind", "settings", "scale", "layer_epsilon")
    return [
        Part(
            "Normalization layers: what epsilon does",
            [] if single is None else [partial(deviations, single)],
            "normalization/runs.csv is not there: no figure of normalised deviations.",
        )
    ]


def deviations(single: pd.DataFrame) -> Drawing:
    """Standard deviation of a layer's outputs against that of its inputs, at default epsilon."""
    rows = single[
        (single["settings"] == "default") & (single["layer_kind"] == "batch_dense")
    ].sort_values("scale")
    if rows.empty or "normalised_std" not in rows:
        raise NotDrawn("No figure of normalised deviations: the run has no default layers.")
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    handles = []
    frameworks = list(rows["framework"].unique())
    for name, colour, marker in zip(frameworks, COLOURS, "os^", strict=False):
        of = rows[rows["framework"] == name]
        epsilon = float(of["layer_epsilon"].iloc[0])
        axes.plot(of["scale"], of["normalised_std"], marker, color=colour, ms=6)
        fine = np.geomspace(of["scale"].min(), of["scale"].max(), 200)
        axes.plot(fine, fine / np.sqrt(fine**2 + epsilon), color=INK, ls=DASHES, lw=0.9)
        label = f"{name}, epsilon {words.number(epsilon)}"
        handles.append(Line2D([], [], color=colour, marker=marker, ls="", label=label))
    axes.set_xscale("log")
    axes.set_xlabel("standard deviation of the inputs")
    axes.set_ylabel("standard deviation of the outputs")
    handles.append(Line2D([], [], color=INK, ls=DASHES, lw=0.9, label="sqrt(v / (v + epsilon))"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "normalised_deviation",
        "Unit variance? Not for small inputs, and sooner at Keras' default epsilon",
        "Batch normalization of 64 samples of 10 features at each framework's default epsilon,"
        " training mode, gamma 1, beta 0, double precision: median over the features of the"
        " standard deviation of the outputs. One draw: the horizontal axis is the deviation of"
        " its law, from which that of 64 samples differs by some per cent. Dashed: the formula.",
        figure,
    )
