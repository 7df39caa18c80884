"""Starts that depend on data: what an initializer's ``adjust`` does to the kernels that were drawn.

It runs in NumPy in double precision, on the definitions of the catalogue, whatever framework drew
the kernels and trains them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.catalogue import activations, initializers
from suite.catalogue.normalizations import EPSILON, NORMALIZATIONS
from suite.types import Architecture, Array, Weights, float64

POINTS = 256
"""The training points of each network that its initializer sees."""


def adjusted(
    weights: Weights, names: Sequence[str], architecture: Architecture, inputs: Array
) -> Weights:
    """Return the starts of K networks, those changed whose initializer looks at data.

    ``names``: K initializers; ``inputs`` (K, N, features). Raises ValueError where an initializer
    returns kernels of other shapes.
    """
    changed = {
        place: resolved
        for place, name in enumerate(names)
        if (resolved := initializers.resolve(name)).entry.adjust is not None
    }
    if not changed:
        return weights
    result = [(kernels.copy(), biases) for kernels, biases in weights]
    for place, resolved in changed.items():
        points = float64(inputs[place, :POINTS])
        kernels = [float64(kernel[place]) for kernel, _ in weights]
        biases = [float64(bias[place]) for _, bias in weights]
        new = _adjust(resolved, kernels, biases, architecture, points)
        for (stacked, _), kernel in zip(result, new, strict=True):
            stacked[place] = kernel
    return tuple(result)


def _adjust(
    resolved: initializers.Resolved,
    kernels: list[Array],
    biases: Sequence[Array],
    architecture: Architecture,
    points: Array,
) -> list[Array]:
    """Return the kernels of one network as its initializer changes them."""
    assert resolved.entry.adjust is not None

    def forward(given: Sequence[Array]) -> list[Array]:
        return preactivations(architecture, given, biases, points)

    shapes = [kernel.shape for kernel in kernels]
    new = resolved.entry.adjust(kernels, points.copy(), forward, *resolved.parameters)
    returned = [np.shape(kernel) for kernel in new]
    if returned != shapes:
        raise ValueError(f"{resolved.name}: adjust returned kernels {returned}, not {shapes}")
    return [float64(kernel) for kernel in new]


def preactivations(
    architecture: Architecture, kernels: Sequence[Array], biases: Sequence[Array], inputs: Array
) -> list[Array]:
    """Return the pre-activations (N, fan_out) of each layer of one network, the output layer last,
    in double precision and without dropout."""
    phi = activations.resolve(architecture.activation)
    normalized = NORMALIZATIONS[architecture.normalization].definition.value
    values, result = inputs, []
    for place, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        result.append(values @ kernel + bias)
        if place == architecture.depth:
            break
        hidden = phi.value(normalized(result[-1], EPSILON))
        kept = architecture.residual if place > 0 else 0.0
        values = values + kept * hidden if kept else hidden
    return result
