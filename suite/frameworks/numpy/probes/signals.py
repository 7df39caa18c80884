"""Signals at initialisation by definition, in float64."""

from __future__ import annotations

import numpy as np

from suite.catalogue import activations
from suite.frameworks.numpy import Numpy
from suite.types import Array, Weights, float64


def jacobian(activation: str, weights: Weights, point: Array) -> Array:
    """Multiply the derivatives of the layers (the chain rule), layer by layer."""
    function = activations.resolve(activation)
    hidden, product = float64(point), np.eye(len(point))
    for kernel, bias in weights:
        before = hidden @ float64(kernel) + float64(bias)
        product = function.slope(before)[:, None] * (float64(kernel).T @ product)
        hidden = function.value(before)
    return product


def through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """Apply one layer to the points of every network."""
    function = activations.resolve(activation)
    return function.value(float64(hidden) @ float64(kernels) + float64(biases)[:, None, :])


def backward(
    activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
) -> Array:
    """Return the gradients of the oracle, in double precision whatever ``precision`` is."""
    (signal,) = Numpy().propagate((activation,), weights, inputs, cotangent)
    return np.stack(signal.gradient)


def smallest(precision: str) -> float:
    """Halve 1 as long as the result is above 0."""
    value = np.float32(1.0) if precision == "single" else np.float64(1.0)
    half = type(value)(0.5)
    while value * half > 0:
        value = value * half
    return float(value)
