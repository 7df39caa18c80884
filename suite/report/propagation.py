"""The page's section on the study propagation: signals and gradients through the layers."""

from __future__ import annotations

from suite.report.common import lines
from suite.report.common.drawing import Part, Tables, drawn_from, part


def parts(tables: Tables) -> list[Part]:
    """Return signal and gradient by activation, then each by initializer, beside theory."""
    return [
        part(
            "Before training: signal and gradient through the layers",
            drawn_from(
                tables,
                "propagation/layers.csv",
                ("layer", "n"),
                "signal and gradient by layer",
                lines.side_by_side,
                lines.forward,
                lines.spread,
                lines.backward,
            ),
        )
    ]
