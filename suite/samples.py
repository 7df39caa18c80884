"""From runs to one number for each seed: what a claim's interval runs over.

Cells share their random draws, so their errors are alike and only seeds are independent: the
cells of a seed are reduced to one number first, the two sides of a comparison are paired by seed.
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
        return numbers[0].to_numpy(), math.nan
    pairs = pd.concat(numbers, axis=1, join="inner")
    of, versus = pairs.to_numpy().T
    ranks = pairs.rank()
    constant = len(pairs) < 2 or bool((ranks.nunique() < 2).any())
    correlation = math.nan if constant else float(np.corrcoef(ranks.to_numpy().T)[0, 1])
    return (ratio if claim.estimand == "ratio" else difference)(of, versus), correlation


def difference(a: Array, b: Array) -> Array:
    """a - b; equal values are a tie, 0, also where both are infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, a - b)


def ratio(a: Array, b: Array) -> Array:
    """a / b; equal values are a tie, 1, also where both are infinite or both are zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(a == b, 1.0, a / b)


def _of_runs(claim: Claim, rows: pd.DataFrame) -> Array:
    """(rows,) the metric (its worst value where a run diverged), or its ratio to the prediction."""
    diverged = (rows["status"] == "diverged").to_numpy()
    values = np.where(diverged, METRICS[claim.metric].worst, _column(rows, claim.metric))
    if claim.prediction is None:
        return values
    return ratio(values, _column(rows, claim.prediction))


def _column(rows: pd.DataFrame, name: str) -> Array:
    return rows[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _per_seed(claim: Claim, axes: Sequence[str], rows: pd.DataFrame) -> pd.Series[float]:
    """Seed -> number: the cells of a seed reduced, or their least-squares slope along an axis.

    Only seeds that every cell has: where cells were planned with different numbers of seeds, the
    others have no partner.
    """
    cells = rows.groupby([axis for axis in axes if axis != claim.along], sort=False).ngroup()
    table = pd.DataFrame(
        {
            "seed": rows["seed"],
            "cell": cells,
            "value": _of_runs(claim, rows),
            "measured": rows["status"].isin(("ok", "diverged")),
        }
    )
    if claim.along is None:
        return _reduce(claim, table)
    points = {x: _reduce(claim, part) for x, part in table.groupby(rows[claim.along])}
    joined = pd.concat(points, axis=1, join="inner")
    x = np.array([*points], dtype=np.float64)
    x -= x.mean()
    with np.errstate(invalid="ignore"):
        slopes = joined.to_numpy() @ x / (x @ x)
    return pd.Series(slopes, index=joined.index)


def _reduce(claim: Claim, table: pd.DataFrame) -> pd.Series[float]:
    """Seed -> the values of its cells as one; a NaN stays NaN."""
    seeds, row = np.unique(table["seed"].to_numpy(), return_inverse=True)
    cells, column = np.unique(table["cell"].to_numpy(), return_inverse=True)
    values = np.full((len(seeds), len(cells)), np.nan)
    measured = np.zeros(values.shape, dtype=bool)
    values[row, column] = table["value"]
    measured[row, column] = table["measured"]
    whole = measured.all(axis=1)
    with np.errstate(invalid="ignore"):
        reduced = _REDUCE[claim.reduce or "mean"](values[whole], axis=1)
    return pd.Series(reduced, index=seeds[whole])
