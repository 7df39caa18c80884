"""Which units of a network are saturated, counted by comparisons with the ends of intervals.

``activations.Resolved.saturated`` is the definition, by the slope of each value. Here the numbers
between which it holds are found once for each activation, to the last bit of a double.
"""

from __future__ import annotations

import functools

import numpy as np

from suite.catalogue import activations
from suite.types import Array

_LARGEST = 1e38
"""Beyond it, up to infinity, nothing is taken to change."""


def share(phi: activations.Resolved, values: Array, mask: Array) -> Array:
    """Share of each layer that is saturated: (depth, samples, width) float64 -> (depth,).

    ``mask``: memory to work in, bool. Right where a layer is finite.
    """
    counts = np.zeros(len(values))
    for low, high in intervals(phi.name):
        if low > -np.inf:
            counts -= count(np.less(values, low, out=mask))
        # What is not above the interval: all, or those not above its end.
        counts += values[0].size if high == np.inf else count(np.less_equal(values, high, out=mask))
    return np.asarray(counts / values[0].size)


def count(where: Array) -> Array:
    """How often it is true in each layer: (depth, samples, width) bool -> (depth,).

    Row by row, because ``count_nonzero`` along an axis widens every truth value to 8 bytes.
    """
    return np.array([np.count_nonzero(layer) for layer in where])


@functools.lru_cache(maxsize=256)
@np.errstate(over="ignore", under="ignore", invalid="ignore")
def intervals(activation: str) -> tuple[tuple[float, float], ...]:
    """The closed intervals (low, high) of finite numbers in which an activation is saturated."""
    phi = activations.resolve(activation)
    above = np.union1d(np.geomspace(1e-300, _LARGEST, 4_000), np.linspace(0.0, 50.0, 50_001))
    grid = np.concatenate([-above[:0:-1], above])
    inside = phi.saturated(grid)
    turns = np.flatnonzero(inside[1:] != inside[:-1])
    left, right, begun = grid[turns], grid[turns + 1], inside[turns]
    while True:
        middle = left + (right - left) / 2
        between = (left < middle) & (middle < right)
        if not between.any():
            break
        same = phi.saturated(middle) == begun
        left = np.where(between & same, middle, left)
        right = np.where(between & ~same, middle, right)
    lows = [*([-np.inf] if inside[0] else []), *right[~begun]]
    highs = [*left[begun], *([np.inf] if inside[-1] else [])]
    return tuple((float(low), float(high)) for low, high in zip(lows, highs, strict=True))
