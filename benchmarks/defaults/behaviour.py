"""Measure numbers by what objects do: optimizers by their steps, layers by their outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from suite.types import Array

Steps = Callable[[Sequence[float]], Sequence[float]]
"""Gradients of one parameter, one after the other -> what a fresh optimizer subtracts each time."""


def rate(steps: Steps) -> float:
    """Return the learning rate of gradient descent: the step of a gradient of 1."""
    return steps([1.0])[0]


def adam_rate(steps: Steps) -> float:
    """Return the learning rate of Adam: its first step, whatever the gradient."""
    return steps([1e3])[0]


def adam_floor(steps: Steps) -> float:
    """Return what Adam adds to the root of the corrected mean square: the first step of g is
    rate g / (g + floor)."""
    g = 1e-9
    return g * (adam_rate(steps) / steps([g])[0] - 1.0)


def rmsprop_decay(steps: Steps) -> float:
    """Return the share of the old mean square: two equal gradients give steps whose squares have
    the quotient 1 + share."""
    first, second = steps([1e3, 1e3])
    return (first / second) ** 2 - 1.0


def rmsprop_rate(steps: Steps) -> float:
    """Return the learning rate of RMSprop: the first step is rate / sqrt(1 - share)."""
    return steps([1e3])[0] * float(np.sqrt(1.0 - rmsprop_decay(steps)))


def rmsprop_floor(steps: Steps) -> float:
    """Return the smallest number by which RMSprop divides a gradient."""
    g = 1e-12
    return rmsprop_rate(steps) * g / steps([g])[0]


def epsilon(normalise: Callable[[Array], Array]) -> float:
    """Return what a normalization layer adds to the variance: it makes d / sqrt(d^2 + epsilon) of
    values d and -d."""
    d = 1e-3
    x = np.array([[d, -d], [-d, d]] * 8, dtype=np.float32)
    y = float(np.abs(normalise(x)).mean())
    return d * d * (1.0 / (y * y) - 1.0)


def gelu_form(function: Callable[[Array], Array]) -> str:
    """Return ``exact`` or ``tanh``, the form of GELU: at -2 they are 1e-4 apart."""
    at = float(np.asarray(function(np.array([-2.0], dtype=np.float32)))[0])
    forms = {"exact": -0.04550026, "tanh": -0.04540231}
    return min(forms, key=lambda name: abs(forms[name] - at))
