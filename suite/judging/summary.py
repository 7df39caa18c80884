"""The summary of a study: a row for each cell and metric, over its seeds.

The intervals here describe single cells at 95 % and carry no verdict: those that do stand at
``intervals.LEVEL``, on the numbers that a claim makes of each seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from suite.judging.intervals import ranks
from suite.metrics import METRICS
from suite.types import Array, Status

LEVEL = 0.95
COUNTED = tuple(status.value for status in Status)
"""Statuses with a column each; ``missing``: expected, and not in the folder."""


def summarise(study: str, frame: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """Median and 95 % order-statistics interval of each metric in each cell.

    ``frame``: the runs of the study: ``axes``, seed, status, reason, metrics. Returns the columns
    study, the axes, metric, unit, centre (the median), low, high, n (the seeds behind them), then
    how many runs are ok, diverged, unsupported, failed and missing. Cells come in the
    order of their first row, metrics in that of the columns.

    A diverged run counts with the metric's worst value, or not at all where the metric has none.
    With fewer than 6 seeds the interval is infinite, and a NaN among the values makes the
    centre NaN too: both are unknown. A NaN in every seed is such a result as well. A cell of
    which no run finished has n = 0 and no interval.
    """
    cell = frame.groupby(list(axes), sort=False).ngroup().to_numpy()
    cells = frame.drop_duplicates(list(axes))[list(axes)].reset_index(drop=True)
    status = frame["status"].to_numpy()
    counts = {name: np.bincount(cell[status == name], minlength=len(cells)) for name in COUNTED}
    parts = []
    for position, name in enumerate(metric for metric in frame.columns if metric in METRICS):
        part = cells.assign(metric=name, unit=METRICS[name].unit)
        found = medians(*_counted(frame, name, cell), len(cells))
        for column, values in {**found, **counts}.items():
            part[column] = values
        parts.append(part.assign(_cell=np.arange(len(cells)), _metric=position))
    if not parts:
        raise ValueError(f"the runs of study {study} hold no metric")
    rows = pd.concat(parts, ignore_index=True).sort_values(["_cell", "_metric"])
    rows.insert(0, "study", study)
    return rows.drop(columns=["_cell", "_metric"]).reset_index(drop=True)


def _counted(frame: pd.DataFrame, metric: str, cell: Array) -> tuple[Array, Array]:
    """The values of a metric that count, and the cells they belong to."""
    status = frame["status"].to_numpy()
    diverged = status == "diverged"
    values = frame[metric].to_numpy(dtype=np.float64, na_value=np.nan)
    values = METRICS[metric].counted(values, diverged)
    counted = (status == "ok") | (diverged & (not METRICS[metric].uncountable))
    return values[counted], cell[counted]


def medians(values: Array, cell: Array, cells: int) -> dict[str, Array]:
    """The median of each cell and its 95 % order-statistics interval, by one sort for all cells.

    ``values`` (n,) and ``cell`` (n,), the cell of each, from 0 to ``cells`` - 1. Returns centre,
    low, high and n, each (cells,). A NaN among its values makes a cell's centre NaN and its
    interval infinite; a cell without values has NaN for all three.
    """
    n = np.bincount(cell, minlength=cells)
    # Each cell's values lie together, ascending and NaN last, bordered by one place on each side.
    first = np.cumsum(n + 2) - (n + 2)
    ordered = np.full(int((n + 2).sum()), np.inf)
    ordered[first] = -np.inf
    inside = np.ones(len(ordered), dtype=bool)
    inside[first] = inside[first + n + 1] = False
    ordered[inside] = values[np.lexsort((values, cell))]
    enclosing = np.array([ranks(int(size), 0.5, LEVEL) for size in n]).reshape(-1, 2)
    below, above = ordered[first + (n + 1) // 2], ordered[first + n // 2 + 1]
    known = (n > 0) & ~np.isnan(ordered[first + n])
    with np.errstate(invalid="ignore"):
        middle = np.where(below == above, below, below / 2 + above / 2)
    low = np.where(known, ordered[first + enclosing[:, 0]], -np.inf)
    high = np.where(known, ordered[first + enclosing[:, 1]], np.inf)
    return {
        "centre": np.where(known, middle, np.nan),
        "low": np.where(n > 0, low, np.nan),
        "high": np.where(n > 0, high, np.nan),
        "n": n,
    }
