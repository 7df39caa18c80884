"""Two sets of runs paired by cell and seed: what a comparison counts, before it decides anything.

Runs of a cell are paired by seed. A diverged run counts with the metric's worst value. A failed run
leaves its pair out, but for the share of runs that end ok. Two values are alike within the
metric's tolerance or rounding (``Metric.equal``). A pair of two NaN is none; of one NaN, it is
infinitely apart, for the worse where the metric has a better direction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr

from suite.judging.summary import medians
from suite.metrics import METRICS, Metric
from suite.metrics.metric import ROUNDING
from suite.planning.axes import AXES
from suite.types import Array

MISSING, NEW, NOT_COMPARABLE = "missing", "new", "not comparable"
FINISHED = Metric("ok_share", "share", "runs that end ok", "higher", worst=None)
"""Compared beside a study's metrics, so that runs which diverge or fail show where no metric has a
worst value for them."""
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
    """A row for each cell and metric of a study: ``COLUMNS``.

    ``a``, ``b``: runs, with the axes, seed, status, reason and metrics; a seed stands once in a
    cell. ``redefined``: metrics that the two do not define alike. An axis that one lacks has its
    default. ``kind`` is set where nothing can be compared, with its reason. ``a``, ``b``: medians
    over the ``n`` pairs; ``difference``: median of b - a, with its 95 % interval ``low`` ..
    ``high``. ``above``, ``below``: the pairs apart with b above a and below it; ``p``: of the
    two-sided sign test of them. ``size``: |difference| in units of the tolerance or of the
    interquartile range of A, whichever is larger. Then counts: seeds of the cell and those in both,
    pairs without a measurement, pairs with NaN on one side alone.
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
    code = both.groupby(axes, sort=False).ngroup().to_numpy() if axes else np.zeros(len(both), int)
    cells = both.drop_duplicates() if axes else both.head(1)
    pairs = _Pairs(a, b, code, len(cells))
    parts = [pairs.rows(FINISHED, "")]
    others = {*axes, "seed", "status", "reason"}
    for name in dict.fromkeys(map(str, [*a, *b])):
        if name in others:
            continue
        metric = METRICS[name] if name in METRICS else Metric(name, "", "")
        why = "" if name in METRICS else "this version has no such metric"
        parts.append(pairs.rows(metric, "another definition" if name in redefined else why))
    table = pd.concat(parts, ignore_index=True)
    names = pd.Series([_name(row) for row in cells.to_dict("records")], dtype=object)
    table = table.assign(study=study, cell=names.loc[table["cell"]].to_numpy())
    return table[[*COLUMNS]]


def axes_of(frame: pd.DataFrame) -> list[str]:
    """The cell fields of a table of runs: the columns before the seed."""
    columns = [str(name) for name in frame.columns]
    return columns[: columns.index("seed")]


def _name(fields: Mapping[Any, object]) -> str:
    """A cell by its fields that are no defaults."""
    return " ".join(
        f"{axis}={value}"
        for axis, value in fields.items()
        if axis not in AXES or value != AXES[axis].default
    )


