"""From runs to one number for each seed, which are the data of a claim's interval.

Cells share their random draws, so their errors are correlated and only seeds are independent.
Therefore the cells of a seed are reduced to one number first, and the two sides of a comparison
are paired by seed.

Infinite numbers are data, and two of them may tie: two networks that never learned are equally
slow. They tie only where both mean the same: every cell of the seed diverged on both sides, or
none did. An infinity that comes from some of the cells says nothing about the others, so that two
such numbers differ by an unknown amount, NaN.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from suite.claims.claim import Claim, Reduction
from suite.judging.indexed_runs import IndexedRuns
from suite.metrics import METRICS
from suite.results.not_measured import not_measured
from suite.types import Array

_REDUCE: Mapping[Reduction, Callable[..., Array]] = {
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}


@dataclass(frozen=True)
class Side:
    """The runs of one side of a claim, (n,) each, in any order."""

    cell: Array
    """Equal for the runs of one cell."""
    seed: Array
    measured: Array
    """Whether the run ended, ok or diverged, and no field that the claim reads is empty."""
    diverged: Array
    metric: Array
    prediction: Array | None = None
    along: Array | None = None
    """The run's value on the axis of a slope."""


@dataclass(frozen=True)
class _Numbers:
    """One number for each seed, (n,) each, the seeds ascending."""

    seed: Array
    value: Array
    divergence: Array
    """(n,) ``_NONE``, ``_ALL`` or ``_SOME``."""


_NONE, _ALL, _SOME = 0, 1, 2
"""Which cells of a seed an infinite number speaks for: none of them diverged, all of them did, or
the number comes from a part of them."""


def side_of(claim: Claim, runs: IndexedRuns, positions: Array) -> Side:
    """Return the runs at the given positions as one side of a claim."""
    status = runs.status[positions]
    diverged = status == "diverged"
    metric = runs.column(claim.metric)[positions]
    measured = (diverged | (status == "ok")) & ~not_measured(metric)
    prediction = along = None
    if claim.prediction is not None:
        prediction = runs.column(claim.prediction)[positions]
        measured &= ~not_measured(prediction)
    if claim.along is not None:
        along = runs.cells[claim.along].to_numpy()[runs.cell[positions]]
    return Side(
        runs.cell[positions],
        runs.seed[positions],
        measured,
        diverged,
        metric,
        prediction,
        along,
    )


@dataclass(frozen=True)
class PerSeed:
    """The numbers of a claim, (n,) each, the seeds ascending: what its interval is about."""

    seed: Array
    value: Array
    of: Array | None = None
    versus: Array | None = None
    """The two sides of each pair; None where the claim has one side."""
    pair_correlation: float = math.nan
    """Spearman's rank correlation of the pairs; NaN without pairs."""


def numbered(values: Array) -> PerSeed:
    """Return (n,) numbers as those of the seeds from 0 to n - 1."""
    return PerSeed(np.arange(len(values)), values)


def per_seed(claim: Claim, sides: Sequence[Side]) -> PerSeed:
    """Return one number for each seed, and the pairs that it comes from.

    ``sides``: the runs of ``of`` and, where the claim has it, of ``versus``. A seed counts only
    where each of its cells was measured.
    """
    numbers = [_of_side(claim, side) for side in sides]
    if len(numbers) == 1:
        return PerSeed(numbers[0].seed, numbers[0].value)
    of, versus = numbers
    seed, i, j = np.intersect1d(of.seed, versus.seed, assume_unique=True, return_indices=True)
    may_tie = (of.divergence[i] == versus.divergence[j]) & (of.divergence[i] != _SOME)
    pairs = of.value[i], versus.value[j]
    combine = ratio if claim.estimand == "ratio" else difference
    return PerSeed(seed, combine(*pairs, may_tie), *pairs, _correlation(*pairs))


