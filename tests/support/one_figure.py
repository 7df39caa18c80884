"""A page with one tiny figure, for tests that are not about the figures: drawing takes long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suite.report import figures

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHOWN = ("tanh-beats-sigmoid", "sigmoid-worse-with-depth")


def one_figure(folder: Path, manifest: object, jobs: int, linked: bool = False) -> Any:
    """Return the sections of a page with one tiny figure, in place of drawing."""
    target = folder / figures.FIGURES
    target.mkdir(exist_ok=True)
    (target / "tiny.png").write_bytes(b"")
    picture = figures.Picture("tiny", "A tiny figure", "Of nothing.", SHOWN, PICTURE, 40, 40)
    return {"training": [figures.Section("Figures", False, [picture], [])]}
