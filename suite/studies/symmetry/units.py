"""The differences between the hidden units of a layer, by their weights, in NumPy float64."""

from __future__ import annotations

import itertools

import numpy as np

from suite.studies.common.deviations import ratio
from suite.types import Array, Weights, float64


def unit_weights(weights: Weights) -> list[Array]:
    """Return all weights of each unit: (K, fan_in + 1 + fan_out, units) for each hidden layer."""
    return [
        np.concatenate(
            [float64(kernel), float64(bias)[:, None, :], float64(outgoing).swapaxes(1, 2)], axis=1
        )
        for (kernel, bias), (outgoing, _) in itertools.pairwise(weights)
    ]


@np.errstate(invalid="ignore", over="ignore")  # inf and NaN are results
def unit_spread(weights: Weights) -> Array:
    """Return the metric ``unit_spread``, (K,): the largest over the hidden layers."""
    layers = [
        ratio(np.ptp(units, axis=2).max(axis=1), np.abs(units).max(axis=(1, 2)))
        for units in unit_weights(weights)
    ]
    return np.asarray(np.max(layers, axis=0))


def largest(weights: Weights) -> Array:
    """Return the largest absolute entry, (K,), except the output bias."""
    entries = [np.abs(float64(kernel)).max(axis=(1, 2)) for kernel, _ in weights]
    entries += [np.abs(float64(bias)).max(axis=1) for _, bias in weights[:-1]]
    return np.asarray(np.max(entries, axis=0))
