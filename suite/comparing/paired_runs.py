"""Pair two sets of runs by cell and seed, and count what a comparison decides on.

A diverged run counts with the metric's worst value. A failed run or an empty field leaves its pair
out, except for the share of runs that end ok. Two values agree within the metric's tolerance or
rounding (``Metric.equal``). A pair of two NaN is not counted; a pair with one NaN differs
infinitely, for the worse where the metric has a better direction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
from scipy.special import bdtr

from suite.catalogue.registry import SEPARATOR
from suite.comparing.kinds import MISSING, NEW, NOT_COMPARABLE
from suite.judging.summary import medians
from suite.metrics import METRICS, Metric
from suite.planning.axes import AXES, nondefault_fields
from suite.results.not_measured import not_measured
from suite.types import Array

FINISHED = Metric("ok_share", "share", "runs that end ok", "higher", worst=None)
"""Compared beside a study's metrics, so that runs which diverge or fail are seen where no metric
has a worst value for them."""
COUNTS = (
    "n",
    "above",
    "below",
    "seeds_a",
    "seeds_b",
    "shared",
    "failed_a",
    "failed_b",
    "nan_a",
    "nan_b",
    "lost_runs",
    "lost_failed",
    "lost_values",
)
COLUMNS = (
    "study",
    "cell",
    "metric",
    "unit",
    "direction",
    "kind",
    "reason",
    "a",
    "b",
    "difference",
    "low",
    "high",
    "p",
    "size",
    "tolerance",
    *COUNTS,
)


def pair(
    study: str, a: pd.DataFrame, b: pd.DataFrame, redefined: Collection[str] = ()
) -> pd.DataFrame:
    """Return a row for each cell and metric of a study, with the columns ``COLUMNS``.

    ``a``, ``b``: runs, with the axes, seed, status, reason and metrics; a cell has each seed once.
    An axis that one side lacks has its default there. ``redefined``: metrics that the two define
    differently.

    ``kind`` is set where nothing can be compared, with its reason. ``a``, ``b``: medians over the
    ``n`` pairs. ``difference``: the median of b - a, with its 95 % interval ``low`` .. ``high``.
    ``above``, ``below``: pairs that differ, with b above a and below it; ``p``: of the two-sided
    sign test on them. ``size``: |difference| in units of the tolerance or of the interquartile
    range of A, whichever is larger. Then counts: seeds of the cell in A, in B and in both, pairs
    without a measurement, pairs with NaN on one side only; and of the runs in which A measured the
    metric, those that B does not have, those that failed in B, and those with an empty field there.
    """
    axes = list(dict.fromkeys([*axes_of(a), *axes_of(b)]))
    for axis in axes:
        default = AXES[axis].default if axis in AXES else None
        if default is None and not (axis in a and axis in b):
            row = {"study": study, "kind": NOT_COMPARABLE, "reason": f"one side has no {axis}"}
            return pd.DataFrame([row], columns=[*COLUMNS])
        a, b = (frame if axis in frame else frame.assign(**{axis: default}) for frame in (a, b))
    a, b = (frame[frame["status"] != "unsupported"] for frame in (a, b))
    both = pd.concat([a[axes], b[axes]], ignore_index=True)
    if both.empty:
        return pd.DataFrame(columns=[*COLUMNS])
    cell = both.groupby(axes, sort=False).ngroup().to_numpy() if axes else np.zeros(len(both), int)
    cells = both.drop_duplicates() if axes else both.head(1)
    pairs = _Pairs(Side(a, cell[: len(a)]), Side(b, cell[len(a) :]), len(cells))
    rows = [
        pairs.compared(metric, reason) for metric, reason in _metrics(a, b, set(axes), redefined)
    ]
    table = pd.concat(rows, ignore_index=True)
    names = [
        nondefault_fields({str(axis): value for axis, value in fields.items()})
        for fields in cells.to_dict("records")
    ]
    name = pd.Series(names, dtype=object).loc[table["cell"]].to_numpy()
    return table.assign(study=study, cell=name)[[*COLUMNS]]


def axes_of(frame: pd.DataFrame) -> list[str]:
    """Return the cell fields of a table of runs: the columns before the seed."""
    columns = [str(name) for name in frame.columns]
    return columns[: columns.index("seed")]


def _metrics(
    a: pd.DataFrame, b: pd.DataFrame, axes: Collection[str], redefined: Collection[str]
) -> Iterator[tuple[Metric, str]]:
    """Yield each metric of two tables of runs, and why it is not comparable; empty where it is."""
    yield FINISHED, ""
    for name in dict.fromkeys(map(str, [*a, *b])):
        if name in axes or name in ("seed", "status", "reason"):
            continue
        if name in redefined:
            yield METRICS[name] if name in METRICS else Metric(name, "", ""), "another definition"
        elif name in METRICS:
            yield METRICS[name], ""
        elif SEPARATOR in name:
            plugin = name.partition(SEPARATOR)[0]
            yield Metric(name, "", ""), f"it is of the plugin {plugin}: give it with --plugin"
        else:
            yield Metric(name, "", ""), "this version has no such metric"


class Side:
    """The runs of a study in A or in B, (n,) in each array."""

    def __init__(self, frame: pd.DataFrame, cell: Array) -> None:
        self.frame = frame
        self.cell = cell
        """The number of each run's cell."""
        self.seed = frame["seed"].to_numpy(dtype=np.int64)
        status = frame["status"].to_numpy()
        self.ok: Array = status == "ok"
        self.diverged: Array = status == "diverged"

    @property
    def measured(self) -> Array:
        """Whether the status of each run is ok or diverged."""
        return self.ok | self.diverged

    def measures(self, metric: Metric) -> Array:
        """Return whether each run measured a metric: it ended, and its field is not empty."""
        if metric is FINISHED:
            return np.ones(len(self.frame), dtype=bool)
        if metric.name not in self.frame:
            return np.zeros(len(self.frame), dtype=bool)
        column = self.frame[metric.name]
        number = column.dtype.kind in "iufb"
        empty = not_measured(column.to_numpy()) if number else column.isna().to_numpy()
        return np.asarray(self.measured & ~empty)

    def values(self, metric: Metric, comparable: bool) -> Array:
        """Return the values of a metric that count; NaN where nothing was measured.

        Of a metric that is not comparable, 0 where something was measured, a text perhaps.
        """
        if metric is FINISHED:
            return np.asarray(self.ok, dtype=np.float64)
        if metric.name not in self.frame:
            return np.full(len(self.frame), np.nan)
        column = self.frame[metric.name]
        if not comparable:
            return np.where(column.isna(), np.nan, 0.0)
        values: Array = column.to_numpy(dtype=np.float64)
        return np.where(self.measures(metric), metric.counted(values, self.diverged), np.nan)


