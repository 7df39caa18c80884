"""A page with one tiny figure, for tests that are not about the figures: drawing takes long."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from suite.report import figures

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHOWN = ("tanh-beats-sigmoid", "sigmoid-worse-with-depth")


def one_figure(folder: Path, manifest: object, jobs: int, **more: Any) -> Any:
    """Return the sections of a page with one tiny figure, in place of drawing."""
    picture = figures.Picture(
        name="tiny",
        title="A tiny figure",
        caption="Of nothing.",
        alternative="A tiny figure of nothing.",
        claims=SHOWN,
        source=PICTURE,
        width=40,
        height=40,
        drawing="suite report DIR --figure tiny",
        measuring="suite run training",
    )
    return nullcontext(lambda: {"training": [figures.Section("Figures", False, [picture], [])]})
