"""The page's section on the study lecture: histograms per layer, forward and backward."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    drawn_from,
    part,
    seeds_in,
)
from suite.report.common.styles import coloured
from suite.types import Array

CASES = (
    ("tanh", "normal(0.01)", "normal(0.02)"),
    ("tanh", "normal(0.05)", "normal(0.1)"),
    ("tanh", "xavier_normal", "xavier_normal"),
    ("relu", "xavier_normal", "xavier_normal"),
    ("relu", "he_normal", "he_normal"),
)
"""Activation, and initializer at the lecture's width and at any other."""
WIDTH = 4096
RANGES = {"tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}
"""The values that an activation can take: a bin that reaches beyond them ends there."""
DENSEST = 4.0
"""Where the vertical axes end."""
_WAYS = {
    "activation_share": ("activations", 0.05, "activation_std"),
    "gradient_share": ("gradient by the pre-activations", 0.1, "gradient_mean_square"),
}
"""Metric of the histogram -> what it is of, the width of a bin, and the metric of the spread."""


def parts(tables: Tables) -> list[Part]:
    """Return histograms of activations and of gradients for each framework."""
    layers = tables("lecture/layers.csv", "layer", "n")
    spreads = pd.DataFrame() if layers is None else layers
    return [
        part(
            "The lecture's six layers, forward and backward",
            drawn_from(
                tables,
                "lecture/histograms.csv",
                ("framework", "layer", "bin", "n"),
                "histograms by layer",
                *(partial(histograms, layers=spreads, metric=metric) for metric in _WAYS),
                each="framework",
            ),
        )
    ]


def histograms(bins: pd.DataFrame, framework: str, layers: pd.DataFrame, metric: str) -> Drawing:
    """Draw a framework's histograms: cases down, layers across; above each panel the standard
    deviation, measured and by the recursion."""
    quantity, size, number = _WAYS[metric]
    back = metric == "gradient_share"
    if metric not in bins:
        raise NotDrawn(f"No histograms of the lecture's {quantity}: the run did not measure them.")
    rows = bins[bins["framework"] == framework]
    width = WIDTH if (rows["width"] == WIDTH).any() else int(rows["width"].max())
    rows = rows[rows["width"] == width]
    cases = [
        (activation, at_width if width == WIDTH else other) for activation, at_width, other in CASES
    ]
    measured = set(zip(rows["activation"], rows["initializer"], strict=True))
    if lacking := [case for case in cases if case not in measured]:
        raise NotDrawn(f"No histograms of the lecture's {quantity}: the run has no {lacking[0]}.")
    depth = int(rows["layer"].max())
    figure = Figure(figsize=(1.6 * depth + 1.2, 1.35 * len(cases) + 0.6), layout="constrained")
    grid = figure.subplots(len(cases), depth, sharex="row", sharey="row", squeeze=False)
    for case, panels, colour in zip(cases, grid, coloured(cases).values(), strict=True):
        for layer, axes in enumerate(panels, start=1):
            chosen = _pick(rows, case, layer).sort_values("bin")
            height, edges = density(
                chosen, metric, size, (-np.inf, np.inf) if back else RANGES[case[0]]
            )
            axes.stairs(height, edges, fill=True, color=colour, lw=0)
            axes.set_yticks([])
            place = f"layer {layer}\n" if case == cases[0] else ""
            axes.set_title(
                place + _spread(layers, framework, width, case, layer, number), fontsize=7.5
            )
        # Up to the bins that hold what lies beyond.
        reach = 1.05 if case[0] == "tanh" and not back else 1.95
        panels[0].set_xlim(-reach if case[0] == "tanh" or back else -0.1, reach)
        # The tallest bars (all units in one bin) would flatten the rest.
        panels[0].set_ylim(0, DENSEST)
        panels[0].set_ylabel(f"{case[0]}\n{case[1]}", fontsize=8)
    figure.supxlabel("gradient (no unit)" if back else "activation (no unit)", fontsize=9)
    return Drawing(
        f"lecture_{'gradients' if back else 'activations'}_{framework}",
        f"{'Backward' if back else 'Forward'}: histograms of the {quantity},"
        f" {depth} layers of {width:,} units in {framework}",
        f"Density of the {quantity} in each layer, on 16 Gaussian inputs"
        + (", for a Gaussian gradient fed into the last activation" if back else "")
        + f"; {framework}'s own draws, no biases, no training; median over the seeds,"
        f" {seeds_in(rows['n'])}."
        f" Above each panel: the measured {'root mean square' if back else 'standard deviation'},"
        f" and in brackets that of theory. All vertical axes end at a density of {DENSEST:g}: what"
        " is taller, such as the exact zeros of ReLU, leaves the panel, and so does what lies"
        " beyond its sides.",
        figure,
        ("lecture-small-init-gradient", "lecture-small-init-kernel-gradients")
        if back
        else ("lecture-recursion-4096", "lecture-recursion-relu-4096"),
        rows=rows,
    )


def density(
    chosen: pd.DataFrame, metric: str, size: float, limits: tuple[float, float]
) -> tuple[Array, Array]:
    """Return heights (bins,) and edges (bins + 1,) of a histogram of values within ``limits``.

    Bins are centred on multiples of ``size``: half of tanh's outermost bin is beyond its limits.
    """
    centres, share = (chosen[name].to_numpy(dtype=float) for name in ("bin", metric))
    edges = np.clip((np.append(centres, centres[-1] + 1) - 0.5) * size, *limits)
    wide = np.diff(edges)
    return np.divide(share, wide, out=np.zeros_like(share), where=wide > 0), edges


def _pick(table: pd.DataFrame, case: tuple[str, str], layer: int) -> pd.DataFrame:
    named = (table["activation"] == case[0]) & (table["initializer"] == case[1])
    return table[named & (table["layer"] == layer)]


def _spread(
    layers: pd.DataFrame, framework: str, width: int, case: tuple[str, str], layer: int, metric: str
) -> str:
    """The measured number and its theory, both as an amplitude; empty where there is none."""
    if not {"framework", "width", metric} <= set(layers):
        return ""
    rows = layers[(layers["framework"] == framework) & (layers["width"] == width)]
    chosen = _pick(rows, case, layer)
    if chosen.empty or f"{metric}_predicted" not in chosen:
        return ""
    pair = np.array([chosen[metric].iloc[0], chosen[f"{metric}_predicted"].iloc[0]], dtype=float)
    if metric == "gradient_mean_square":
        pair = np.sqrt(pair)
    return f"{pair[0]:.3f} ({pair[1]:.3f})"