def _correlation(a: Array, b: Array) -> float:
    """Return Spearman's rank correlation of (n,) pairs; NaN where a side is constant or contains a
    NaN."""
    if any(len(side) < 2 or np.isnan(side).any() or np.all(side == side[0]) for side in (a, b)):
        return math.nan
    return float(np.corrcoef([pd.Series(side).rank() for side in (a, b)])[0, 1])


def difference(a: Array, b: Array, may_tie: Array) -> Array:
    """Return a - b. Equal values are a tie, 0; infinite ones only where they ``may_tie``, else
    NaN."""
    with np.errstate(invalid="ignore"):
        return np.where((a == b) & (np.isfinite(a) | may_tie), 0.0, a - b)


def ratio(a: Array, b: Array, may_tie: Array) -> Array:
    """Return a / b. Equal values (two zeros too) are a tie, 1; infinite ones only where they
    ``may_tie``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((a == b) & (np.isfinite(a) | may_tie), 1.0, a / b)


def _of_side(claim: Claim, side: Side) -> _Numbers:
    """Reduce the cells of each seed to one number, or to their slope along an axis.

    Only seeds that every cell has count: where cells were planned with different numbers of
    seeds, the others have no partner.
    """
    # The metric (its worst value where a run diverged), or its ratio to the prediction.
    values = METRICS[claim.metric].counted(side.metric, side.diverged)
    if side.prediction is not None:
        values = ratio(values, side.prediction, ~side.diverged)
    if side.along is None:
        return _reduce(claim, side, values, np.ones(len(values), dtype=bool))
    x = np.unique(side.along).astype(np.float64)
    points = [_reduce(claim, side, values, side.along == position) for position in x]
    seeds = functools.reduce(np.intersect1d, [point.seed for point in points])
    y = np.stack([point.value[np.isin(point.seed, seeds)] for point in points])
    x -= x.mean()
    with np.errstate(invalid="ignore"):
        slopes = y.T @ x / (x @ x)
    return _Numbers(seeds, slopes, np.full(len(seeds), _SOME))


def _reduce(claim: Claim, side: Side, values: Array, chosen: Array) -> _Numbers:
    """Reduce the values of each seed's cells to one number, over the chosen runs; a NaN stays
    NaN."""
    seeds, row = np.unique(side.seed[chosen], return_inverse=True)
    cells, column = np.unique(side.cell[chosen], return_inverse=True)
    table = np.full((len(seeds), len(cells)), np.nan)
    measured, diverged = np.zeros((2, *table.shape), dtype=bool)
    table[row, column] = values[chosen]
    measured[row, column] = side.measured[chosen]
    diverged[row, column] = side.diverged[chosen]
    complete = measured.all(axis=1)
    table, diverged = table[complete], diverged[complete]
    with np.errstate(invalid="ignore"):
        reduced = _REDUCE[claim.reduce or "mean"](table, axis=1)
    divergence = np.where(diverged.all(axis=1), _ALL, np.where(diverged.any(axis=1), _SOME, _NONE))
    if claim.reduce == "mean":  # one infinite cell is enough to make a mean infinite
        infinite = np.isinf(table)
        divergence[infinite.any(axis=1) & ~infinite.all(axis=1)] = _SOME
    return _Numbers(seeds[complete], reduced, divergence)


def counted(claim: Claim, numbers: Array) -> Array:
    """Return (n,) booleans: which numbers a share counts."""
    result = np.ones(len(numbers), dtype=bool)
    if claim.above is not None:
        result &= numbers > claim.above
    if claim.below is not None:
        result &= numbers < claim.below
    return result


def bounds_of(claim: Claim) -> tuple[float, float]:
    """Return the bounds of the numbers of a claim about a mean. Raise ValueError for another."""
    if claim.bounds is None:
        raise ValueError(f"claim {claim.id} declares no bounds")
    lowest, highest = claim.bounds
    if claim.estimand == "difference":
        return lowest - highest, highest - lowest
    return lowest, highest
