"""A deep network with normalization, forward and backward by hand: the definition.

Two arrangements of one layer of ``width`` units, r being the factor of the residual connection:

    chain    x <- activation(normalization(dense(x)))                  the order of 2015
    blocks   x <- x + r dense(activation(normalization(x)))            "pre-activation", 2016

With r other than 0, layers of the chain from the second on give x + r f(x) in place of f(x).
"""

from __future__ import annotations

import numpy as np

from suite.catalogue import activations
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.types import Array, Weights, float64


def propagate(
    activation: str,
    arrangement: str,
    normalization: str,
    residual: float,
    weights: Weights,
    inputs: Array,
    cotangent: Array,
    epsilon: float,
) -> tuple[Array, Array]:
    """Signals (depth, samples, width), the output of each layer, and gradients (depth + 1,
    samples, width): of sum(cotangent * last signal) by the inputs and by each layer's output.

    ``weights`` have no leading axis; gamma is 1 and beta 0.
    """
    phi = activations.resolve(activation)
    normal = NORMALIZATIONS[normalization].definition
    x, signals, tape = float64(inputs), [], []
    for position, (kernel, bias) in enumerate(weights):
        skip = residual if arrangement == "blocks" or position > 0 else 0.0
        if arrangement == "chain":
            before = x @ float64(kernel) + bias
            inside = normal.value(before, epsilon)
            branch = phi.value(inside)
        else:
            before = x
            inside = normal.value(before, epsilon)
            branch = phi.value(inside) @ float64(kernel) + bias
        x = x + skip * branch if skip else branch
        signals.append(x)
        tape.append((kernel, before, inside, skip))
    gradient = float64(cotangent)
    gradients = [gradient]
    for kernel, before, inside, skip in reversed(tape):
        back = (skip or 1.0) * gradient
        if arrangement == "blocks":
            back = back @ kernel.T
        back = normal.gradient(before, epsilon, phi.slope(inside) * back)
        if arrangement == "chain":
            back = back @ kernel.T
        gradient = gradient + back if skip else back
        gradients.append(gradient)
    return np.array(signals), np.array(gradients[::-1])
