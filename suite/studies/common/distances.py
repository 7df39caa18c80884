"""Kolmogorov-Smirnov distances of a sample from a law, and of one law from another."""

from __future__ import annotations

import math

import numpy as np

from suite.catalogue import laws
from suite.types import Array

ALTERNATIVES: dict[str, laws.Law] = {
    "normal": laws.Normal(lambda fan_in, fan_out: 1.0),
    "truncated": laws.TruncatedNormal(lambda fan_in, fan_out: 1.0),
}
"""The laws of variance 1 with which a kernel in standard deviations is compared."""


def standard(law: laws.Law, fan_in: int, fan_out: int, x: Array) -> Array:
    """Return the distribution function of a law at ``x`` times its standard deviation."""
    return law.cdf(x * math.sqrt(law.variance(fan_in, fan_out)), fan_in, fan_out)


def distance(ordered: Array, probabilities: Array) -> float:
    """Return the Kolmogorov-Smirnov distance of an ascending sample (n,) from a law.

    ``probabilities`` (n,): the distribution function of the law at the sample.
    """
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max((steps[1:] - probabilities).max(), (probabilities - steps[:-1]).max()))


def between(law: laws.Law, other: laws.Law, fan_in: int, fan_out: int) -> float:
    """Return the largest difference of two distribution functions: that of ``other``, which has
    variance 1, and that of ``law`` in units of its standard deviation."""
    x = np.linspace(-5.0, 5.0, 4001)
    return float(np.abs(standard(law, fan_in, fan_out, x) - other.cdf(x, 1, 1)).max())
