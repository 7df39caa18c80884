"""The tables of the committed standard reference, as figures read them, and edited copies."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from suite.report.common.drawing import Tables
from suite.results.compressed import locate
from suite.results.tables import read_table
from tests.support import synthetic

STANDARD = Path(__file__).parents[2] / "results" / "reference" / "standard"
Edit = Callable[[str, pd.DataFrame], pd.DataFrame]
"""(path of a table inside the folder, its rows) -> the edited rows."""


def _same(path: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def tables(edit: Edit = _same) -> Tables:
    """Return the function that reads the reference's tables, each edited.

    The reference leaves out training/layers.csv; a made-up one takes its place.
    """

    def read(path: str, *required: str) -> pd.DataFrame | None:
        rows = table(path)
        if rows is None:
            return None
        assert set(required) <= set(rows.columns), (path, required)
        return edit(path, rows.copy())

    return read


@functools.cache
def table(path: str) -> pd.DataFrame | None:
    """Return a table of the reference, or None where it has none of this name."""
    if path == "training/layers.csv":
        with tempfile.TemporaryDirectory() as folder:
            return read_table(synthetic.results(Path(folder)) / path)
    return read_table(STANDARD / path) if locate(STANDARD / path) else None
