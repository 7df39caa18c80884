"""Which of several shares can be told apart, and with how many seeds a rank would be decided."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from scipy.stats import fisher_exact

ERROR = 0.05
"""The probability with which a ranking may tell apart what is equal, shared by its comparisons."""
MOST = 2000
"""The most seeds that are considered for a decision."""


def groups(counts: Sequence[tuple[int, int]]) -> list[int]:
    """Return the group of each option, from 1; ``counts``: (learned, n), the best share first.

    An option is in the group of the best one if Fisher's exact test does not tell their shares
    apart; the first one that it does tell apart begins the next group. Networks of one seed share
    their data, which makes the test err on the side of no difference. ``ERROR`` is shared by as
    many comparisons as there are options below the best.
    """
    result: list[int] = []
    best: tuple[int, int] | None = None
    for count in counts:
        if best is None or told_apart(best, count, len(counts)):
            best = count
            result.append(result[-1] + 1 if result else 1)
        else:
            result.append(result[-1])
    return result


def told_apart(first: tuple[int, int], second: tuple[int, int], options: int) -> bool:
    """Return whether two shares, (learned, n) each, differ beyond chance."""
    return _p(*first, *second) <= ERROR / max(options - 1, 1)


def seeds_needed(first: tuple[int, int], second: tuple[int, int], options: int) -> int | None:
    """Return how many seeds of each would tell two shares apart, if they stayed as they are;
    None where they are equal, or where it would take more than ``MOST``."""
    shares = first[0] / first[1], second[0] / second[1]
    if shares[0] == shares[1]:
        return None

    def decided(n: int) -> bool:
        return told_apart((round(shares[0] * n), n), (round(shares[1] * n), n), options)

    if not decided(MOST):
        return None
    low, high = 1, MOST
    while high - low > 1:  # rounding makes steps of a seed or two; more are not meant
        middle = (low + high) // 2
        low, high = (low, middle) if decided(middle) else (middle, high)
    return high


@functools.lru_cache(maxsize=4096)
def _p(k: int, n: int, other_k: int, other_n: int) -> float:
    return float(fisher_exact(np.array([[k, n - k], [other_k, other_n - other_k]]))[1])
