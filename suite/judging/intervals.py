"""Confidence intervals without an assumption about the law of the data; every verdict uses one.

| centre | interval | assumes |
| --- | --- | --- |
| median, any quantile | two order statistics (Thompson 1936) | one law, independent values |
| share | Clopper and Pearson 1934 | one probability, independent values |
| mean of bounded values | Hoeffding 1963, relative entropy | declared bounds, independent values |

All are two-sided, with an error probability of at most (1 - level)/2 on each side at every sample
size; they may be wider than necessary but never too narrow. Ties and infinite values are data like
any other. Where something is unknown, because of a NaN or of fewer values than the level needs, the
interval is infinite and decides nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import bdtr, betaincinv, ndtri, rel_entr

from suite.types import Array, float64

LEVEL = 1 - 0.05 / 1000
"""The confidence level of every verdict: an error rate of 5 % shared by a family of 1,000 verdicts
(Bonferroni; a claim has one for each of its groups). The number is fixed, so that adding a claim
changes no other verdict. A median needs at least 16 seeds at this level."""
Z = float(ndtri((1 + LEVEL) / 2))
"""Standard errors in half of an interval of this level if the estimate is Gaussian: about 4.06."""


@dataclass(frozen=True)
class Interval:
    """An estimate from n values between two confidence limits, in the unit of the data.

    Infinite limits and an estimate of NaN mean unknown.
    """

    estimate: float
    low: float
    high: float
    n: int


@lru_cache(maxsize=4096)
def ranks(n: int, p: float = 0.5, level: float = LEVEL) -> tuple[int, int]:
    """Return which order statistics, counted from 1, enclose the p-quantile of n values.

    0 and n + 1 stand for the limits -inf and inf, where n is too small for that side at ``level``.
    With Y the binomial number of values below the quantile, the lower rank is the largest l with
    P(Y <= l - 1) <= (1 - level)/2, and the upper rank mirrors it. Ties only increase the coverage:
    fewer values lie strictly below the quantile and more at or below it.
    """
    return _lower_rank(n, p, level), n + 1 - _lower_rank(n, 1 - p, level)


def _lower_rank(n: int, p: float, level: float) -> int:
    below = bdtr(np.arange(n), n, p)
    return int(np.searchsorted(below, (1 - level) / 2, side="right"))


def coverage(n: int, p: float = 0.5, level: float = LEVEL) -> float:
    """Return the exact coverage of ``quantile`` without ties: P(low <= p-quantile <= high)."""
    low, high = ranks(n, p, level)
    return float(bdtr(high - 1, n, p)) - (float(bdtr(low - 1, n, p)) if low > 0 else 0.0)


def seeds_needed(p: float = 0.5, level: float = LEVEL) -> int:
    """Return the smallest number of values with which both limits of a quantile are finite."""
    n = 1
    while min(_lower_rank(n, p, level), _lower_rank(n, 1 - p, level)) == 0:
        n += 1
    return n


def quantile(values: Array, p: float = 0.5, level: float = LEVEL) -> Interval:
    """Return the p-quantile of (n,) values and its order-statistics interval.

    The estimate is the value of rank n p, or the midpoint of the two nearest. Without values, or
    with a NaN among them, the interval is (-inf, inf) and the estimate NaN.
    """
    return enclosed(values, p, ranks(len(values), p, level))


def enclosed(values: Array, p: float, limits: tuple[int, int]) -> Interval:
    """Return the p-quantile of (n,) values between two order statistics, counted from 1; 0 and
    n + 1 stand for -inf and inf. See ``quantile``."""
    ordered = np.sort(float64(values))
    n = len(ordered)
    if n == 0 or np.isnan(ordered[-1]):
        return Interval(math.nan, -math.inf, math.inf, n)
    low, high = limits
    bordered = np.concatenate(([-math.inf], ordered, [math.inf]))
    first = max(math.ceil(n * p), 1)
    second = min(math.floor(n * p) + 1, n)
    estimate = _middle(float(bordered[first]), float(bordered[second]))
    return Interval(estimate, float(bordered[low]), float(bordered[high]), n)


def _middle(a: float, b: float) -> float:
    """Return the midpoint of two numbers; that of two equal infinities is the same infinity."""
    return a if a == b else a / 2 + b / 2


def median(values: Array, level: float = LEVEL) -> Interval:
    """Return the median of (n,) values and its order-statistics interval; see ``quantile``."""
    return quantile(values, 0.5, level)


def share(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Return the share of successes among n and its Clopper-Pearson interval, (0, 1) for n = 0.

    Raise ValueError for a number of successes that is not from 0 to n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes among {n}")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    tail = (1 - level) / 2
    low = betaincinv(successes, n - successes + 1, tail) if successes > 0 else 0.0
    high = betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return Interval(successes / n, float(low), float(high), n)


def draws_needed(rate: float, level: float = LEVEL) -> int:
    """Return the fewest draws, none of which shows an event, that exclude a larger rate of it.

    Without an event among n draws, the upper limit of ``share`` is 1 - ((1 - level)/2)^(1/n).
    Raise ValueError for a rate that is not between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"{rate} is not a rate between 0 and 1")
    return math.ceil(math.log((1 - level) / 2) / math.log1p(-rate))


def mean(values: Array, bounds: tuple[float, float], level: float = LEVEL) -> Interval:
    """Return the mean of (n,) values inside finite ``bounds``, and an interval for its expectation.

    With values scaled to [0, 1] and mean m, the limits are where n KL(m || mu) = ln(2/(1 - level)),
    KL being the relative entropy of two Bernoulli laws. This is Hoeffding's (1963) bound before he
    simplifies it to exp(-2 n t^2), and so is never wider than the well-known form and much narrower
    near the bounds. Without values, with a NaN among them or with a value outside the bounds, the
    interval is (-inf, inf) and the estimate NaN. Raise ValueError for bounds that are not finite
    and in ascending order.
    """
    from scipy.optimize import brentq  # here: drawing processes import this module and never ask

    unit = scaled(values, bounds)
    if unit is None:
        return Interval(math.nan, -math.inf, math.inf, len(values))
    lowest, highest = bounds
    width, n = highest - lowest, len(unit)
    # Rounding may put the mean of equal values a hair outside [0, 1].
    m = min(max(float(np.mean(unit)), 0.0), 1.0)
    allowed = math.log(2 / (1 - level)) / n

    def excess(mu: float) -> float:
        return float(rel_entr(m, mu) + rel_entr(1 - m, 1 - mu)) - allowed

    # KL is infinite at 0 and at 1 unless m is there, so excess changes sign on each side of m.
    low = float(brentq(excess, 0.0, m)) if m > 0 else 0.0
    high = float(brentq(excess, m, 1.0)) if m < 1 else 1.0
    return Interval(lowest + width * m, lowest + width * low, lowest + width * high, n)


def scaled(values: Array, bounds: tuple[float, float]) -> Array | None:
    """Return (n,) values scaled from finite ``bounds`` to [0, 1]; None where there are none, with a
    NaN among them, and where one is outside.

    Raise ValueError for bounds that are not finite and in ascending order.
    """
    lowest, highest = bounds
    if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
        raise ValueError(f"bounds {bounds} are not two finite numbers in ascending order")
    data = float64(values)
    if len(data) == 0 or not np.all((data >= lowest) & (data <= highest)):
        return None
    return np.asarray((data - lowest) / (highest - lowest))
