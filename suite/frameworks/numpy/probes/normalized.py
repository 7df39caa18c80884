"""A deep network with normalization, forward and backward by hand: the definition."""

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
    """Go through the layers and back by the chain rule, in float64."""
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
