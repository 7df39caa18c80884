"""Signals at initialisation, by definition: derivative of one network, one layer of many."""

from __future__ import annotations

import numpy as np

from suite.catalogue import activations
from suite.frameworks.numpy import Numpy
from suite.types import Array, Weights, float64


def jacobian(activation: str, weights: Weights, point: Array) -> Array:
    """Derivative of the last activations by the inputs, (width, features), at a point (features,).

    ``weights``: kernel (fan_in, fan_out) and bias (fan_out,) of each layer, no leading axis.
    """
    function = activations.resolve(activation)
    hidden, product = float64(point), np.eye(len(point))
    for kernel, bias in weights:
        before = hidden @ float64(kernel) + float64(bias)
        product = function.slope(before)[:, None] * (float64(kernel).T @ product)
        hidden = function.value(before)
    return product


def through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """One layer of K networks: activations (K, points, fan_out).

    kernels (K, fan_in, fan_out), biases (K, fan_out), hidden (K, points, fan_in).
    """
    function = activations.resolve(activation)
    return function.value(float64(hidden) @ float64(kernels) + float64(biases)[:, None, :])


def backward(
    activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
) -> Array:
    """The gradient by the pre-activations of every layer, (depth, samples, width).

    As ``Framework.propagate``, but in ``single`` or ``double`` precision; here always in double.
    """
    (signal,) = Numpy().propagate((activation,), weights, inputs, cotangent)
    return np.stack(signal.gradient)


def smallest(precision: str) -> float:
    """The smallest power of two above 0 that halving 1 reaches, in ``single`` or ``double``."""
    value = np.float32(1.0) if precision == "single" else np.float64(1.0)
    half = type(value)(0.5)
    while value * half > 0:
        value = value * half
    return float(value)
