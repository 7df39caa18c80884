"""Evidence about a claim that may be multiplied: e-values, from the numbers of the seeds.

An e-value is the money of a player who bets against a statement (``suite.judging.time_uniform``):
where the statement is true it is at most 1 on average, at whatever moment one stops. So the product
over independent runs, of other root seeds, is an e-value again, and 40,000, which is
2/(1 - level), refutes a statement as surely as an interval of that level does.

A claim says that a centre c lies in the band [low, high]. Two bets must be won to support it,
against "c < low" and "c > high"; each of two others refutes it, against "c >= low" and "c <= high".
On one run, the verdict by these four is that of the interval for every look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from suite.claims.claim import Claim
from suite.judging.intervals import LEVEL, scaled
from suite.judging.per_seed import bounds_of, counted
from suite.judging.time_uniform import log_money, log_money_of_counts, threshold
from suite.judging.verdicts import REFUTED, SUPPORTED, UNDECIDED, Ruling
from suite.types import Array


@dataclass(frozen=True)
class EValues:
    """The natural logarithms of four e-values about a claim; 0 is no evidence.

    Minus infinity, for the first two alone, is a bet that no further seed can win back: a claim
    about every single seed, one of which lies outside the band.
    """

    not_below: float = 0.0
    """Against "the centre is below the band"."""
    not_above: float = 0.0
    """Against "the centre is above the band"."""
    below: float = 0.0
    """Against "the centre is not below the band"."""
    above: float = 0.0
    """Against "the centre is not above the band"."""

    def ruling(self, level: float = LEVEL) -> Ruling:
        """Return the verdict at a level, with half of the error probability for each side."""
        wanted = threshold(level)
        if self.not_below >= wanted and self.not_above >= wanted:
            return SUPPORTED
        return REFUTED if max(self.below, self.above) >= wanted else UNDECIDED


def together(parts: Sequence[EValues]) -> EValues:
    """Return the evidence of independent runs together: the products of their e-values. It does not
    depend on their order, to the last bit."""
    return EValues(
        *(_sum([getattr(part, field.name) for part in parts]) for field in fields(EValues))
    )


def _sum(logs: Sequence[float]) -> float:
    """Return a sum of logarithms; what is lost stays lost."""
    return -math.inf if -math.inf in logs else math.fsum(logs)


def e_values(claim: Claim, numbers: Array) -> EValues:
    """Return the evidence of (n,) numbers of the seeds, of independent seeds.

    None without numbers, with a NaN among them, and for a mean with a value outside the bounds.
    """
    numbers = np.asarray(numbers, dtype=np.float64)
    if not len(numbers) or np.isnan(numbers).any():
        return EValues()
    if claim.centre == "every":
        return _of_every(claim, numbers)
    low, high = claim.band.low, claim.band.high
    if claim.estimand == "share":
        found = counted(claim, numbers).astype(np.float64)
        return _of_means(found, low, high)
    if claim.bounds is not None:
        bounds = bounds_of(claim)
        unit = scaled(numbers, bounds)
        if unit is None:
            return EValues()
        width = bounds[1] - bounds[0]
        return _of_means(unit, (low - bounds[0]) / width, (high - bounds[0]) / width)
    return EValues(
        not_below=math.inf if low == -math.inf else _of_median(numbers >= low),
        not_above=math.inf if high == math.inf else _of_median(numbers <= high),
        below=_of_median(numbers < low),
        above=_of_median(numbers > high),
    )


def _of_median(beyond: Array) -> float:
    """Return the evidence of (n,) seeds, beyond an edge or not, against "at most half of the law
    lies beyond it"."""
    return log_money_of_counts(int(beyond.sum()), len(beyond), 0.5)


def _of_means(unit: Array, low: float, high: float) -> EValues:
    """Return the evidence of (n,) values in [0, 1] about their mean and a band."""
    return EValues(
        # No mean is below 0 or above 1.
        not_below=math.inf if low <= 0 else _against_at_most(unit, low),
        not_above=math.inf if high >= 1 else _against_at_most(1.0 - unit, 1.0 - high),
        below=_against_at_most(1.0 - unit, 1.0 - low),
        above=_against_at_most(unit, high),
    )


def _against_at_most(unit: Array, m: float) -> float:
    """Return the evidence of (n,) values in [0, 1] against a mean of at most m."""
    if m <= 0:
        return math.inf if m < 0 or unit.any() else 0.0
    return log_money(unit, m) if m < 1 else 0.0


def _of_every(claim: Claim, numbers: Array) -> EValues:
    """Return the evidence about every single seed. One outside the band refutes the claim.

    With a ``rate``, the support is a bet of all that one has against "more than this share of the
    draws lies outside": each draw inside multiplies it by 1/(1 - rate). An exact claim is about no
    sample, and one seed is enough.
    """
    outside = sum(not claim.band.contains(float(number)) for number in numbers)
    if outside:
        return EValues(-math.inf, -math.inf, math.inf, math.inf)
    support = math.inf if claim.rate is None else -len(numbers) * math.log1p(-claim.rate)
    return EValues(support, support)
