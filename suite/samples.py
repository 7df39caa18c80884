"""From runs to one number for each seed: what a claim's interval runs over.

Cells share their random draws, so their errors are alike and only seeds are independent: the
cells of a seed are reduced to one number first, the two sides of a comparison are paired by seed.

Infinite numbers are data, and two of them may tie: two networks that never learned are equally
slow. They tie only where both stand for the same: every cell of the seed diverged on both sides,
or none did. An infinity that some of the cells bring in says nothing of the others, so that two
such numbers differ by an unknown amount, NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

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


def samples(
    claim: Claim, axes: Sequence[str], sides: Sequence[pd.DataFrame]
) -> tuple[Array, float]:
    """(n,) a number for each seed, and the rank correlation of the pairs (NaN without pairs).

    ``sides``: the runs of ``of`` and, where the claim has it, of ``versus``, each with a unique
    index. A seed counts only where each of its cells was measured, ok or diverged.
    """
    numbers = [_per_seed(claim, axes, rows) for rows in sides]
    if len(numbers) == 1:
        return numbers[0]["value"].to_numpy(), math.nan
    pairs = pd.concat([side["value"] for side in numbers], axis=1, join="inner")
    of, versus = pairs.to_numpy().T
    fate, other = (side["fate"].loc[pairs.index].to_numpy() for side in numbers)
    alike = (fate == other) & (fate != _MIXED)
    ranks = pairs.rank()
    constant = len(pairs) < 2 or bool((ranks.nunique() < 2).any())
    correlation = math.nan if constant else float(np.corrcoef(ranks.to_numpy().T)[0, 1])
    return (ratio if claim.estimand == "ratio" else difference)(of, versus, alike), correlation


def difference(a: Array, b: Array, alike: Array) -> Array:
    """a - b; equal values are a tie, 0, infinite ones only where they are ``alike``, else NaN."""
    with np.errstate(invalid="ignore"):
        return np.where((a == b) & (np.isfinite(a) | alike), 0.0, a - b)


def ratio(a: Array, b: Array, alike: Array) -> Array:
    """a / b; equal values (two zeros too) are a tie, 1, infinite ones only where ``alike``."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((a == b) & (np.isfinite(a) | alike), 1.0, a / b)


def _of_runs(claim: Claim, rows: pd.DataFrame, diverged: Array) -> Array:
    """(rows,) the metric (its worst value where a run diverged), or its ratio to the prediction."""
    values = METRICS[claim.metric].counted(_column(rows, claim.metric), diverged)
    if claim.prediction is None:
        return values
    return ratio(values, _column(rows, claim.prediction), ~diverged)


def _column(rows: pd.DataFrame, name: str) -> Array:
    return rows[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _per_seed(claim: Claim, axes: Sequence[str], rows: pd.DataFrame) -> pd.DataFrame:
    """Seed -> value and fate: the cells of a seed reduced, or their slope along an axis.

    Only seeds that every cell has: where cells were planned with different numbers of seeds, the
    others have no partner.
    """
    cells = rows.groupby([axis for axis in axes if axis != claim.along], sort=False).ngroup()
    diverged = (rows["status"] == "diverged").to_numpy()
    table = pd.DataFrame(
        {
            "seed": rows["seed"],
            "cell": cells,
            "value": _of_runs(claim, rows, diverged),
            "diverged": diverged,
            "measured": rows["status"].isin(("ok", "diverged")),
        }
    )
    if claim.along is None:
        return _reduce(claim, table)
    groups = table.groupby(rows[claim.along])
    points = {x: _reduce(claim, part)["value"] for x, part in groups}
    joined = pd.concat(points, axis=1, join="inner")
    x = np.array([*points], dtype=np.float64)
    x -= x.mean()
    with np.errstate(invalid="ignore"):
        slopes = joined.to_numpy() @ x / (x @ x)
    return pd.DataFrame({"value": slopes, "fate": _MIXED}, index=joined.index)


_INTACT, _DIVERGED, _MIXED = 0, 1, 2
"""The fate of a seed's cells, for which an infinite number of the seed stands: none diverged,
all did, or it speaks for a part of them."""


def _reduce(claim: Claim, table: pd.DataFrame) -> pd.DataFrame:
    """Seed -> the values of its cells as one (a NaN stays NaN), and the cells' fate."""
    seeds, row = np.unique(table["seed"].to_numpy(), return_inverse=True)
    cells, column = np.unique(table["cell"].to_numpy(), return_inverse=True)
    values = np.full((len(seeds), len(cells)), np.nan)
    measured, diverged = np.zeros((2, *values.shape), dtype=bool)
    values[row, column] = table["value"]
    measured[row, column] = table["measured"]
    diverged[row, column] = table["diverged"]
    whole = measured.all(axis=1)
    values, diverged = values[whole], diverged[whole]
    with np.errstate(invalid="ignore"):
        reduced = _REDUCE[claim.reduce or "mean"](values, axis=1)
    fate = np.where(diverged.all(axis=1), _DIVERGED, np.where(diverged.any(axis=1), _MIXED, 0))
    if claim.reduce == "mean":  # one infinite cell is enough to make a mean infinite
        infinite = np.isinf(values)
        fate[infinite.any(axis=1) & ~infinite.all(axis=1)] = _MIXED
    return pd.DataFrame({"value": reduced, "fate": fate}, index=seeds[whole])
