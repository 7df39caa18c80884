"""Seeds that are copies of one another: the same numbers, bit for bit, in every cell.

A claim about a sample takes its seeds for independent. Where a framework gives the same weights
under two seeds, the numbers that depend on the weights alone agree to the last bit, and no interval
can tell. Honest seeds tie too: in what counts (of a thousand points, say), in what is the same for
every seed, and in losses in single precision near ln 2, where networks that learned nothing stand.
So two seeds are copies only where they agree

- in two metrics or more, in all cells that both have;
- of metrics that count nothing (``COUNTS``) and vary from seed to seed (``FINE``);
- on numbers that a tie by chance does not reach: one that single precision does not hold, or
  ``MANY`` different ones.

What the weights share with other draws is not seen: two networks with the same weights and inputs
of their own give different numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from suite.judging.indexed_runs import Runs
from suite.metrics import METRICS
from suite.types import Array

COUNTS = ("share", "0 or 1", "epochs", "steps", "layers", "hooks", "numbers", "units")
"""Units of metrics that are counts, or shares of a count."""
FINE = 0.25
"""A metric varies from seed to seed when more than half of the seeds have different values in at
least this share of the cells that have several seeds. Where one of two frameworks ignores its
seeds, the cells of the other show what the metric is."""
MANY = 8
"""Different values, in single precision, in the cells of a seed. In single cells of the studies
that train, the two losses tie in one of ten; in no group of five different ones did they."""


@dataclass(frozen=True)
class Copies:
    """Seeds of one framework that agree in all cells that they share, in some metrics."""

    framework: str
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"seeds {_some(self.seeds)} of {self.framework} agree to the last bit in"
            f" {_some(self.metrics)} of every cell: copies, not independent runs"
        )


def _some(items: Sequence[object], limit: int = 3) -> str:
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(map(str, items[:limit])) + more


def copies(runs: Runs) -> list[Copies]:
    """The copies among the runs of a study. Two seeds are compared on the cells of the one that
    has fewer; what failed, is missing or is not supported counts as no cell."""
    named = [METRICS[name] for name in map(str, runs.frame.columns) if name in METRICS]
    metrics = [metric.name for metric in named if metric.unit not in COUNTS]
    measured = np.isin(runs.status, ("ok", "diverged"))
    if "framework" not in runs.axes or len(metrics) < 2 or not measured.any():
        return []
    cell, (seeds, seed) = runs.cell[measured], np.unique(runs.seed[measured], return_inverse=True)
    bits = np.stack([runs.column(name)[measured] for name in metrics], axis=1).view(np.int64)
    fine = [k for k in range(len(metrics)) if _varies(cell, bits[:, k])]
    framework = runs.cells["framework"].to_numpy()[cell]
    return [
        Copies(str(name), tuple(seeds[list(group)].tolist()), tuple(metrics[k] for k in equal))
        for name in pd.unique(framework)
        for own in [framework == name]
        for group, equal in _equal(cell[own], seed[own], bits[own], fine)
    ]


def dependent(found: Sequence[Copies], runs: Runs, at: Array) -> str:
    """Which of the runs at the given positions are copies of one another; empty where none is."""
    for one in found:
        own = runs.having("framework", one.framework)[runs.cell[at]]
        if np.isin(one.seeds, runs.seed[at[own]]).sum() > 1:
            return str(one)
    return ""


def _varies(cell: Array, bits: Array) -> bool:
    """Whether one metric, (rows,), varies from seed to seed: see ``FINE``."""
    order = np.lexsort((bits, cell))
    cell, bits = cell[order], bits[order]
    new = np.ones(len(cell), dtype=bool)
    new[1:] = (cell[1:] != cell[:-1]) | (bits[1:] != bits[:-1])
    runs, values = np.bincount(cell), np.bincount(cell[new])
    several = runs > 1
    return bool(several.any()) and bool(np.mean(2 * values[several] > runs[several]) >= FINE)


def _equal(
    cell: Array, seed: Array, bits: Array, fine: Sequence[int]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Groups of seeds that are equal in two metrics or more, with those metrics.

    Of the runs of one framework: cell and seed (rows,), bits (rows, metrics).
    """
    cell = np.unique(cell, return_inverse=True)[1]
    shape = int(seed.max()) + 1, int(cell.max()) + 1
    there = np.zeros(shape, dtype=bool)
    there[seed, cell] = True
    table = np.zeros((*shape, bits.shape[1]), dtype=np.int64)
    table[seed, cell] = bits
    groups: dict[tuple[int, ...], set[int]] = {}
    for cells in np.unique(there[there.any(axis=1)], axis=0):
        # Seeds with these cells alone, beside those that have these and more.
        beside = np.flatnonzero(there[:, cells].all(axis=1))
        alone = set(np.flatnonzero((there == cells).all(axis=1)).tolist())
        rows = table[np.ix_(beside, np.flatnonzero(cells))]
        labels = {k: _labels(rows[..., k]) for k in fine}
        repeated = [k for k in fine if len(np.unique(labels[k])) < len(beside)]
        for pair in combinations(repeated, 2):
            both = np.stack([labels[k] for k in pair], axis=1)
            joint = np.unique(both, axis=0, return_inverse=True)[1].ravel()
            for label in np.flatnonzero(np.bincount(joint) > 1):
                group = tuple(beside[joint == label].tolist())
                if alone.intersection(group):
                    groups.setdefault(group, set()).update(pair)
    return [(group, tuple(sorted(metrics))) for group, metrics in groups.items()]


def _labels(rows: Array) -> Array:
    """A number for each row of bits (n, cells), equal where rows are; rows that may tie by chance
    have a number of their own."""
    labels = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    values = rows.view(np.float64)
    finite = np.isfinite(values)
    with np.errstate(over="ignore", invalid="ignore"):
        wide = (finite & (values != values.astype(np.float32))).any(axis=1)
    ordered = np.sort(np.where(finite, values, 0.0), axis=1)
    telling = wide | (1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1) >= MANY)
    labels[~telling] = len(rows) + np.arange(np.count_nonzero(~telling))
    return labels
