"""The page's section on the study propagation: signals and gradients through the layers."""

from __future__ import annotations

from functools import partial

from suite.report import curves
from suite.report.drawing import Part, Tables


def parts(tables: Tables) -> list[Part]:
    """Activations and gradients by layer, beside the theory."""
    layers = tables("propagation/layers.csv", "layer", "n")
    drawn = (curves.forward, curves.backward)
    return [
        Part(
            "Before training: signal and gradient through the layers",
            [] if layers is None else [partial(one, layers) for one in drawn],
            "propagation/layers.csv is not there: no figure of signal and gradient by layer.",
        )
    ]
