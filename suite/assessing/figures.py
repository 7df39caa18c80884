"""The figures of a passport, as PNG files in base 64."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from suite.assessing.battery import Subject
from suite.catalogue import activations
from suite.report.common import heatmaps
from suite.report.common.drawing import NotDrawn, style
from suite.report.common.images import png
from suite.report.common.styles import coloured
from suite.results.read_runs import read_runs

REACH = 5.0
"""The curves are drawn from ``-REACH`` to ``REACH``."""


def figures(subject: Subject, folder: Path) -> Mapping[str, str]:
    """Return caption -> figure, for the figures that an item of this kind has."""
    drawn: dict[str, str] = {}
    with style():
        if subject.kind == "activation":
            caption = f"Value and slope of {', '.join(subject.names)}, by definition"
            drawn[caption] = _encoded(_curves(subject))
        if subject.kind in ("activation", "initializer"):
            learned = heatmaps.learned(read_runs(folder, "training"))
            for depth in heatmaps.depths(learned, "learned"):
                try:
                    drawing = heatmaps.heat_map(learned, "learned", depth, optimizer="adam")
                except NotDrawn:
                    continue
                drawn[drawing.title] = _encoded(drawing.figure)
    return drawn


def _encoded(figure: Figure) -> str:
    return base64.b64encode(png(figure)).decode("ascii")


def _curves(subject: Subject) -> Figure:
    x = np.linspace(-REACH, REACH, 801)
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    colours = coloured(subject.names)
    for name in reversed(subject.names):  # the item lies on top
        chosen = activations.resolve(name)
        wide = 2.2 if name == subject.name else 1.0
        for axes, y in zip(panels, (chosen.value(x), chosen.slope(x)), strict=True):
            shown = pd.Series(y).clip(-2 * REACH, 2 * REACH)
            axes.plot(x, shown, color=colours[name], linewidth=wide, label=name)
    for axes, title in zip(panels, ("value", "slope"), strict=True):
        axes.set(title=title, xlabel="x")
    panels[1].legend(*reversed_legend(panels[1].get_legend_handles_labels()), fontsize=8)
    return figure


def reversed_legend(given: tuple[list[object], list[str]]) -> tuple[list[object], list[str]]:
    """Return handles and labels of a legend in reversed order."""
    handles, labels = given
    return handles[::-1], labels[::-1]
