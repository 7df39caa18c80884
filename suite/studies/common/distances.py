"""Kolmogorov-Smirnov: how far a sample is from a law, and one law from another."""

from __future__ import annotations

import math

import numpy as np

from suite.catalogue import laws
from suite.types import Array

ALTERNATIVES: dict[str, laws.Law] = {
    "normal": laws.Normal(lambda fan_in, fan_out: 1.0),
    "truncated": laws.TruncatedNormal(lambda fan_in, fan_out: 1.0),
}
"""The laws of variance 1 that a kernel in standard deviations may be taken for."""


def standard(law: laws.Law, fan_in: int, fan_out: int, x: Array) -> Array:
    """The distribution function of a law at ``x`` of its own standard deviations."""
    return law.cdf(x * math.sqrt(law.variance(fan_in, fan_out)), fan_in, fan_out)


def distance(ordered: Array, probabilities: Array) -> float:
    """Kolmogorov-Smirnov: ``probabilities`` (n,) of a law at the ascending sample (n,)."""
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max((steps[1:] - probabilities).max(), (probabilities - steps[:-1]).max()))


def apart(law: laws.Law, other: laws.Law, fan_in: int, fan_out: int) -> float:
    """The largest difference of two distribution functions, ``other`` of variance 1 and ``law``
    in its own standard deviations."""
    x = np.linspace(-5.0, 5.0, 4001)
    return float(np.abs(standard(law, fan_in, fan_out, x) - other.cdf(x, 1, 1)).max())
