"""The sizes of signals and gradients at initialisation, predicted by mean-field theory.

In a wide network with independent zero-mean weights, pre-activations are Gaussian, and one
number per layer describes them (Poole 2016, Schoenholz 2017):

    q_(l+1) = sigma_w^2 E[phi(sqrt(q_l) z)^2] + sigma_b^2            z ~ N(0, 1)
    g_l     = chi(q_l) g_(l+1)
    chi(q)  = sigma_w^2 E[phi'(sqrt(q) z)^2]

q is the second moment of a pre-activation and g that of the gradient with respect to it; sigma_w^2
is fan_in Var(W) forward and fan_out Var(W) backward; sigma_b^2 = Var(b). The map carries the SECOND
moment of the activations, not their variance: sigmoid and softplus are not centred, and their mean
counts. He 2015 and Glorot & Bengio 2010 are the cases phi = relu and phi = linear.

The maps hold for means over infinitely many networks. The logarithm of one network's mean
square drifts below them, since the mean of a logarithm is below the logarithm of the mean. The
drift is known exactly for activations with phi(c x) = c phi(x) for all c > 0 (``drift``), and to
leading order for the gradients of the others (``leading_drift``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from suite.types import Array


class Phi(Protocol):
    """An activation, as NumPy functions that map float64 to float64 elementwise."""

    def value(self, x: Array) -> Array:
        """Return phi(x) in the shape of ``x``."""
        ...

    def slope(self, x: Array) -> Array:
        """Return phi'(x) in the shape of ``x``."""
        ...


@functools.lru_cache(maxsize=1)
def gaussian_rule() -> tuple[Array, Array]:
    """Return nodes z and weights w, each (n,), with sum(w f(z)) = E[f(z)] for z ~ N(0, 1).

    Gauss-Legendre with 16 nodes on panels of both half lines, to |z| = 12 (beyond lies 4e-33 of
    the mass). Gauss-Hermite nodes would straddle the kink of relu at 0 and lose all but a few
    digits there. The panels shrink geometrically towards 0, so that a sigmoid that switches
    within |z| < 1e-10 (sqrt(q) = 1e10) is resolved as well as a smooth function.
    """
    edges = np.concatenate([[0.0], 2.0 ** np.arange(-40, 1), np.arange(2.0, 13.0)])
    nodes, weights = np.polynomial.legendre.leggauss(16)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    z = (middle[:, None] + half[:, None] * nodes).ravel()
    w = (half[:, None] * weights).ravel() * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.concatenate([-z[::-1], z]), np.concatenate([w[::-1], w])


@dataclass(frozen=True)
class Moments:
    """The moments E[phi], E[phi^2], E[phi'^2] and E[phi'^4] of phi and its slope at sqrt(q) z."""

    mean: float
    square: float
    slope_square: float
    slope_fourth: float

    @property
    def variance(self) -> float:
        """Var[phi]."""
        return self.square - self.mean**2


@np.errstate(over="ignore", invalid="ignore")  # phi^2 may exceed double precision
def moments(phi: Phi, q: float) -> Moments:
    """Return the moments of an activation at N(0, q); NaN where q is not finite."""
    if not math.isfinite(q):
        return Moments(math.nan, math.nan, math.nan, math.nan)
    z, w = gaussian_rule()
    x = math.sqrt(q) * z
    value, square = phi.value(x), phi.slope(x) ** 2
    return Moments(*(float(w @ f) for f in (value, value**2, square, square**2)))


def chi(phi: Phi, q: float, sigma_w2: float) -> float:
    """Return the factor of the gradient's mean square per layer, from the last to the first."""
    return sigma_w2 * moments(phi, q).slope_square


def half_slopes(phi: Phi) -> tuple[float, float] | None:
    """Return the slopes below and above 0 if phi(c x) = c phi(x) for all c > 0, else None."""
    points = np.array([-1e3, -7.0, -1.0, -0.3, -1e-3, 0.0, 1e-3, 0.3, 1.0, 7.0, 1e3])
    below, above = 0.0 - float(phi.value(points[2:3])[0]), float(phi.value(points[-3:-2])[0])
    straight = np.where(points < 0, below, above) * points
    if np.allclose(phi.value(points), straight, rtol=1e-12, atol=0.0):
        return below, above
    return None


@functools.lru_cache(maxsize=256)
def drift(slopes: tuple[float, float], width: int, orthogonal: bool = False) -> tuple[float, float]:
    """Return the mean and variance, in nats, of what one layer adds to the log of the mean square.

    Both are relative to the infinitely wide layer, for the squared norm of ONE input: that of the
    next layer is S = (1/width) sum_i (c_i g_i)^2 times its expected value without the c_i, where
    g_i ~ N(0, 1) and c_i is either half slope with equal probability, all independent of each other
    and of the earlier layers. The log is thus a sum of independent terms, one per layer (Hanin
    2018):

        linear   mean psi(n/2) - ln(n/2), about -1/n     variance psi'(n/2), about 2/n
        relu     mean about -5/(2n)                      variance about 5/n

    The same law holds backward, where the masks are independent of the kernels in law. It is
    exact for Gaussian kernels; for other kernels of independent entries with excess kurtosis k it
    changes by O(k / n^2), because a pre-activation sums n of them and is nearly Gaussian. A square
    ``orthogonal`` kernel keeps the norm, so the linear term drops out.

    For relu a layer is dead (S = 0) with probability 2^-n; the result is conditional on S > 0.

    Both moments come from one integral: T = ln E - ln S, with E ~ Exp(1), has the survival
    function M(exp t), where M is the Laplace transform of S, and ln E has the mean -gamma
    and the variance pi^2/6.
    """
    below, above = slopes[0] ** 2, slopes[1] ** 2
    scale = (below + above) / 2
    # The trapezoidal rule converges geometrically here: the density is analytic and decays
    # exponentially on both sides (like exp(t) below, exp(-t/2) or faster above).
    t = np.arange(-45.0, 100.0, 0.01)
    rate = np.exp(t) * 2 / (width * scale)
    low, high = (1 + rate * below) ** -0.5, (1 + rate * above) ** -0.5
    transform = (low + high) / 2
    falling = rate * (below * low**3 + above * high**3) / 4
    density = width * transform ** (width - 1) * falling
    total = density.sum()
    mean = float(density @ t / total)
    variance = float(density @ (t - mean) ** 2 / total)
    log_mean, log_variance = -np.euler_gamma - mean, variance - math.pi**2 / 6
    if orthogonal:
        linear_mean, linear_variance = drift((1.0, 1.0), width)
        return log_mean - linear_mean, log_variance - linear_variance
    return log_mean, log_variance


