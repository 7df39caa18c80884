"""Find seeds that are copies of one another: the same numbers, bit for bit, in every cell.

A claim about a sample assumes that its seeds are independent. Where a framework gives the same
weights for two seeds, the numbers that depend on the weights alone agree to the last bit, and no
interval reveals it. Independent seeds tie too: in counts (of a thousand points, say), in numbers
that are the same for every seed, and in single-precision losses near ln 2, which is the loss of
networks that learned nothing. Therefore two seeds are copies only where they agree

- in two metrics or more, in all cells that both have;
- where the metrics are not counts (``COUNTS``) and vary from seed to seed (``FINE``);
- and where the numbers are unlikely to tie by chance: one that has no exact single-precision form,
  or ``MANY`` different ones.

Networks with the same weights but different inputs give different numbers and are not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from suite.judging.indexed_runs import IndexedRuns
from suite.metrics import METRICS
from suite.types import Array

COUNTS = ("share", "0 or 1", "epochs", "steps", "layers", "hooks", "numbers", "units")
"""Units of metrics that are counts, or shares of a count."""
FINE = 0.25
"""A metric varies from seed to seed when more than half of the seeds have different values in at
least this share of the cells that have several seeds. Where one of two frameworks ignores its
seeds, the cells of the other show whether the metric varies."""
MANY = 8
"""Different values, in single precision, in the cells of a seed. In the studies that train, the two
losses of independent seeds tie in one of ten single cells, and in no group of five cells with
different values."""


@dataclass(frozen=True)
class Copies:
    """Seeds of one framework that agree in some metrics in all cells that they share."""

    framework: str
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"seeds {some(self.seeds)} of {self.framework} agree to the last bit in"
            f" {some(self.metrics)} of every cell: they are copies, not independent runs"
        )


def some(items: Sequence[object], limit: int = 3) -> str:
    """Return the first few of some items, and how many more there are."""
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(map(str, items[:limit])) + more


def copies(runs: IndexedRuns) -> list[Copies]:
    """Return the copies among the runs of a study.

    Two seeds are compared on the cells of the one that has fewer; a run that failed, is missing or
    is not supported does not count as a cell.
    """
    named = [METRICS[name] for name in map(str, runs.frame.columns) if name in METRICS]
    metrics = [metric.name for metric in named if metric.unit not in COUNTS]
    measured = np.isin(runs.status, ("ok", "diverged"))
    if "framework" not in runs.axes or len(metrics) < 2 or not measured.any():
        return []
    cell, (seeds, seed) = runs.cell[measured], np.unique(runs.seed[measured], return_inverse=True)
    bits = np.stack([runs.column(name)[measured] for name in metrics], axis=1).view(np.int64)
    varying = [k for k in range(len(metrics)) if _varies(cell, bits[:, k])]
    framework = runs.cells["framework"].to_numpy()[cell]
    result = []
    for name in pd.unique(framework):
        rows = framework == name
        for group, equal in _equal_seeds(cell[rows], seed[rows], bits[rows], varying):
            equal_metrics = tuple(metrics[k] for k in equal)
            result.append(Copies(str(name), tuple(seeds[list(group)].tolist()), equal_metrics))
    return result


def dependent(duplicates: Sequence[Copies], runs: IndexedRuns, positions: Array) -> str:
    """Return which of the runs at the given positions are copies of one another; empty where none
    are."""
    for group in duplicates:
        same_framework = runs.having("framework", group.framework)[runs.cell[positions]]
        if np.isin(group.seeds, runs.seed[positions[same_framework]]).sum() > 1:
            return str(group)
    return ""


def _varies(cell: Array, bits: Array) -> bool:
    """Return whether one metric varies from seed to seed; see ``FINE``. Both arrays: (rows,)."""
    order = np.lexsort((bits, cell))
    cell, bits = cell[order], bits[order]
    first = np.ones(len(cell), dtype=bool)
    first[1:] = (cell[1:] != cell[:-1]) | (bits[1:] != bits[:-1])
    runs, values = np.bincount(cell), np.bincount(cell[first])
    several = runs > 1
    return bool(several.any()) and bool(np.mean(2 * values[several] > runs[several]) >= FINE)


def _equal_seeds(
    cell: Array, seed: Array, bits: Array, varying: Sequence[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return groups of seeds that are equal in two metrics or more, with those metrics.

    The runs are those of one framework: cell and seed (rows,), bits (rows, metrics). ``varying``:
    the metrics that are compared.
    """
    cell = np.unique(cell, return_inverse=True)[1]
    shape = int(seed.max()) + 1, int(cell.max()) + 1
    measured = np.zeros(shape, dtype=bool)
    measured[seed, cell] = True
    table = np.zeros((*shape, bits.shape[1]), dtype=np.int64)
    table[seed, cell] = bits
    groups: dict[tuple[int, ...], set[int]] = {}
    for cells in np.unique(measured[measured.any(axis=1)], axis=0):
        # Seeds with exactly these cells are compared with those that have these and more.
        candidates = np.flatnonzero(measured[:, cells].all(axis=1))
        exact = set(np.flatnonzero((measured == cells).all(axis=1)).tolist())
        rows = table[np.ix_(candidates, np.flatnonzero(cells))]
        labels = {k: _labels(rows[..., k]) for k in varying}
        repeated = [k for k in varying if len(np.unique(labels[k])) < len(candidates)]
        for pair in combinations(repeated, 2):
            both = np.stack([labels[k] for k in pair], axis=1)
            joint = np.unique(both, axis=0, return_inverse=True)[1].ravel()
            for label in np.flatnonzero(np.bincount(joint) > 1):
                group = tuple(candidates[joint == label].tolist())
                if exact.intersection(group):
                    groups.setdefault(group, set()).update(pair)
    return [(group, tuple(sorted(metrics))) for group, metrics in groups.items()]


def _labels(rows: Array) -> Array:
    """Return a number for each row of bits (n, cells), equal where the rows are equal; a row that
    may tie by chance has a number that no other row has."""
    labels = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    values = rows.view(np.float64)
    finite = np.isfinite(values)
    with np.errstate(over="ignore", invalid="ignore"):
        wide = (finite & (values != values.astype(np.float32))).any(axis=1)
    ordered = np.sort(np.where(finite, values, 0.0), axis=1)
    distinct = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
    conclusive = wide | (distinct >= MANY)
    labels[~conclusive] = len(rows) + np.arange(np.count_nonzero(~conclusive))
    return labels