class _Pairs:
    """The runs of a study in A and in B. Tuples hold A's, then B's."""

    def __init__(self, a: pd.DataFrame, b: pd.DataFrame, code: Array, cells: int) -> None:
        """``code``: (rows of a, then of b) the cell of each, below ``cells``."""
        self.frames = (a, b)
        self.cells = cells
        self.code = (code[: len(a)], code[len(a) :])
        status = [frame["status"].to_numpy() for frame in self.frames]
        self.ok = [one == "ok" for one in status]
        self.diverged = [one == "diverged" for one in status]
        seeds = [frame["seed"].to_numpy(dtype=np.int64) for frame in self.frames]
        stride = 1 + max(int(one.max(initial=0)) for one in seeds)
        key, other = (cell * stride + seed for cell, seed in zip(self.code, seeds, strict=True))
        _, left, right = np.intersect1d(key, other, assume_unique=True, return_indices=True)
        self.at = (left, right)
        self.cell = self.code[0][left]
        self.measured = [(self.ok[side] | self.diverged[side])[self.at[side]] for side in (0, 1)]
        seeds_a, seeds_b = map(self._count, self.code)
        failed_a, failed_b = (self._count(self.cell[~one]) for one in self.measured)
        self.there = (seeds_a > 0, seeds_b > 0)
        self.counts = {
            "seeds_a": seeds_a,
            "seeds_b": seeds_b,
            "shared": self._count(self.cell),
            "failed_a": failed_a,
            "failed_b": failed_b,
        }

    def _count(self, cell: Array) -> Array:
        return np.bincount(cell, minlength=self.cells)

    def rows(self, metric: Metric, why: str) -> pd.DataFrame:
        """A row for each cell in which the metric was measured. ``why``: it is not comparable."""
        values = [self._values(metric, side, why) for side in (0, 1)]
        known = [self._count(self.code[side][~np.isnan(values[side])]) > 0 for side in (0, 1)]
        lacks = [metric is not FINISHED and metric.name not in frame for frame in self.frames]
        kind = np.full(self.cells, NOT_COMPARABLE if why else "", dtype=object)
        kind[known[0] & (~self.there[1] | lacks[1])] = MISSING
        kind[known[1] & (~self.there[0] | lacks[0])] = NEW
        table = pd.DataFrame(self.counts).assign(
            metric=metric.name,
            unit=metric.unit,
            direction=metric.direction,
            kind=kind,
            reason=why,
            cell=np.arange(self.cells),
        )
        if not why:
            a, b = (values[side][self.at[side]] for side in (0, 1))
            table = pd.concat([table, self._compared(metric, a, b)], axis=1)
        return table[known[0] | known[1]]

    def _values(self, metric: Metric, side: int, why: str) -> Array:
        """(rows of the side,) what counts; NaN where nothing was measured."""
        frame, ok = self.frames[side], self.ok[side]
        if metric is FINISHED:
            return np.asarray(ok, dtype=np.float64)
        if metric.name not in frame:
            return np.full(len(frame), np.nan)
        if why:  # whatever it holds, also text
            return np.where(frame[metric.name].isna(), np.nan, 0.0)
        values: Array = frame[metric.name].to_numpy(dtype=np.float64, na_value=np.nan)
        values = metric.counted(values, self.diverged[side])
        return np.where(ok | self.diverged[side], values, np.nan)

    def _compared(self, metric: Metric, a: Array, b: Array) -> pd.DataFrame:
        """(cells,) the pairs' medians, the median difference, and how many are apart."""
        used = ~(np.isnan(a) & np.isnan(b))
        if metric is not FINISHED:
            used &= self.measured[0] & self.measured[1]
        a, b, cell = a[used], b[used], self.cell[used]
        worse = -np.inf if metric.direction == "higher" else np.inf
        with np.errstate(invalid="ignore"):
            differences = np.where(a == b, 0.0, b - a)
        differences[np.isnan(b)], differences[np.isnan(a)] = worse, -worse
        apart = ~metric.equal(a, b)
        above, below = (self._count(cell[apart & to]) for to in (differences > 0, differences < 0))
        found = medians(differences, cell, self.cells)
        middle = [medians(side, cell, self.cells)["centre"] for side in (a, b)]
        return pd.DataFrame(
            {
                "a": middle[0],
                "b": middle[1],
                "difference": found["centre"],
                **{column: found[column] for column in ("low", "high", "n")},
                "above": above,
                "below": below,
                "p": np.minimum(1.0, 2 * bdtr(np.minimum(above, below), above + below, 0.5)),
                "size": self._size(metric, found["centre"], a, cell),
                "tolerance": np.fmax(metric.tolerance, ROUNDING * np.abs(middle).max(axis=0)),
                "nan_a": self._count(cell[np.isnan(a)]),
                "nan_b": self._count(cell[np.isnan(b)]),
            }
        )

    def _size(self, metric: Metric, difference: Array, a: Array, cell: Array) -> Array:
        """(cells,) |difference| in units of the tolerance or A's interquartile range; infinite
        where that is 0, NaN without pairs."""
        sides = pd.Series(a).groupby(cell)
        spread = (sides.quantile(0.75) - sides.quantile(0.25)).reindex(range(self.cells))
        unit = spread.replace([np.inf, -np.inf], np.nan).clip(metric.tolerance).to_numpy()
        unit = np.where(np.isnan(unit), metric.tolerance, unit)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(difference == 0, 0.0, np.abs(difference) / unit))
