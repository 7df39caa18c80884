"""The page's section on the study internal_shift: how far gradients move in a step."""

from __future__ import annotations

import pandas as pd
from matplotlib.lines import Line2D

from suite.catalogue import optimizers
from suite.report.common.drawing import (
    Drawing,
    NotDrawn,
    Part,
    Tables,
    band,
    drawn_from,
    logarithmic,
    part,
    seeds_in,
)
from suite.report.common.numbers import number
from suite.report.normalized import normalization_colours, panels_by_layer
from suite.studies.internal_shift import POINTS, STEPS

EXPERIMENTS = (("relu", "sgd"), ("relu", "sgd(0.01)"), ("tanh", "sgd"))
"""Activation and optimizer of the panels, from top to bottom."""


def parts(tables: Tables) -> list[Part]:
    """Return the change of a gradient by the step of the layers below, layer by layer."""
    columns = ("layer", "n", "normalization", "optimizer")
    shows = "internal covariate shift"
    return [
        part(
            "Internal covariate shift, with and without normalization",
            drawn_from(tables, "internal_shift/layers.csv", columns, shows, moved),
        )
    ]


def moved(layers: pd.DataFrame) -> Drawing:
    """Draw how far the gradient of each hidden layer moves when the layers below it learn."""
    down = [
        (chosen, f"{activation}, learning rate {_rate(optimizer)}")
        for activation, optimizer in EXPERIMENTS
        if len(
            chosen := layers[
                (layers["activation"] == activation) & (layers["optimizer"] == optimizer)
            ]
        )
    ]
    if not down or "shift_distance" not in layers:
        raise NotDrawn("No figure of internal covariate shift: the run has no such networks.")
    frameworks = list(layers["framework"].unique())
    colours = normalization_colours(layers["normalization"])
    figure, grid = panels_by_layer(len(down), len(frameworks))
    for (chosen, title), panels in zip(down, grid, strict=True):
        for framework, axes in zip(frameworks, panels, strict=True):
            for name, colour in colours.items():
                line = chosen[
                    (chosen["framework"] == framework) & (chosen["normalization"] == name)
                ].sort_values("layer")
                band(axes, line, "layer", "shift_distance", colour, 0.2)
            axes.set_title(f"{framework}, {title}", loc="left")
        logarithmic(panels)
    figure.supylabel("change of the gradient / its norm (ratio)", fontsize=9)
    handles = [Line2D([], [], color=colour, lw=2, label=name) for name, colour in colours.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    return Drawing(
        "internal_covariate_shift",
        "Change of a layer's gradient when the layers below it learn, by normalization",
        "Norm of the change of the gradient by a hidden layer's kernel when the layers below it"
        f" alone make their step, over the norm of the gradient; mean over {STEPS} steps of"
        f" gradient descent on {POINTS} points of two circles; 6 hidden layers of 32, He's"
        " kernels, each framework's own draw. Line: median over the seeds; band: 5 to 95 %;"
        f" {seeds_in(layers['n'])}. Logarithmic axes, no unit. A line that is missing was not"
        " measured.",
        figure,
        ("bn-reduces-ics", "bn-increases-shift", "bn-reduces-ics-small-steps"),
        rows=layers,
    )


def _rate(optimizer: str) -> str:
    return number(optimizers.resolve(optimizer).common["learning_rate"])
