"""CONTRIBUTING.md and SECURITY.md as pages of the site."""

from __future__ import annotations

from pathlib import Path

from docs.generators.links import mended
from docs.generators.pages import ROOT, save


def write(folder: Path) -> None:
    """Write ``contributing.md`` and ``security.md`` into the folder."""
    for name in ("CONTRIBUTING.md", "SECURITY.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        save(folder / name.lower(), mended(text, Path()))
