"""Signals at initialisation, for the studies ``spectrum``, ``fluctuation`` and ``underflow``."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array, Weights


class Signals(Protocol):
    """The derivative of one network, one layer of many networks, and gradients in two precisions.

    ``weights``: kernel (fan_in, fan_out) and bias (fan_out,) of each layer, without a leading axis.
    """

    def jacobian(self, activation: str, weights: Weights, point: Array) -> Array:
        """Return the derivative (width, features) of the last activations by the inputs, at a point
        (features,)."""
        ...

    def through(self, activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
        """Return the activations (K, points, fan_out) of one layer of K networks.

        kernels (K, fan_in, fan_out), biases (K, fan_out), hidden (K, points, fan_in).
        """
        ...

    def backward(
        self, activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
    ) -> Array:
        """Return the gradient of sum(cotangent * last activation) by the pre-activations of every
        layer, (depth, samples, width).

        inputs (samples, features), cotangent (samples, width). ``precision``: ``single`` or
        ``double``; the oracle always computes in double.
        """
        ...

    def smallest(self, precision: str) -> float:
        """Return the smallest power of two above 0 that halving 1 reaches, in ``single`` or
        ``double`` precision."""
        ...