class _Pairs:
    """The runs of a study in A and in B, paired by cell and seed."""

    def __init__(self, a: Side, b: Side, cells: int) -> None:
        self.a, self.b, self.cells = a, b, cells
        stride = 1 + max(int(side.seed.max(initial=0)) for side in (a, b))
        key_a, key_b = (side.cell * stride + side.seed for side in (a, b))
        _, self.in_a, self.in_b = np.intersect1d(
            key_a, key_b, assume_unique=True, return_indices=True
        )
        # (pairs,) the number of each pair's cell, and whether its runs were measured.
        self.cell: Array = a.cell[self.in_a]
        self.measured_a: Array = a.measured[self.in_a]
        self.measured_b: Array = b.measured[self.in_b]

    def _count(self, cell: Array) -> Array:
        """Return (cells,) how often each cell occurs."""
        return np.bincount(cell, minlength=self.cells)

    def compared(self, metric: Metric, reason: str) -> pd.DataFrame:
        """Return a row for each cell in which a metric was measured. ``reason``: why it is not
        comparable; empty where it is."""
        a, b = (side.values(metric, comparable=not reason) for side in (self.a, self.b))
        known_a = self._count(self.a.cell[~np.isnan(a)]) > 0
        known_b = self._count(self.b.cell[~np.isnan(b)]) > 0
        has_a, has_b = self.a.measures(metric), self.b.measures(metric)
        any_a, any_b = self._count(self.a.cell[has_a]) > 0, self._count(self.b.cell[has_b]) > 0
        missing = any_a & ~any_b
        kind = np.full(self.cells, NOT_COMPARABLE if reason else "", dtype=object)
        kind[missing] = MISSING
        kind[known_b & ~any_a] = NEW
        table = pd.DataFrame(
            {
                "seeds_a": self._count(self.a.cell),
                "seeds_b": self._count(self.b.cell),
                "shared": self._count(self.cell),
                "failed_a": self._count(self.cell[~self.measured_a]),
                "failed_b": self._count(self.cell[~self.measured_b]),
                **self._lost(metric, has_a, has_b),
            }
        ).assign(
            metric=metric.name,
            unit=metric.unit,
            direction=metric.direction,
            kind=kind,
            reason=reason,
            cell=np.arange(self.cells),
        )
        if not reason:
            both = has_a[self.in_a] & has_b[self.in_b]
            statistics = self._statistics(metric, a[self.in_a], b[self.in_b], both)
            table = pd.concat([table, statistics], axis=1)
        return table[known_a | known_b | missing]

    def _lost(self, metric: Metric, has_a: Array, has_b: Array) -> dict[str, Array]:
        """Return (cells,) how many of the runs in which A measured a metric B lacks, and why."""
        paired, measured = np.zeros((2, len(has_a)), dtype=bool)
        paired[self.in_a] = True
        measured[self.in_a] = has_b[self.in_b]
        failed = np.zeros(len(has_a), dtype=bool)
        failed[self.in_a] = ~self.measured_b & (metric is not FINISHED)
        lost = has_a & ~measured
        return {
            "lost_runs": self._count(self.a.cell[lost & ~paired]),
            "lost_failed": self._count(self.a.cell[lost & failed]),
            "lost_values": self._count(self.a.cell[lost & paired & ~failed]),
        }

    def _statistics(self, metric: Metric, a: Array, b: Array, both: Array) -> pd.DataFrame:
        """Return the medians, the median difference and the pairs that differ, (cells,) each, for
        (pairs,) values in A and in B. ``both``: where both measured the metric."""
        used = both & ~(np.isnan(a) & np.isnan(b))
        a, b, cell = a[used], b[used], self.cell[used]
        worse = -np.inf if metric.direction == "higher" else np.inf
        with np.errstate(invalid="ignore"):
            differences = np.where(a == b, 0.0, b - a)
        differences[np.isnan(b)], differences[np.isnan(a)] = worse, -worse
        differ = ~metric.equal(a, b)
        above = self._count(cell[differ & (differences > 0)])
        below = self._count(cell[differ & (differences < 0)])
        median = medians(differences, cell, self.cells)
        median_a, median_b = (medians(side, cell, self.cells)["centre"] for side in (a, b))
        sizes = np.abs([median_a, median_b])
        # A share of an infinite size would be infinite, and tolerate every difference.
        largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
        return pd.DataFrame(
            {
                "a": median_a,
                "b": median_b,
                "difference": median["centre"],
                "low": median["low"],
                "high": median["high"],
                "n": median["n"],
                "above": above,
                "below": below,
                "p": np.minimum(1.0, 2 * bdtr(np.minimum(above, below), above + below, 0.5)),
                "size": self._size(metric, median["centre"], a, cell),
                "tolerance": np.fmax(metric.tolerance, metric.relative * largest),
                "nan_a": self._count(cell[np.isnan(a)]),
                "nan_b": self._count(cell[np.isnan(b)]),
            }
        )

    def _size(self, metric: Metric, difference: Array, a: Array, cell: Array) -> Array:
        """Return (cells,) |difference| in units of the tolerance or of A's interquartile range;
        infinite where both are 0, NaN without pairs."""
        by_cell = pd.Series(a).groupby(cell)
        spread = (by_cell.quantile(0.75) - by_cell.quantile(0.25)).reindex(range(self.cells))
        unit = spread.replace([np.inf, -np.inf], np.nan).clip(metric.tolerance).to_numpy()
        unit = np.where(np.isnan(unit), metric.tolerance, unit)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(difference == 0, 0.0, np.abs(difference) / unit))
