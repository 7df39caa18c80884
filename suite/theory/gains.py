"""The factor of the kernels that keeps a signal's size, and its stability, by quadrature.

With fan_in Var(W) = gain^2 and no bias, a wide layer maps the mean square q of its pre-activations
to gain^2 E[phi(sqrt(q) z)^2], and the mean square of the gradient grows by chi(q)
(``suite.theory.mean_field``). A fixed point of that map attracts where d ln q' / d ln q is below 1,
and repels where it is above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.theory.mean_field import Phi, gaussian_rule, moments
from suite.types import Array


def unit_gain(phi: Phi) -> float:
    """Return the gain that maps q = 1 to q = 1: E[phi(z)^2]^(-1/2)."""
    return 1.0 / math.sqrt(moments(phi, 1.0).square)


def response(phi: Phi, q: float) -> float:
    """Return d ln q' / d ln q of the map at q, which does not depend on the gain.

    The derivative of E[phi(sqrt(q) z)^2] by ln q is E[phi(x) phi'(x) x] with x = sqrt(q) z.
    """
    z, w = gaussian_rule()
    x = math.sqrt(q) * z
    value = phi.value(x)
    return float(w @ (value * phi.slope(x) * x)) / float(w @ value**2)


def iterate(phi: Phi, gain: float, q: float, layers: int) -> Array:
    """Return q of the pre-activations of layers 1 to ``layers``, (layers,); ``q`` is layer 1's."""
    squares = [q]
    for _ in range(layers - 1):
        squares.append(gain**2 * moments(phi, squares[-1]).square)
    return np.array(squares)


@dataclass(frozen=True)
class FixedPoint:
    """A mean square q that a layer maps to itself.

    ``response`` is d ln q' / d ln q there: the point attracts below 1 and repels above. ``chi`` is
    the factor of the gradient's mean square per layer at that q.
    """

    q: float
    response: float
    chi: float


def fixed_points(phi: Phi, gain: float) -> tuple[FixedPoint, ...]:
    """Return the fixed points between 1e-6 and 1e6 of the map of this gain, ascending.

    There are none where every q is one (a positively homogeneous phi at its unit gain), and where
    the map leaves the range. A scan of 20 steps per factor of 10 brackets each for a bisection in
    ln q, so that two within a factor of 1.12 are not seen.
    """

    def growth(logarithm: float) -> float:
        q = math.exp(logarithm)
        square = moments(phi, q).square
        return math.log(gain**2 * square) - logarithm if square > 0 else -math.inf

    grid = np.linspace(math.log(1e-6), math.log(1e6), 241)
    values = np.array([growth(point) for point in grid])
    if np.isfinite(values).all() and np.ptp(values) < 1e-9:
        return ()
    found: list[FixedPoint] = []
    for crossing in np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:])):
        low, high = float(grid[crossing]), float(grid[crossing + 1])
        sign = math.copysign(1.0, growth(low) or -growth(high))
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if sign * growth(middle) > 0 else (low, middle)
        q = math.exp((low + high) / 2)
        if found and math.isclose(found[-1].q, q, rel_tol=1e-9):
            continue  # a point of the scan is the fixed point, and both brackets beside it hold it
        found.append(FixedPoint(q, response(phi, q), gain**2 * moments(phi, q).slope_square))
    return tuple(found)


def fixed_point(phi: Phi, gain: float) -> float:
    """Return the largest of ``fixed_points``; NaN where there is none."""
    found = fixed_points(phi, gain)
    return found[-1].q if found else math.nan
