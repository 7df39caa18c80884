"""The page's section on the study propagation: signals and gradients through the layers."""

from __future__ import annotations

from functools import partial

from suite.report.common import lines
from suite.report.common.drawing import Part, Tables


def parts(tables: Tables) -> list[Part]:
    """Activations and gradients by layer, beside the theory."""
    layers = tables("propagation/layers.csv", "layer", "n")
    drawn = (lines.forward, lines.backward)
    return [
        Part(
            "Before training: signal and gradient through the layers",
            [] if layers is None else [partial(one, layers) for one in drawn],
            "propagation/layers.csv is not there: no figure of signal and gradient by layer.",
        )
    ]
