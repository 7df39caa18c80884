"""The summary of a run: a row for each cell and metric, over its seeds.

The intervals here describe single cells at 95 % and decide nothing. Those that decide a verdict
have the level ``intervals.LEVEL`` and are about the numbers that a claim makes of each seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from suite.judging import intervals
from suite.judging.intervals import ranks
from suite.metrics import METRICS, SHARES, Share
from suite.planning.axes import AXES
from suite.results.not_measured import not_measured
from suite.studies import STUDIES
from suite.types import Array, Status

LEVEL = 0.95
COUNTED = tuple(status.value for status in Status)
"""Statuses with a column each; ``missing``: expected, and not in the folder."""


def summary(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the summary of all studies, study -> runs: a row for each cell and metric.

    An axis that a study lacks is an empty field.
    """
    parts = [
        # As objects: beside a study without a depth, pandas would write depth 4 as 4.0.
        summarise(name, frame, STUDIES[name].axes).astype(dict.fromkeys(STUDIES[name].axes, object))
        for name, frame in runs.items()
    ]
    table = pd.concat(parts, ignore_index=True)
    axes = [axis.name for axis in AXES if axis.name in table.columns]
    table = table.fillna(dict.fromkeys(axes, ""))
    others = [name for name in table.columns if name not in axes and name != "study"]
    return table[["study", *axes, *others]]


def summarise(study: str, frame: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """Return the median and its 95 % order-statistics interval for each metric in each cell.

    ``frame``: the runs of the study: ``axes``, seed, status, reason, metrics. The columns of the
    summary are study, the axes, metric, unit, centre (the median), low, high, n (the seeds behind
    them), then how many runs are ok, diverged, unsupported, failed and missing. Cells are in the
    order of their first rows, metrics in the order of the columns.

    A diverged run counts with the metric's worst value, or not at all where the metric has none.
    With fewer than 6 seeds the interval is infinite; with a NaN among the values the centre is NaN
    as well, also where every value is. An empty field was not measured and does not count; a cell
    in which nothing was measured has n = 0 and no interval. The shares that ``metrics.SHARES``
    names follow the metrics of their cell; their centre is the share, see ``reached``.
    """
    cell = frame.groupby(list(axes), sort=False).ngroup().to_numpy()
    cells = frame.drop_duplicates(list(axes))[list(axes)].reset_index(drop=True)
    status = frame["status"].to_numpy()
    counts = {name: np.bincount(cell[status == name], minlength=len(cells)) for name in COUNTED}
    parts = []
    for position, name in enumerate(metric for metric in frame.columns if metric in METRICS):
        part = cells.assign(metric=name, unit=METRICS[name].unit)
        statistics = medians(*_counted(frame, name, cell), len(cells))
        for column, values in {**statistics, **counts}.items():
            part[column] = values
        parts.append(part.assign(_cell=np.arange(len(cells)), _metric=position))
    for share in SHARES:
        if study in share.studies and share.metric in frame.columns:
            part = cells.assign(metric=share.name, unit=share.unit)
            for column, values in {**reached(share, frame, cell, len(cells)), **counts}.items():
                part[column] = values
            parts.append(part.assign(_cell=np.arange(len(cells)), _metric=len(METRICS.names)))
    if not parts:
        raise ValueError(f"the runs of study {study} have no metric")
    rows = pd.concat(parts, ignore_index=True).sort_values(["_cell", "_metric"])
    rows.insert(0, "study", study)
    return rows.drop(columns=["_cell", "_metric"]).reset_index(drop=True)


def reached(share: Share, frame: pd.DataFrame, cell: Array, cells: int) -> dict[str, Array]:
    """Return the share of the runs of each cell that reach a value, and its Clopper-Pearson
    interval at 95 %.

    ``frame``: n runs of a study; ``cell``: (n,) the number of each run's cell. The result is
    centre, low, high and n, each (cells,); NaN where no run counts. Runs that ended count, unless
    the field of the metric is empty; a diverged run or a NaN did not reach it.
    """
    status = frame["status"].to_numpy()
    values = frame[share.metric].to_numpy(dtype=np.float64)
    counted = np.isin(status, ("ok", "diverged")) & ~not_measured(values)
    n = np.bincount(cell[counted], minlength=cells)
    successes = np.bincount(
        cell[counted & (status == "ok") & (values >= share.least)], minlength=cells
    )
    rows = [intervals.share(int(k), int(size), LEVEL) for k, size in zip(successes, n, strict=True)]
    table = np.array([(row.estimate, row.low, row.high) for row in rows]).reshape(-1, 3)
    table[n == 0] = np.nan
    return {**dict(zip(("centre", "low", "high"), table.T, strict=True)), "n": n}


def _counted(frame: pd.DataFrame, metric: str, cell: Array) -> tuple[Array, Array]:
    """Return the values of a metric that count, and the cells they belong to."""
    status = frame["status"].to_numpy()
    diverged = status == "diverged"
    values = frame[metric].to_numpy(dtype=np.float64)
    counted = (status == "ok") | (diverged & (not METRICS[metric].uncountable))
    counted &= ~not_measured(values)
    values = METRICS[metric].counted(values, diverged)
    return values[counted], cell[counted]


def medians(values: Array, cell: Array, cells: int, level: float = LEVEL) -> dict[str, Array]:
    """Return the median of each cell and its order-statistics interval, with one sort for all.

    ``values``: (n,); ``cell``: (n,) the cell of each value, from 0 to ``cells`` - 1; ``level``:
    that of the intervals. The result is centre, low, high and n, each (cells,). A NaN among its
    values makes a cell's centre NaN and its interval infinite; a cell without values has NaN for
    all three.
    """
    n = np.bincount(cell, minlength=cells)
    # The values of a cell are adjacent, ascending and NaN last, with one more place on each side.
    first = np.cumsum(n + 2) - (n + 2)
    ordered = np.full(int((n + 2).sum()), np.inf)
    ordered[first] = -np.inf
    inside = np.ones(len(ordered), dtype=bool)
    inside[first] = inside[first + n + 1] = False
    ordered[inside] = values[np.lexsort((values, cell))]
    enclosing = np.array([ranks(int(size), 0.5, level) for size in n]).reshape(-1, 2)
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
