"""The sizes of signals and gradients at initialisation in networks with normalization.

Infinitely wide layers with independent zero-mean Gaussian kernels, gamma 1, beta 0, epsilon 0.
A normalised pre-activation is z ~ N(0, 1), whatever the scale of the kernel. With s = E[phi'(z)^2]
the gradient changes, per layer towards the input, by

    none    sigma_w^2 E[phi'(sqrt(q) z)^2]   q the mean square of the pre-activation
    batch   s / Var[phi(z)]                  the mean over the batch is subtracted
    layer   s / E[phi(z)^2]

For relu that is sigma_w^2 / 2, pi / (pi - 1) (Yang et al. 2019, large batches) and 1. Since
Var[phi(z)] <= E[phi'(z)^2] for every phi (the Poincare inequality for Gaussians), with equality
for linear phi alone, batch normalization makes the gradient of every other chain grow.

A residual connection turns a factor c into 1 + r^2 c, with the variance of the stream below in
place of that of the last layer. See Zhang, Dauphin and Ma 2019 and De and Smith 2020.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.catalogue.normalizations import NORMALIZATIONS
from suite.theory.mean_field import Moments, Phi, gaussian_rule, half_slopes, moments
from suite.types import Array

Axes = tuple[int, ...] | None
NOTHING, BATCH, FEATURES = (), (0,), (1,)
"""The axes of values (batch, features) that no, batch and layer normalization average."""


@dataclass(frozen=True)
class Expected:
    """The prediction per layer, for inputs and a cotangent at the last output of mean square 1."""

    signal: Array
    """(depth,) the mean square of each layer's output."""
    gradient: Array
    """(depth + 1,) the mean square of the gradient with respect to the inputs and to each layer's
    output."""


@dataclass(frozen=True)
class _Stream:
    """The output of a layer: the mean square and mean of a unit over networks and batch, and its
    variance over the batch alone."""

    square: float
    mean: float
    variance: float


def propagate(
    phi: Phi,
    arrangement: str,
    normalization: str,
    residual: float,
    sigma_w2: float,
    depth: int,
    batch: int,
) -> Expected:
    """Apply the maps through ``depth`` layers.

    ``arrangement``: chain or blocks, as the probe ``normalized.propagate`` defines them;
    ``sigma_w2`` = width Var(W); ``batch``: the number of inputs in a batch.

    NaN throughout for a normalization that averages other axes than the batch or the features.
    Raises UserError for one that is not in the catalogue.
    """
    averaged = NORMALIZATIONS[normalization].definition.axes
    if averaged not in (NOTHING, BATCH, FEATURES):
        return Expected(np.full(depth, np.nan), np.full(depth + 1, np.nan))
    stream = _Stream(1.0, 0.0, 1.0)
    signal, factors = [], []
    for position in range(depth):
        skip = residual if arrangement == "blocks" or position > 0 else 0.0
        inside = moments(phi, _preactivation(arrangement, averaged, sigma_w2, stream))
        factor = _factor(arrangement, averaged, sigma_w2, inside, stream)
        if averaged == BATCH and arrangement == "chain" and not skip and position > 0:
            factor = batch_factor(phi, batch)
        branch = _branch(arrangement, sigma_w2, inside)
        stream = _joined(stream, branch, skip) if skip else branch
        signal.append(stream.square)
        factors.append(1 + skip**2 * factor if skip else factor)
    gradient = np.cumprod([1.0, *factors[::-1]])[::-1]
    return Expected(np.array(signal), gradient)


def _preactivation(arrangement: str, averaged: Axes, sigma_w2: float, x: _Stream) -> float:
    """Return the mean square of the input of the activation."""
    if averaged != NOTHING:
        return 1.0
    return sigma_w2 * x.square if arrangement == "chain" else x.square


