"""Deviations from exact values, relative to the largest of them."""

from __future__ import annotations

import numpy as np

from suite.types import Array, float64


def ratio(part: Array, whole: Array) -> Array:
    """Return part / whole; 0 where ``part`` is 0, inf where only ``whole`` is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(part == 0, 0.0, part / whole)


@np.errstate(invalid="ignore", over="ignore")  # inf and NaN are results
def relative(measured: Array, exact: Array) -> Array:
    """Return each member's largest deviation, relative to its largest exact entry: (K, ...) ->
    (K,).

    0 where both are zero throughout, inf where only the exact values are.
    """
    axes = tuple(range(1, np.ndim(exact)))
    deviation = np.abs(float64(measured) - float64(exact)).max(axis=axes)
    return ratio(deviation, np.abs(float64(exact)).max(axis=axes))