def kurtosis_drift(slopes: tuple[float, float], width: int, kurtosis: float) -> tuple[float, float]:
    """Return what kernels of excess kurtosis k add to both results of ``drift``, to leading order.

    A pre-activation sum_j w_j x_j has the excess kurtosis k sum x_j^4 / (sum x_j^2)^2, which is
    3 r k / n for the activations of a layer, with r = E[c^4] / E[c^2]^2 over the half slopes c
    (linear 1, relu 2). The relative variance of the mean square gains r times that over n: the
    variance of the log gains 3 r^2 k / n^2, and its mean minus half of it. Keras' truncated normal
    has k = -0.63: the variance of 16 relu units is 7 % less than with Gaussian kernels.
    """
    below, above = slopes[0] ** 2, slopes[1] ** 2
    ratio = 2 * (below**2 + above**2) / (below + above) ** 2
    added = 3 * ratio**2 * kurtosis / width**2
    return -added / 2, added


def leading_drift(moment: Moments, width: int, orthogonal: bool = False) -> float:
    """Return the drift of the gradient's log in one layer for any phi, to first order in 1 / width.

    The gradient with respect to a pre-activation is phi'(h_i) g_i, with g_i ~ N(0, 1) taken as
    independent of the slopes (the assumption of the gradient map itself). For the mean S of n such
    squares E[ln S] - ln E[S] is about -Var[S] / (2 E[S]^2) = -(3 r - 1) / (2 n) with r = E[phi'^4]
    / E[phi'^2]^2; where the kernel keeps the norm, the -1/n of a linear layer drops out. Saturated
    units make r, and so the drift, large: a few units carry the whole gradient.
    """
    if moment.slope_square == 0:
        return 0.0
    ratio = moment.slope_fourth / moment.slope_square / moment.slope_square  # no underflow to 0
    return -(3 * ratio - (3 if orthogonal else 1)) / (2 * width)


@dataclass(frozen=True)
class Prediction:
    """The prediction per layer, each (depth,), for inputs and a cotangent of mean square 1.

    Mean squares and variances are those of a TYPICAL network, exp of the mean log, where the
    drift is known (see ``predict``), and expectations at infinite width otherwise.
    """

    preactivation_square: Array
    activation_mean: Array
    activation_square: Array
    gradient_square: Array
    """Mean square of the derivative with respect to the pre-activation, for a random cotangent at
    the last activation."""

    @property
    def activation_variance(self) -> Array:
        """The variance of the activations over inputs and units, (depth,)."""
        return np.asarray(self.activation_square - self.activation_mean**2)


def predict(
    phi: Phi,
    shapes: Sequence[tuple[int, int]],
    weight_variance: Sequence[float],
    bias_variance: Sequence[float],
    orthogonal: bool = False,
) -> Prediction:
    """Apply the maps through layers of the given (fan_in, fan_out), each followed by phi.

    ``weight_variance`` and ``bias_variance``: one number per layer, for kernels of mean zero.
    The drift of the log is included backward: exactly for positively homogeneous phi, to leading
    order for others. It is included forward only for positively homogeneous phi without biases
    (with a bias the log is not a sum of increments).
    """
    square = 1.0
    q, layers = [], []
    for (fan_in, _), weight, bias in zip(shapes, weight_variance, bias_variance, strict=True):
        q.append(fan_in * weight * square + bias)
        layers.append(moments(phi, q[-1]))
        square = layers[-1].square
    widths = [fan_out for _, fan_out in shapes]
    slopes = half_slopes(phi)

    def back(layer: int, keeps_norm: bool) -> float:
        if slopes is not None:
            return drift(slopes, widths[layer], keeps_norm)[0]
        return leading_drift(layers[layer], widths[layer], keeps_norm)

    gradient = []
    flow = 1.0
    for layer in reversed(range(len(shapes))):
        # The cotangent at the end is Gaussian, whatever the kernels are.
        keeps_norm = orthogonal and layer < len(shapes) - 1
        flow *= layers[layer].slope_square * math.exp(back(layer, keeps_norm))
        gradient.append(flow)
        flow *= widths[layer] * weight_variance[layer]
    before, mean = np.array(q), np.array([layer.mean for layer in layers])
    after = np.array([layer.square for layer in layers])
    if slopes is not None and not np.any(bias_variance):
        through = np.exp(np.cumsum([drift(slopes, width, orthogonal)[0] for width in widths]))
        kernel = np.exp([drift((1.0, 1.0), width, orthogonal)[0] for width in widths])
        before = before * kernel * np.append(1.0, through[:-1])
        mean, after = mean * np.sqrt(through), after * through
    return Prediction(before, mean, after, np.array(gradient[::-1]))
