"""The formulas that are measured, in arbitrary precision: value and slope at one point.

Each function takes mpmath's context and a number of it, and returns the value and the slope, of a
relative error near the context's precision: no step takes the difference of nearly equal numbers,
except where a slope passes through 0, which 200 bits bear. The sources of the formulas are those
of the catalogue, to whose float64 definitions a test ties these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from suite.catalogue.activations import SELU_ALPHA, SELU_SCALE

Number = Any
"""A number of mpmath, which ships no types."""
Formula = Callable[..., tuple[Number, Number]]
"""(context, x, *parameters) -> value and slope at x."""

PRECISION = 200
"""Bits of the context: 147 more than double precision has."""


def _sigmoid(mp: Any, x: Number) -> Number:
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def _softplus(mp: Any, x: Number) -> Number:
    return mp.log1p(mp.exp(x)) if x <= 0 else x + mp.log1p(mp.exp(-x))


def linear(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return x and 1."""
    return x, mp.mpf(1)


def sigmoid(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return s(x) = 1 / (1 + exp(-x)) and s(x) s(-x)."""
    return _sigmoid(mp, x), _sigmoid(mp, x) * _sigmoid(mp, -x)


def tanh(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return tanh(x) and 4 s(2x) s(-2x), which is 1 - tanh(x)^2."""
    return mp.tanh(x), 4 * _sigmoid(mp, 2 * x) * _sigmoid(mp, -2 * x)


def relu(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return max(x, 0) and its slope, 0 at 0."""
    return leaky_relu(mp, x, 0.0)


def leaky_relu(mp: Any, x: Number, slope: float) -> tuple[Number, Number]:
    """Return x where it is positive, else slope x; and the factor."""
    factor = mp.mpf(1) if x > 0 else mp.mpf(slope)
    return factor * x, factor


def elu(mp: Any, x: Number, alpha: float) -> tuple[Number, Number]:
    """Return x where it is positive, else alpha (exp(x) - 1); and the slope, alpha exp(x)."""
    if x > 0:
        return x, mp.mpf(1)
    return alpha * mp.expm1(x), alpha * mp.exp(x)


def gelu(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return x P(x), P the standard normal distribution, and P(x) + x p(x), p its density."""
    if abs(x) > 1000:  # exp(-x^2 / 2) is below the smallest number of every type
        return (x, mp.mpf(1)) if x > 0 else (mp.mpf(0), mp.mpf(0))
    below = mp.erfc(-x / mp.sqrt(2)) / 2
    return x * below, below + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def selu(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return the scaled ELU of Klambauer et al. 2017 with the constants of the catalogue."""
    value, slope = elu(mp, x, SELU_ALPHA)
    return SELU_SCALE * value, SELU_SCALE * slope


def silu(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return x s(x) and s(x) (1 + x s(-x))."""
    return x * _sigmoid(mp, x), _sigmoid(mp, x) * (1 + x * _sigmoid(mp, -x))


def softplus(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return ln(1 + exp(x)) and s(x)."""
    return _softplus(mp, x), _sigmoid(mp, x)


def softsign(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return x / (1 + |x|) and 1 / (1 + |x|)^2."""
    return x / (1 + abs(x)), 1 / (1 + abs(x)) ** 2


def mish(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return x t, t = tanh(ln(1 + exp(x))), and t + x (1 - t^2) s(x).

    With e = exp(-|x|), t is a ratio of polynomials in e without cancellation.
    """
    e = mp.exp(-abs(x))
    if x >= 0:
        above, below = 1 + 2 * e, 1 + 2 * e + 2 * e * e
        rest = 4 * e * e * (1 + e) ** 2 / below**2
    else:
        above, below = e * (e + 2), e * e + 2 * e + 2
        rest = 4 * (1 + e) ** 2 / below**2
    t = above / below
    return x * t, t + x * rest * _sigmoid(mp, x)


def softplus_of_minus(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return ln(1 + exp(-x)) and -s(-x)."""
    return _softplus(mp, -x), -_sigmoid(mp, -x)


def log_softmax(mp: Any, x: Number) -> tuple[Number, Number]:
    """Return -ln(1 + exp(-x)) and s(-x)."""
    return -_softplus(mp, -x), _sigmoid(mp, -x)


def squared(mp: Any, x: Number, target: float) -> tuple[Number, Number]:
    """Return (x - target)^2 and 2 (x - target)."""
    return (x - target) ** 2, 2 * (x - target)


def standardized(mp: Any, x: Number, epsilon: float) -> tuple[Number, Number]:
    """Return x / sqrt(x^2 + epsilon) and epsilon / (2 (x^2 + epsilon)^(3/2))."""
    square = x * x + epsilon
    return x / mp.sqrt(square), epsilon / (2 * square * mp.sqrt(square))
