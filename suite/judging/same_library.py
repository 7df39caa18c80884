"""Find frameworks that gave the same numbers, bit for bit, in the runs that a claim is about.

A claim that compares frameworks assumes that each computed its own numbers. Two libraries that
train from the same weights on the same data agree to rounding, and in a few losses of many to the
last bit; two that share every bit are one library under two names. Frameworks agree exactly for
good reasons too: in counts (``COUNTS``), in numbers that no seed moves, such as predictions, and
where the arithmetic is exact. Therefore the runs of two frameworks are the same only where they
agree in every pair of cell and seed, over ``MANY`` different values or more,

- in the metric of the claim, if it is not a count and varies from seed to seed;
- or in all metrics of the study that do.

This is about frameworks what ``duplicate_seeds`` is about seeds.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from suite.judging.duplicate_seeds import COUNTS, MANY, some
from suite.judging.indexed_runs import IndexedRuns
from suite.metrics import METRICS
from suite.types import Array


def same_library(runs: IndexedRuns, rows: Array, metric: str) -> str:
    """Return which frameworks share every bit of the runs at the given positions; empty where none
    do. ``metric``: that of the claim."""
    if "framework" not in runs.axes:
        return ""
    rows = rows[np.isin(runs.status[rows], ("ok", "diverged"))]
    framework = runs.cells["framework"].to_numpy()[runs.cell[rows]]
    names = list(dict.fromkeys(framework))
    for a, b in combinations(names, 2):
        pairs = _paired(runs, rows[framework == a], rows[framework == b])
        if shared := _shared(runs, *pairs, metric):
            return (
                f"{a} and {b} agree to the last bit in {some(shared)} of {len(pairs[0])} runs: they"
                " are one library, or its results under two names"
            )
    return ""


def _paired(runs: IndexedRuns, a: Array, b: Array) -> tuple[Array, Array]:
    """Return the positions of the runs that differ in their framework alone, in the same order."""
    stride = 1 + int(runs.seed.max(initial=0))
    key_a, key_b = (runs.twin[runs.cell[rows]] * stride + runs.seed[rows] for rows in (a, b))
    _, i, j = np.intersect1d(key_a, key_b, return_indices=True)
    return a[i], b[j]


def _shared(runs: IndexedRuns, a: Array, b: Array, metric: str) -> list[str]:
    """Return the metrics that prove that two frameworks are one; none where they are two."""
    equal: dict[str, bool] = {}
    for name in map(str, runs.frame.columns):
        if name not in METRICS or METRICS[name].unit in COUNTS:
            continue
        values_a, values_b = runs.column(name)[a], runs.column(name)[b]
        finite = np.isfinite(values_a) & np.isfinite(values_b)
        distinct = len(np.unique(values_a[finite]))
        if distinct >= MANY and 2 * distinct > finite.sum():
            equal[name] = bool(np.array_equal(values_a, values_b, equal_nan=True))
    if equal.get(metric) or (equal and all(equal.values())):
        return [name for name in equal if equal[name]]
    return []
