"""Confidence intervals that hold at every look: they may be watched while seeds are added, and the
watching may stop at any moment, for any reason.

An interval of ``suite.judging.intervals`` holds at one number of seeds, fixed beforehand. Whoever
looks after every block and stops when it suits has as many chances to be wrong as he has looks.
Here the probability that ANY of the intervals, at one seed, two seeds, and so on without end,
misses the truth is at most 1 - level.

The construction is a bet (Ville 1939; Robbins 1970; Waudby-Smith and Ramdas 2024). Let x lie in
[0, 1] and let "its mean is at most m" be in doubt. A player who stakes the share t of his money on
each value multiplies it by 1 + t (x/m - 1), which the statement makes a losing game: whatever he
stakes, his money grows on average by no factor above 1. He splits what he has over many stakes,
spread evenly from 0 to 1, and starts with 1. If the statement is true, the probability that his
money ever reaches c is at most 1/c. So a value m is left out of the interval once his money is
2/(1 - level), on each side half of the error probability.

All intervals are this one bet:

| centre | x is | in closed form |
| --- | --- | --- |
| share | 1 for a success | beta-binomial mixture, with a uniform prior from m to 1 |
| median, any quantile | 1 for a value beyond m, where half of them are expected | the same |
| mean of bounded values | the value, scaled to [0, 1] | none |

The order of the seeds is of no account. Ties and infinite values are data like any other. The
money itself is an e-value: that of independent runs may be multiplied (``suite.judging.e_values``).
A mean of values without bounds has no such interval, and none of another kind: one seed in a
million may move it anywhere. Ask for the median, or for the mean of a bounded function of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from suite.judging.intervals import LEVEL, Interval, enclosed, scaled
from suite.types import Array

_PLACES, _WEIGHTS = np.polynomial.legendre.leggauss(256)
STAKES = (_PLACES + 1) / 2
"""The stakes over which the money is split. Gauss's 256 places make the mixture the integral over
all stakes, exactly for up to 511 seeds. For more it is not, and need not be: money that is split
over any fixed stakes is a fair bet."""
LOG_PARTS = np.log(_WEIGHTS / 2)
"""The logarithm of the part of the money on each stake; the parts sum to 1."""

_LOST = np.log1p(-STAKES)


@lru_cache(maxsize=4096)
def gains_of_counts(successes: int, n: int, m: float) -> Array:
    """Return (stakes,) logarithms: by which factor n yes/no values multiply what lies on each
    stake, in a bet against "the probability of a success is at most m", 0 < m < 1."""
    return np.asarray(successes * np.log1p(STAKES * (1 / m - 1)) + (n - successes) * _LOST)


def gains(values: Array, m: float) -> Array:
    """Return the same for (n,) values in [0, 1], in a bet against "their mean is at most m"."""
    factors = STAKES[:, None] * (np.asarray(values, dtype=np.float64) / m - 1)
    return np.asarray(np.log1p(factors).sum(axis=1))


def money(gained: Array) -> float:
    """Return the logarithm of all the money, for what was gained on each of the stakes."""
    logs = LOG_PARTS + gained
    largest = float(logs.max())
    return largest + math.log(float(np.exp(logs - largest).sum()))


def log_money_of_counts(successes: int, n: int, m: float) -> float:
    """Return the logarithm of the money after n yes/no values; see ``gains_of_counts``.

    It rises with the successes and falls with m. Up to 511 values it is that of the integral of
    p^k (1 - p)^(n - k) over p from m to 1, divided by (1 - m) m^k (1 - m)^(n - k), k successes.
    """
    return money(gains_of_counts(successes, n, m))


def log_money(values: Array, m: float) -> float:
    """Return the logarithm of the money after (n,) values; see ``gains``. It falls with m."""
    return money(gains(values, m))


def threshold(level: float = LEVEL) -> float:
    """Return the logarithm of the money that excludes a value on one side: ln(2/(1 - level))."""
    return math.log(2 / (1 - level))


@lru_cache(maxsize=4096)
def fewest_successes(n: int, m: float, level: float = LEVEL) -> int:
    """Return how many successes among n values exclude that their probability is at most m; n + 1
    where not even n do."""
    wanted, low, high = threshold(level), 0, n + 1
    while low < high:
        middle = (low + high) // 2
        if log_money_of_counts(middle, n, m) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def ranks(n: int, p: float = 0.5, level: float = LEVEL) -> tuple[int, int]:
    """Return which order statistics, counted from 1, enclose the p-quantile at every look; 0 and
    n + 1 stand for the limits -inf and inf, as in ``intervals.ranks``.

    The quantile is above a value m where more than a share 1 - p of the law lies beyond it, against
    which as many seeds beyond m speak as ``fewest_successes`` says.
    """
    return _lower_rank(n, p, level), n + 1 - _lower_rank(n, 1 - p, level)


def _lower_rank(n: int, p: float, level: float) -> int:
    return n + 1 - fewest_successes(n, 1 - p, level)


def seeds_needed(p: float = 0.5, level: float = LEVEL) -> int:
    """Return the smallest number of values with which both limits of a quantile are finite."""
    n = 1
    while min(_lower_rank(n, p, level), _lower_rank(n, 1 - p, level)) == 0:
        n += 1
    return n


def quantile(values: Array, p: float = 0.5, level: float = LEVEL) -> Interval:
    """Return the p-quantile of (n,) values, 0 < p < 1, and its interval for every look.

    Without values, or with a NaN among them, the interval is (-inf, inf) and the estimate NaN.
    """
    return enclosed(values, p, ranks(len(values), p, level))


def median(values: Array, level: float = LEVEL) -> Interval:
    """Return the median of (n,) values and its interval for every look; see ``quantile``."""
    return quantile(values, 0.5, level)


def share(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Return the share of successes among n and its interval for every look, (0, 1) for n = 0.

    Raise ValueError for a number of successes that is not from 0 to n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes among {n}")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0, 0)
    low = _lowest_share(successes, n, level)
    return Interval(successes / n, low, 1.0 - _lowest_share(n - successes, n, level), n)


@lru_cache(maxsize=4096)
def _lowest_share(successes: int, n: int, level: float) -> float:
    """Return the probability at which the money of the counts is at the threshold."""
    if successes == 0:
        return 0.0
    return _root(lambda m: log_money_of_counts(successes, n, m) - threshold(level), successes / n)


def mean(values: Array, bounds: tuple[float, float], level: float = LEVEL) -> Interval:
    """Return the mean of (n,) values inside finite ``bounds``, and an interval for its expectation
    that holds at every look.

    It is narrow where the values vary little, whatever the bounds. Without values, with a NaN among
    them or with a value outside the bounds, the interval is (-inf, inf) and the estimate NaN. Raise
    ValueError for bounds that are not finite and in ascending order.
    """
    unit = scaled(values, bounds)
    if unit is None:
        return Interval(math.nan, -math.inf, math.inf, len(values))
    lowest, highest = bounds
    width, n, m = highest - lowest, len(unit), float(np.mean(unit))
    low = _lowest_mean(unit, m, level)
    high = 1.0 - _lowest_mean(1.0 - unit, 1.0 - m, level)
    return Interval(lowest + width * m, lowest + width * low, lowest + width * high, n)


def _lowest_mean(unit: Array, m: float, level: float) -> float:
    """Return the expectation at which the money of values in [0, 1] is at the threshold; ``m``:
    their mean."""
    if m <= 0:
        return 0.0
    return _root(lambda mu: log_money(unit, mu) - threshold(level), m)


_NEAR_ZERO = 1e-300


def _root(excess: Callable[[float], float], estimate: float) -> float:
    """Return where a falling function crosses 0 below an estimate, at which it is negative.

    0 where it is negative everywhere. At the estimate every stake has lost or won nothing: the
    geometric mean of the factors is at most their arithmetic mean, which is 1 there.
    """
    from scipy.optimize import brentq  # here, as in suite.judging.intervals

    if excess(_NEAR_ZERO) < 0:
        return 0.0
    # A mean of 1 is tested a hair below, since nothing can be won against it.
    return float(brentq(excess, _NEAR_ZERO, min(estimate, 1 - 1e-16)))