def _factor(
    arrangement: str, averaged: Axes, sigma_w2: float, inside: Moments, x: _Stream
) -> float:
    """Return the factor of the gradient's mean square in one branch; x: the branch's input."""
    if averaged == NOTHING:
        return sigma_w2 * inside.slope_square
    size = x.variance if averaged == BATCH else x.square
    # The kernel of a chain stands before the normalization, which divides its scale away.
    return (1.0 if arrangement == "chain" else sigma_w2) * inside.slope_square / size


def _branch(arrangement: str, sigma_w2: float, inside: Moments) -> _Stream:
    if arrangement == "chain":
        return _Stream(inside.square, inside.mean, inside.variance)
    return _Stream(sigma_w2 * inside.square, 0.0, sigma_w2 * inside.variance)


def _joined(x: _Stream, branch: _Stream, skip: float) -> _Stream:
    """Return the moments of x + skip * branch, whose units are uncorrelated except for their
    means."""
    return _Stream(
        x.square + 2 * skip * x.mean * branch.mean + skip**2 * branch.square,
        x.mean + skip * branch.mean,
        x.variance + skip**2 * branch.variance,
    )


def batch_factor(phi: Phi, batch: int) -> float:
    """Return the growth of the gradient's mean square per layer of a chain with batch norm.

    The normalised values z of a unit are uniform on the sphere of radius sqrt(B) among the vectors
    of mean 0, so two of them correlate by c = -1/(B - 1), and so do two gradients, whose sum over
    the batch is 0. A unit's own variance has B - 1 degrees of freedom, and its inverse the mean
    (B - 1)/(B - 3). With gap(f) = E[f(z1)^2] - E[f(z1) f(z2)] the factor is

        (E[phi'^2] - (gap(phi') + gap(phi' z)) / B) B / (gap(phi) (B - 3))

    which is (B - 2)/(B - 3) for linear phi (Yang et al. 2019) and falls to pi/(pi - 1) for relu.
    The gaps are exact where phi(c x) = c phi(x) for c > 0, and of first order in c otherwise. NaN
    below 5 inputs.
    """
    if batch < 5:
        return math.nan
    slopes = half_slopes(phi)
    square, steep, turned, values = (
        _smooth(phi, batch) if slopes is None else _homogeneous(*slopes, batch)
    )
    return (square - (steep + turned) / batch) * batch / (values * (batch - 3))


def _smooth(phi: Phi, batch: int) -> tuple[float, float, float, float]:
    """Return E[phi'^2], gap(phi'), gap(phi' z) and gap(phi), to first order in c.

    One coordinate of the sphere has the density (1 - z^2/(B - 1))^((B - 4)/2), and, as for
    Gaussians, E[f(z1) f(z2)] is about E[f]^2 + c E[f z]^2.
    """
    z, weights = gaussian_rule()
    inside = np.clip(1 - z**2 / (batch - 1), 0, None)
    weights = weights * np.exp(z**2 / 2) * inside ** ((batch - 4) / 2)
    weights = weights / weights.sum()

    def gap(f: Array) -> float:
        return float(weights @ f**2 - (weights @ f) ** 2 + (weights @ (f * z)) ** 2 / (batch - 1))

    slope = phi.slope(z)
    return float(weights @ slope**2), gap(slope), gap(slope * z), gap(phi.value(z))


def _homogeneous(below: float, above: float, batch: int) -> tuple[float, float, float, float]:
    """Return the same numbers as ``_smooth`` for half slopes, exactly.

    Here phi' z = phi, and the length of z cancels.
    """
    equal, opposite, c = below**2 + above**2, 2 * below * above, -1 / (batch - 1)

    def value(c: float) -> float:
        """Return E[relu(z1) relu(z2)] at correlation c (Cho and Saul 2009)."""
        return (math.sqrt(1 - c**2) + c * (math.pi - math.acos(c))) / (2 * math.pi)

    def slope(c: float) -> float:
        """Return P(z1 > 0, z2 > 0)."""
        return 0.25 + math.asin(c) / (2 * math.pi)

    values = equal / 2 - (equal * value(c) - opposite * value(-c))
    steep = equal / 2 - (equal * slope(c) + opposite * slope(-c))
    return equal / 2, steep, values, values
