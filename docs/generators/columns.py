"""Every file, column and metric of a results folder, from the registries."""

from __future__ import annotations

from pathlib import Path

from docs.generators.links import mended
from docs.generators.pages import save
from suite.results.dictionary import column_dictionary


def write(folder: Path) -> None:
    """Write ``columns.md`` into the folder."""
    save(folder / "columns.md", mended(column_dictionary(), Path("results")))
