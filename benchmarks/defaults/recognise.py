"""Recognise the law from which values were drawn, among laws of a stated variance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from suite.types import Array

LEVEL = 1e-4
"""A law is recognised where a Kolmogorov-Smirnov test does not reject it at this level."""
_WIDENED = float(stats.truncnorm(-2, 2).std())
"""The standard deviation of a standard normal that is cut at 2."""
_SHAPES: Mapping[str, Callable[[float], Any]] = {
    "uniform": lambda s: stats.uniform(-np.sqrt(3) * s, 2 * np.sqrt(3) * s),
    "normal": lambda s: stats.norm(0, s),
    "truncated normal": lambda s: stats.truncnorm(-2, 2, scale=s / _WIDENED),
    "truncated normal, not widened": lambda s: stats.truncnorm(-2, 2, scale=s),
}
"""Shape -> the distribution of a standard deviation; of the one that is not widened, it is that of
the normal before it was cut."""


def recognised(kernel: Array, variances: Mapping[str, float]) -> str:
    """Return the law of a kernel's entries in words, as in ``uniform, 1/(3 fan_in)``.

    ``variances``: what the variance may be, in words -> the number. Values that are all equal are
    that number. Where no law fits, the measured variance and kurtosis are returned.
    """
    values = np.asarray(kernel, dtype=np.float64)
    levels = np.unique(values)
    if len(levels) <= 2:
        return " and ".join(f"{level:g}" for level in levels)
    if _orthogonal(values):
        return "orthogonal"
    fits = {
        f"{shape}, {words}": stats.kstest(values.ravel(), law(np.sqrt(variance)).cdf).pvalue
        for words, variance in variances.items()
        for shape, law in _SHAPES.items()
    }
    best = max(fits, key=lambda name: fits[name])
    if fits[best] > LEVEL:
        return best
    kurtosis = stats.kurtosis(values, axis=None, fisher=False)
    return f"variance {values.var():.3g}, kurtosis {kurtosis:.2f}"


def _orthogonal(values: Array) -> bool:
    """Whether the rows or the columns of a matrix are orthonormal."""
    if values.ndim != 2:
        return False
    wide = values if values.shape[0] <= values.shape[1] else values.T
    return bool(np.abs(wide @ wide.T - np.eye(len(wide))).max() < 1e-4)
