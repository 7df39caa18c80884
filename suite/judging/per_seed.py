"""From runs to one number for each seed: what a claim's interval runs over.

Cells share their random draws, so their errors are alike and only seeds are independent: the
cells of a seed are reduced to one number first, the two sides of a comparison are paired by seed.

Infinite numbers are data, and two of them may tie: two networks that never learned are equally
slow. They tie only where both stand for the same: every cell of the seed diverged on both sides,
or none did. An infinity that some of the cells bring in says nothing of the others, so that two
such numbers differ by an unknown amount, NaN.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from suite.claims import Claim
from suite.metrics import METRICS
from suite.types import Array

_REDUCE: Mapping[str, Callable[..., Array]] = {
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
    """Whether the run ended: ok or diverged."""
    diverged: Array
    metric: Array
    """As measured, NaN where it was not."""
    prediction: Array | None = None
    along: Array | None = None
    """The run's value on the axis of a slope."""


@dataclass(frozen=True)
class _Numbers:
    """One number for each seed, (n,) each, the seeds ascending."""

    seed: Array
    value: Array
    fate: Array


_INTACT, _DIVERGED, _MIXED = 0, 1, 2
"""The fate of a seed's cells, for which an infinite number of the seed stands: none diverged,
all did, or it speaks for a part of them."""


def samples(claim: Claim, sides: Sequence[Side]) -> tuple[Array, float]:
    """(n,) a number for each seed, and the rank correlation of the pairs (NaN without pairs).

    ``sides``: the runs of ``of`` and, where the claim has it, of ``versus``. A seed counts only
    where each of its cells was measured.
    """
    numbers = [_per_seed(claim, side) for side in sides]
    if len(numbers) == 1:
        return numbers[0].value, math.nan
    of, versus = numbers
    _, here, there = np.intersect1d(of.seed, versus.seed, assume_unique=True, return_indices=True)
    alike = (of.fate[here] == versus.fate[there]) & (of.fate[here] != _MIXED)
    pair = of.value[here], versus.value[there]
    combine = ratio if claim.estimand == "ratio" else difference
    return combine(*pair, alike), _correlation(*pair)


def _correlation(a: Array, b: Array) -> float:
    """Spearman's, of (n,) pairs; NaN where a side is constant or holds a NaN."""
    if any(len(side) < 2 or np.isnan(side).any() or np.all(side == side[0]) for side in (a, b)):
        return math.nan
    return float(np.corrcoef([pd.Series(side).rank() for side in (a, b)])[0, 1])


def difference(a: Array, b: Array, alike: Array) -> Array:
    """a - b; equal values are a tie, 0, infinite ones only where they are ``alike``, else NaN."""
    with np.errstate(invalid="ignore"):
        return np.where((a == b) & (np.isfinite(a) | alike), 0.0, a - b)


def ratio(a: Array, b: Array, alike: Array) -> Array:
    """a / b; equal values (two zeros too) are a tie, 1, infinite ones only where ``alike``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((a == b) & (np.isfinite(a) | alike), 1.0, a / b)


def _per_seed(claim: Claim, side: Side) -> _Numbers:
    """The cells of each seed reduced to one number, or their slope along an axis.

    Only seeds that every cell has: where cells were planned with different numbers of seeds, the
    others have no partner.
    """
    # The metric (its worst value where a run diverged), or its ratio to the prediction.
    values = METRICS[claim.metric].counted(side.metric, side.diverged)
    if side.prediction is not None:
        values = ratio(values, side.prediction, ~side.diverged)
    if side.along is None:
        return _reduce(claim, side, values, np.ones(len(values), dtype=bool))
    x = np.unique(side.along).astype(np.float64)
    points = [_reduce(claim, side, values, side.along == at) for at in x]
    seeds = functools.reduce(np.intersect1d, [point.seed for point in points])
    joined = np.stack([point.value[np.isin(point.seed, seeds)] for point in points])
    x -= x.mean()
    with np.errstate(invalid="ignore"):
        slopes = joined.T @ x / (x @ x)
    return _Numbers(seeds, slopes, np.full(len(seeds), _MIXED))


def _reduce(claim: Claim, side: Side, values: Array, chosen: Array) -> _Numbers:
    """The values of each seed's cells as one (a NaN stays NaN), over the chosen runs."""
    seeds, row = np.unique(side.seed[chosen], return_inverse=True)
    cells, column = np.unique(side.cell[chosen], return_inverse=True)
    table = np.full((len(seeds), len(cells)), np.nan)
    measured, diverged = np.zeros((2, *table.shape), dtype=bool)
    table[row, column] = values[chosen]
    measured[row, column] = side.measured[chosen]
    diverged[row, column] = side.diverged[chosen]
    whole = measured.all(axis=1)
    table, diverged = table[whole], diverged[whole]
    with np.errstate(invalid="ignore"):
        reduced = _REDUCE[claim.reduce or "mean"](table, axis=1)
    fate = np.where(
        diverged.all(axis=1), _DIVERGED, np.where(diverged.any(axis=1), _MIXED, _INTACT)
    )
    if claim.reduce == "mean":  # one infinite cell is enough to make a mean infinite
        infinite = np.isinf(table)
        fate[infinite.any(axis=1) & ~infinite.all(axis=1)] = _MIXED
    return _Numbers(seeds[whole], reduced, fate)
