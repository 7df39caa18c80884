"""The curves that a cell of the explorer opens to: medians over epochs, steps and layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from suite.metrics import METRICS
from suite.results.compressed import locate
from suite.results.tables import read_table
from suite.types import Study, TableSpec

MOST_POINTS = {1: 12, 2: 8}
"""The number of a table's coordinates -> the most values of each that are kept: enough for the
shape of a curve."""
SHOWN = (
    "gradient_rms",
    "weight_rms",
    "activation_spread",
    "activation_mean_square",
    "gradient_mean_square",
    "accuracy",
    "loss",
)
"""The metrics that are taken first."""
MOST_METRICS = {1: 3, 2: 2}
"""The number of coordinates -> the most metrics of a table that are taken; it has the others."""


def curves(folder: Path, study: Study, cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the tables over the seeds of a study that have curves, as values for JSON.

    ``cells``: the axes of the cells, a row for each. Raise UserError for a table that cannot be
    read.
    """
    specs = [spec for spec in study.tables if spec.per == "seeds" and "bin" not in spec.coordinates]
    specs = [spec for spec in specs if len(spec.coordinates) in (1, 2)]
    found = (_curves(folder / study.name / f"{spec.name}.csv", spec, cells) for spec in specs)
    return [table for table in found if table is not None]


def _curves(path: Path, spec: TableSpec, cells: pd.DataFrame) -> dict[str, Any] | None:
    if locate(path) is None:
        return None
    frame = read_table(path)
    stored = [name for name in spec.metrics if name in frame.columns]
    metrics = sorted(stored, key=lambda name: SHOWN.index(name) if name in SHOWN else len(SHOWN))
    metrics = metrics[: MOST_METRICS[len(spec.coordinates)]]
    if not metrics or not {*spec.coordinates, *cells.columns} <= set(frame.columns):
        return None
    place = cells.assign(cell=np.arange(len(cells)))
    frame = frame.merge(place, on=[*cells.columns], how="inner")
    frame = _thinned(frame, spec)
    lines = [_line(rows, spec, metrics) for _, rows in frame.groupby("cell")]
    return {
        "name": spec.name,
        "coordinates": list(spec.coordinates),
        "metrics": [
            {"name": name, "unit": METRICS[name].unit, "meaning": METRICS[name].meaning}
            for name in metrics
        ],
        "lines": lines,
    }


def _thinned(frame: pd.DataFrame, spec: TableSpec) -> pd.DataFrame:
    """Return the rows at no more than ``MOST_POINTS`` values of each coordinate in each cell, the
    first and the last among them."""
    for name in spec.coordinates:
        rank = frame.groupby("cell")[name].rank(method="dense").astype(int) - 1
        last = rank.groupby(frame["cell"]).transform("max")
        step = np.maximum(last / (MOST_POINTS[len(spec.coordinates)] - 1), 1.0)
        kept = np.floor(rank / step) != np.floor((rank - 1) / step)
        frame = frame[(kept | (rank == last)).to_numpy()]
    return frame


def _line(rows: pd.DataFrame, spec: TableSpec, metrics: list[str]) -> dict[str, Any]:
    """Return a cell's number, its coordinates (each a list) and its medians with three digits."""
    return {
        "cell": int(rows["cell"].iloc[0]),
        "at": [rows[name].tolist() for name in spec.coordinates],
        "values": [" ".join(f"{value:.3g}" for value in rows[name]) for name in metrics],
    }
