"""Derivatives by finite differences in double precision, for functions without a formula for them.

Differences over steps that halve are extrapolated to a step of 0 (Richardson), and at each point
the extrapolation with the smallest estimated error is taken (Ridders 1982, "Accurate computation
of F'(x) and F'(x)F''(x)"). No difference is taken across a kink, or from a kink's other side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from suite.types import Array, float64

STEPS = 36
"""Steps that are tried, each half of the one before; the first is an eighth of max(1, |x|)."""
ORDER = 5
"""Columns of the extrapolation."""


@dataclass(frozen=True)
class Slope:
    """Derivatives (the shape of the points), and an estimate of the error of each.

    The error is the change by the last extrapolation plus the rounding of the two values over
    their distance. It does not see a jump of the second derivative, beside which the derivative of
    a function of size 1 may be off by 1e-12. NaN and infinity where the function is not finite
    around a point.
    """

    value: Array
    error: Array


def slope(function: Callable[[Array], Array], points: Array, kinks: tuple[float, ...]) -> Slope:
    """Return the derivative of a function of float64 arrays at points of any shape.

    Within an eighth of max(1, |x|) of a kink the differences are taken on the point's own side of
    it, away from the kink; at the kink from the left, as in ``suite.catalogue.activations``.
    """
    shape, x = np.shape(points), float64(points).reshape(-1)
    first = 0.125 * np.maximum(1.0, np.abs(x))
    side = _side(x, first, kinks)
    with np.errstate(all="ignore"):
        both = [_extrapolated(function, x[chosen], first[chosen], to) for chosen, to in side]
    value, error = np.empty(len(x)), np.empty(len(x))
    for (chosen, _), found in zip(side, both, strict=True):
        value[chosen], error[chosen] = found.value, found.error
    return Slope(value.reshape(shape), error.reshape(shape))


def _side(x: Array, reach: Array, kinks: tuple[float, ...]) -> list[tuple[Array, int]]:
    """Return the points (bool) for which differences go both ways (0), down (-1), up (+1)."""
    to = np.where(np.abs(x) >= 0.5 * np.finfo(float).max, -np.sign(x), 0.0)
    nearest = np.full(len(x), np.inf)
    for kink in kinks:
        distance = np.abs(x - kink)
        near = (distance < np.minimum(reach, nearest)) & np.isfinite(x)
        to = np.where(near, np.where(x > kink, 1.0, -1.0), to)
        nearest = np.minimum(nearest, distance)
    return [(to == way, way) for way in (0, -1, 1) if (to == way).any()]


def _extrapolated(function: Callable[[Array], Array], x: Array, first: Array, way: int) -> Slope:
    steps = first * 0.5 ** np.arange(STEPS)[:, None]
    ahead = x + steps if way >= 0 else x + 0.0 * steps
    behind = x - steps if way <= 0 else x + 0.0 * steps
    high, low = float64(function(ahead)), float64(function(behind))
    gap = ahead - behind
    table = (high - low) / gap
    noise = np.finfo(float).eps * np.maximum(np.abs(high), np.abs(low)) / gap
    columns: list[tuple[Array, Array]] = []
    for column in range(1, ORDER + 1):
        factor = 2.0 ** (2 * column if way == 0 else column)
        finer = table[1:] + (table[1:] - table[:-1]) / (factor - 1.0)
        noise = np.maximum(noise[1:], noise[:-1])
        change = np.maximum(np.abs(finer - table[1:]), np.abs(finer - table[:-1])) + 4.0 * noise
        columns.append((finer, np.where(np.isfinite(finer + change), change, np.inf)))
        table = finer
    best, error = np.full(len(x), np.nan), np.full(len(x), np.inf)
    for row in reversed(range(STEPS - 1)):
        for finer, change in columns:
            if row < len(finer):
                # Long steps over many periods may agree with each other by chance: what the short
                # ones contradict is as wrong as they say.
                apart = np.abs(finer[row] - best)
                against = apart > 10.0 * (change[row] + error)
                off = np.where(against, apart, change[row])
                better = off < error
                best = np.where(better, finer[row], best)
                error = np.where(better, off, error)
    return Slope(best, error)
