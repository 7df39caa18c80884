"""The share of saturated units, counted by comparing values with the ends of intervals.

``activations.Resolved.saturated`` is the definition, by the slope at each value. The intervals in
which it is true are computed here once for each activation, to the last bit of a double.
"""

from __future__ import annotations

import functools

import numpy as np

from suite.catalogue import activations
from suite.types import Array

_LARGEST = 1e38
"""The largest number examined; beyond it, up to infinity, saturation is taken as constant."""


def share(phi: activations.Resolved, values: Array, mask: Array) -> Array:
    """Return the saturated share of each layer: (depth, samples, width) float64 -> (depth,).

    ``mask`` is memory for the comparisons, bool. The share is correct for layers that are finite.
    """
    counts = np.zeros(len(values))
    for low, high in intervals(phi.name):
        if low > -np.inf:
            counts -= count(np.less(values, low, out=mask))
        # Add the values that are not above the interval: all if it is unbounded.
        counts += values[0].size if high == np.inf else count(np.less_equal(values, high, out=mask))
    return np.asarray(counts / values[0].size)


def count(flags: Array) -> Array:
    """Count the true values of each layer: (depth, samples, width) bool -> (depth,).

    Each layer by itself, because ``count_nonzero`` along an axis widens every value to 8 bytes.
    """
    return np.array([np.count_nonzero(layer) for layer in flags])


@functools.lru_cache(maxsize=256)
@np.errstate(over="ignore", under="ignore", invalid="ignore")
def intervals(activation: str) -> tuple[tuple[float, float], ...]:
    """Return the closed intervals (low, high) of finite numbers in which an activation is
    saturated."""
    phi = activations.resolve(activation)
    above = np.union1d(np.geomspace(1e-300, _LARGEST, 4_000), np.linspace(0.0, 50.0, 50_001))
    grid = np.concatenate([-above[:0:-1], above])
    inside = phi.saturated(grid)
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    left, right, saturated_left = grid[changes], grid[changes + 1], inside[changes]
    while True:
        middle = left + (right - left) / 2
        between = (left < middle) & (middle < right)
        if not between.any():
            break
        same = phi.saturated(middle) == saturated_left
        left = np.where(between & same, middle, left)
        right = np.where(between & ~same, middle, right)
    lows = [*([-np.inf] if inside[0] else []), *right[~saturated_left]]
    highs = [*left[saturated_left], *([np.inf] if inside[-1] else [])]
    return tuple((float(low), float(high)) for low, high in zip(lows, highs, strict=True))
