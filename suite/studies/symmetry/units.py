"""How far the hidden units of a layer are apart, by their weights: NumPy float64, no framework."""

from __future__ import annotations

import itertools

import numpy as np

from suite.types import Array, Weights, float64


def unit_weights(weights: Weights) -> list[Array]:
    """Per hidden layer (K, fan_in + 1 + fan_out, units): all weights of each unit."""
    return [
        np.concatenate(
            [float64(kernel), float64(bias)[:, None, :], float64(after).swapaxes(1, 2)], axis=1
        )
        for (kernel, bias), (after, _) in itertools.pairwise(weights)
    ]


def share(part: Array, whole: Array) -> Array:
    """part / whole; 0 where both are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(part == 0, 0.0, part / whole)


@np.errstate(invalid="ignore", over="ignore")  # inf and NaN are results
def unit_spread(weights: Weights) -> Array:
    """(K,) the metric ``unit_spread``: largest over the hidden layers."""
    layers = [
        share(np.ptp(units, axis=2).max(axis=1), np.abs(units).max(axis=(1, 2)))
        for units in unit_weights(weights)
    ]
    return np.asarray(np.max(layers, axis=0))


def largest(weights: Weights) -> Array:
    """(K,) largest absolute entry, the output bias left out."""
    entries = [np.abs(float64(kernel)).max(axis=(1, 2)) for kernel, _ in weights]
    entries += [np.abs(float64(bias)).max(axis=1) for _, bias in weights[:-1]]
    return np.asarray(np.max(entries, axis=0))


@np.errstate(invalid="ignore", over="ignore")
def relative_gap(found: Array, exact: Array) -> Array:
    """(K,) largest deviation over the other axes, relative to the largest of ``exact``."""
    axes = tuple(range(1, np.ndim(exact)))
    gap = np.abs(float64(found) - float64(exact)).max(axis=axes)
    return share(gap, np.abs(float64(exact)).max(axis=axes))
