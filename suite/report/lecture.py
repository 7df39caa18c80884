"""The page's section on the study lecture: histograms per layer, forward and backward."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.report.common.drawing import COLOURS, Drawing, NotDrawn, Part, Tables, seeds_in
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
"""What an activation can be: a bin that reaches beyond it is as wide as what lies inside."""
DENSEST = 4.0
"""Where the vertical axes end."""
_WAYS = {
    "activation_share": ("activations", 0.05, "activation_std"),
    "gradient_share": ("gradient by the pre-activations", 0.1, "gradient_mean_square"),
}


def parts(tables: Tables) -> list[Part]:
    """Histograms of activations and of gradients, a row for each case of the lecture."""
    bins = tables("lecture/histograms.csv", "layer", "bin", "n")
    layers = tables("lecture/layers.csv", "layer", "n")
    absent = "lecture/histograms.csv or lecture/layers.csv is not there: no histograms."
    drawn = (
        []
        if bins is None or layers is None
        else [partial(histograms, bins, layers, metric) for metric in _WAYS]
    )
    return [Part("The lecture's six layers, forward and backward", drawn, absent)]


def histograms(bins: pd.DataFrame, layers: pd.DataFrame, metric: str) -> Drawing:
    """Cases down, layers across; the standard deviation and the recursion's above each panel."""
    what, size, number = _WAYS[metric]
    back = metric == "gradient_share"
    if metric not in bins or number not in layers:
        raise NotDrawn(f"No histograms of the lecture's {what}: the run did not measure them.")
    framework = str(bins["framework"].iloc[0])
    width = WIDTH if (bins["width"] == WIDTH).any() else int(bins["width"].max())
    rows = bins[(bins["framework"] == framework) & (bins["width"] == width)]
    cases = [(activation, at if width == WIDTH else other) for activation, at, other in CASES]
    held = set(zip(rows["activation"], rows["initializer"], strict=True))
    if lacking := [case for case in cases if case not in held]:
        raise NotDrawn(f"No histograms of the lecture's {what}: the run has no {lacking[0]}.")
    depth = int(rows["layer"].max())
    figure = Figure(figsize=(1.6 * depth + 1.2, 1.35 * len(cases) + 0.6), layout="constrained")
    grid = figure.subplots(len(cases), depth, sharex="row", sharey="row", squeeze=False)
    for case, panels, colour in zip(cases, grid, COLOURS, strict=False):
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
    figure.supxlabel("gradient" if back else "activation", fontsize=9)
    return Drawing(
        f"lecture_{'gradients' if back else 'activations'}",
        f"{'Backward' if back else 'Forward'}: {depth} layers of {width:,} units",
        f"Density of the {what} in each layer, on 16 Gaussian inputs"
        + (", for a Gaussian gradient fed into the last activation" if back else "")
        + f"; {framework}'s own draws, no biases, no training; median over the seeds,"
        f" {seeds_in(rows['n'])}."
        f" Above each panel: the measured {'root mean square' if back else 'standard deviation'},"
        f" and in brackets that of theory. All vertical axes end at a density of {DENSEST:g}: what"
        " is taller, such as the exact zeros of ReLU, leaves the panel, and so does what lies"
        " beyond its sides.",
        figure,
    )


def density(
    chosen: pd.DataFrame, metric: str, size: float, held: tuple[float, float]
) -> tuple[Array, Array]:
    """Heights (bins,) and edges (bins + 1,) of a histogram whose values lie within ``held``.

    Bins are centred on multiples of ``size``: half of tanh's outermost holds no value.
    """
    centres, share = (chosen[name].to_numpy(dtype=float) for name in ("bin", metric))
    edges = np.clip((np.append(centres, centres[-1] + 1) - 0.5) * size, *held)
    wide = np.diff(edges)
    return np.divide(share, wide, out=np.zeros_like(share), where=wide > 0), edges


def _pick(table: pd.DataFrame, case: tuple[str, str], layer: int) -> pd.DataFrame:
    named = (table["activation"] == case[0]) & (table["initializer"] == case[1])
    return table[named & (table["layer"] == layer)]


def _spread(
    layers: pd.DataFrame, framework: str, width: int, case: tuple[str, str], layer: int, metric: str
) -> str:
    """The measured number and its theory, both as an amplitude; empty where there is none."""
    rows = layers[(layers["framework"] == framework) & (layers["width"] == width)]
    chosen = _pick(rows, case, layer)
    if chosen.empty or f"{metric}_predicted" not in chosen:
        return ""
    pair = np.array([chosen[metric].iloc[0], chosen[f"{metric}_predicted"].iloc[0]], dtype=float)
    if metric == "gradient_mean_square":
        pair = np.sqrt(pair)
    return f"{pair[0]:.3f} ({pair[1]:.3f})"
