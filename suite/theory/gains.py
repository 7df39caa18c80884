"""Which factor of the kernels keeps a signal's size, and whether it does so stably: by quadrature.

With fan_in Var(W) = gain^2 and no bias, the mean square q of a wide layer's pre-activations
becomes gain^2 E[phi(sqrt(q) z)^2], and that of the gradient grows by chi(q)
(``suite.theory.mean_field``).
A fixed point of that map attracts where d ln q' / d ln q is below 1, and repels above.
"""

from __future__ import annotations

import math

import numpy as np

from suite.theory.mean_field import Phi, gaussian_rule, moments
from suite.types import Array


def unit_gain(phi: Phi) -> float:
    """The gain that carries q = 1 to q = 1: E[phi(z)^2]^(-1/2)."""
    return 1.0 / math.sqrt(moments(phi, 1.0).square)


def response(phi: Phi, q: float) -> float:
    """d ln q' / d ln q of the map at q; it does not depend on the gain.

    The derivative of E[phi(sqrt(q) z)^2] by ln q is E[phi(x) phi'(x) x] with x = sqrt(q) z.
    """
    z, w = gaussian_rule()
    x = math.sqrt(q) * z
    value = phi.value(x)
    return float(w @ (value * phi.slope(x) * x)) / float(w @ value**2)


def iterate(phi: Phi, gain: float, q: float, layers: int) -> Array:
    """q of the pre-activations of layers 1 to ``layers``, (layers,); that of layer 1 is given."""
    squares = [q]
    for _ in range(layers - 1):
        squares.append(gain**2 * moments(phi, squares[-1]).square)
    return np.array(squares)


def fixed_point(phi: Phi, gain: float) -> float:
    """The largest q between 1e-6 and 1e6 that the map of this gain leaves as it is.

    NaN where there is none, or where every q is one (a positively homogeneous phi at its unit
    gain). Found by bisection in ln q after a scan of 20 steps per factor of 10.
    """

    def growth(logarithm: float) -> float:
        q = math.exp(logarithm)
        return math.log(gain**2 * moments(phi, q).square) - logarithm

    grid = np.linspace(math.log(1e-6), math.log(1e6), 241)
    values = np.array([growth(point) for point in grid])
    if np.ptp(values) < 1e-9:
        return math.nan
    crossings = np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:]))
    if not len(crossings):
        return math.nan
    low, high = float(grid[crossings[-1]]), float(grid[crossings[-1] + 1])
    sign = math.copysign(1.0, growth(low) or -growth(high))
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if sign * growth(middle) > 0 else (low, middle)
    return math.exp((low + high) / 2)
