"""The page's section on the study propagation: signals and gradients through the layers."""

from __future__ import annotations

from suite.report.common import lines
from suite.report.common.drawing import Part, Tables, drawn_from, part


def parts(tables: Tables) -> list[Part]:
    """Return activations, their spread over the inputs, and gradients by layer, beside theory."""
    return [
        part(
            "Before training: signal and gradient through the layers",
            drawn_from(
                tables,
                "propagation/layers.csv",
                ("layer", "n"),
                "signal and gradient by layer",
                lines.forward,
                lines.spread,
                lines.backward,
            ),
        )
    ]
