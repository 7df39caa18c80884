"""The page's section on the study normalization: one layer at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from suite.report.common.drawing import THEORY, Drawing, NotDrawn, Part, Tables, drawn_from, part
from suite.report.common.numbers import number
from suite.report.common.styles import framework_styles


def parts(tables: Tables) -> list[Part]:
    """Return what epsilon does to small inputs."""
    columns = ("layer_kind", "settings", "scale", "layer_epsilon")
    shows = "normalised deviations"
    return [
        part(
            "Normalization layers: what epsilon does",
            drawn_from(tables, "normalization/runs.csv", columns, shows, deviations),
        )
    ]


def deviations(single: pd.DataFrame) -> Drawing:
    """Draw the standard deviation of a layer's outputs against that of its inputs, at default
    epsilon."""
    rows = single[
        (single["settings"] == "default") & (single["layer_kind"] == "batch_dense")
    ].sort_values("scale")
    if rows.empty or "normalised_std" not in rows:
        raise NotDrawn("No figure of normalised deviations: the run has no default layers.")
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    handles = []
    for name, style in framework_styles(rows["framework"]).items():
        points = rows[rows["framework"] == name]
        epsilon = float(points["layer_epsilon"].iloc[0])
        axes.plot(points["scale"], points["normalised_std"], color=style.colour, **style.points)
        fine = np.geomspace(points["scale"].min(), points["scale"].max(), 200)
        axes.plot(fine, fine / np.sqrt(fine**2 + epsilon), **THEORY)
        label = f"{name}, epsilon {number(epsilon)}"
        handles.append(Line2D([], [], color=style.colour, label=label, **style.points))
    axes.set_xscale("log")
    axes.set_xlabel("standard deviation before (no unit)")
    axes.set_ylabel("standard deviation after (no unit)")
    handles.append(Line2D([], [], label="sqrt(v / (v + epsilon))", **THEORY))
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "normalised_deviation",
        "Standard deviation after batch normalization against that before it, default epsilon",
        "Batch normalization of 64 samples of 10 features at each framework's default epsilon,"
        " training mode, gamma 1, beta 0, double precision: median over the features of the"
        " standard deviation of the outputs. One draw: the horizontal axis is the deviation of"
        " its law, from which that of 64 samples differs by some per cent. Dashed: the formula.",
        figure,
        ("bn-standardises", "bn-standardises-torch", "bn-standardises-formula"),
        rows=rows,
    )
