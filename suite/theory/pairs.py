"""The correlation of two inputs and of their gradients at initialisation, layer by layer.

For two inputs of equal norm whose pre-activations correlate by c in a wide layer (Poole 2016,
Schoenholz 2017):

    q_(l+1) c_(l+1) = sigma_w^2 E[phi(u) phi(v)] + sigma_b^2     u, v ~ N(0, q_l), correlation c_l
    r_l             = E[phi'(u) phi'(v)] / E[phi'(u)^2] r_(l+1)

c is the cosine of the two pre-activations, over the units; r is the cosine of the two gradients
with respect to them, 1 at the end, where both have the same cotangent. Where phi(x) = b x above 0
and a x below, both expectations are the arc-cosine kernels of Cho and Saul 2009; for other phi they
are integrated.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from suite.theory.mean_field import Phi, half_slopes, moments
from suite.types import Array

_NODES = 80
"""Nodes of the Gauss-Hermite rule for each of two independent Gaussians: 1e-5 for tanh at
q = 2.2."""


@functools.lru_cache(maxsize=1)
def _rule() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return nodes, weights / math.sqrt(2 * math.pi)


def _smooth(function: Phi, q: float, c: float, slopes: bool) -> float:
    """Return E[f(u) f(v)] with f = phi or phi', by a product rule for functions without a kink."""
    z, w = _rule()
    u = math.sqrt(q) * z
    v = math.sqrt(q) * (c * z[:, None] + math.sqrt(max(1.0 - c * c, 0.0)) * z)
    f = function.slope if slopes else function.value
    return float(w @ (f(u)[:, None] * f(v)) @ w)


def product(phi: Phi, q: float, c: float) -> float:
    """Return E[phi(u) phi(v)] for u, v ~ N(0, q) with correlation c.

    Where phi has a kink it must be positively homogeneous (relu, leaky_relu).
    """
    slopes = half_slopes(phi)
    if slopes is None:
        return _smooth(phi, q, c, slopes=False)
    below, above = slopes

    def same_side(c: float) -> float:  # E[relu(u) relu(v)] / q
        return (math.sqrt(1.0 - c * c) + c * (math.pi - math.acos(c))) / (2 * math.pi)

    c = min(max(c, -1.0), 1.0)
    return q * ((below**2 + above**2) * same_side(c) - 2 * below * above * same_side(-c))


def slope_product(phi: Phi, q: float, c: float) -> float:
    """Return E[phi'(u) phi'(v)] for u, v ~ N(0, q) with correlation c; phi as in ``product``."""
    slopes = half_slopes(phi)
    if slopes is None:
        return _smooth(phi, q, c, slopes=True)
    below, above = slopes

    def same_side(c: float) -> float:  # P(u > 0 and v > 0)
        return (math.pi - math.acos(c)) / (2 * math.pi)

    c = min(max(c, -1.0), 1.0)
    return (below**2 + above**2) * same_side(c) + 2 * below * above * same_side(-c)


@dataclass(frozen=True)
class Pair:
    """The prediction per layer, each (depth,), at infinite width, for inputs of mean square 1."""

    square: Array
    """The mean square q of the pre-activations of each input."""
    correlation: Array
    """The cosine c of the two inputs' pre-activations."""
    gradient_cosine: Array
    """The cosine r of the two gradients with respect to the pre-activations, for one cotangent."""


def predict(
    phi: Phi, depth: int, correlation: float, weight_variance: float, bias_variance: float
) -> Pair:
    """Apply the maps through ``depth`` layers to two inputs of mean square 1 and given cosine.

    ``weight_variance``: fan_in Var(W); ``bias_variance``: Var(b); each layer ends with phi.
    """
    square, common = 1.0, correlation
    q, c, r = [], [], []
    for _ in range(depth):
        q.append(weight_variance * square + bias_variance)
        c.append((weight_variance * common + bias_variance) / q[-1])
        square, common = moments(phi, q[-1]).square, product(phi, q[-1], c[-1])
        r.append(slope_product(phi, q[-1], c[-1]) / moments(phi, q[-1]).slope_square)
    return Pair(np.array(q), np.array(c), np.cumprod(r[::-1])[::-1])


@dataclass(frozen=True)
class Limit:
    """The limit of the maps of q and c, and how fast c approaches it."""

    square: float
    correlation: float
    factor: float
    """The factor by which the distance of c from its limit shrinks per layer, near the limit."""

    @property
    def length(self) -> float:
        """The number of layers in which that distance falls by a factor of e: -1 / ln(factor)."""
        return -1.0 / math.log(self.factor)


def limit(phi: Phi, weight_variance: float, bias_variance: float) -> Limit:
    """Return the limit of the maps from q = 1 for two different inputs.

    For phi whose map of q has one attracting fixed point above 0 (tanh with a bias). Where chi is
    at most 1 at that point, c = 1 attracts; else the map of c crosses the diagonal once below 1.
    """
    q, before = 1.0, 0.0
    while abs(q - before) > 1e-12 * q:
        q, before = weight_variance * moments(phi, q).square + bias_variance, q
    chi = weight_variance * moments(phi, q).slope_square
    if chi <= 1.0:
        return Limit(q, 1.0, chi)
    low, high = 0.0, 1.0 - 1e-9
    for _ in range(60):
        c = (low + high) / 2
        rises = (weight_variance * product(phi, q, c) + bias_variance) / q > c
        low, high = (c, high) if rises else (low, c)
    return Limit(q, c, weight_variance * slope_product(phi, q, c))
