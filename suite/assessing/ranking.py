"""The rank of an item among others, from paired seeds, with its interval.

Two items are compared seed by seed, on the same data and batch order, by the median of the
difference of their scores. The interval of a rank counts whom the item is certainly below and
above. The level of each comparison is such that all comparisons of a table are right together with
a confidence of 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from suite.judging import intervals
from suite.types import Array

CONFIDENCE = 0.95
"""The confidence with which all ranks of a table hold together."""


@dataclass(frozen=True)
class Pair:
    """One item against another: the median of the paired difference, positive where it is better,
    and the seeds that would decide which is better; None where the median is 0 or unknown."""

    difference: intervals.Interval
    seeds: int | None


@dataclass(frozen=True)
class Rank:
    """The rank of an item, 1 the best: that of its median, and the best and worst that the pairs
    allow; the pairs by the name of the other."""

    rank: int
    best: int
    worst: int
    pairs: Mapping[str, Pair]


def rank(name: str, scores: Mapping[str, Array], comparisons: int) -> Rank:
    """Return the rank of an item by scores, higher is better.

    ``scores``: name -> (seeds,), the same seeds in the same order for all. ``comparisons``: the
    number of pairs in the whole table.
    """
    level = 1 - (1 - CONFIDENCE) / comparisons
    own = scores[name]
    pairs = {other: _pair(own - theirs, level) for other, theirs in scores.items() if other != name}
    middle = {other: float(np.median(theirs)) for other, theirs in scores.items()}
    return Rank(
        1 + sum(middle[other] > middle[name] for other in pairs),
        1 + sum(pair.difference.high < 0 for pair in pairs.values()),
        1 + sum(not pair.difference.low > 0 for pair in pairs.values()),
        pairs,
    )


def _pair(differences: Array, level: float) -> Pair:
    found = intervals.median(differences, level)
    decided = found.low > 0 or found.high < 0
    return Pair(found, found.n if decided else _needed(found, level))


def _needed(found: intervals.Interval, level: float) -> int | None:
    """Return about how many seeds would decide a difference of this size and spread.

    The half of an interval shrinks as the square root of the seeds.
    """
    if not (found.estimate and math.isfinite(found.estimate)):
        return None
    least = intervals.seeds_needed(level=level)
    gap = found.estimate - found.low if found.estimate > 0 else found.high - found.estimate
    if not math.isfinite(gap):
        return None
    # At least one more seed: where a limit is exactly 0 the formula gives n, which did not decide.
    return max(least, found.n + 1, math.ceil(found.n * (gap / found.estimate) ** 2))
