"""Mistakes planted into the Keras that is installed: ``suite.frameworks.planting`` says how."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from suite.frameworks.planting import Mistake, assumed, given, replaced
from suite.frameworks.tensorflow.backend import keras, tf

Function = Callable[..., Any]
Tensor = Any
"""A ``tf.Tensor``; TensorFlow ships no types."""


def _made_with(**values: Any) -> Callable[[Function], Function]:
    """Return the mistake of an object that sets its attributes otherwise."""

    def make(original: Function) -> Function:
        def initialize(self: Any, *arguments: Any, **options: Any) -> None:
            original(self, *arguments, **options)
            for name, value in values.items():
                setattr(self, name, value)

        return initialize

    return make


def _complemented(original: Function) -> Function:
    def initialize(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        self.momentum = 1 - self.momentum

    return initialize


def _steeper(original: Function) -> Function:
    return lambda x, negative_slope=0.2: original(x, negative_slope=1.1 * negative_slope)


def _below(z: Tensor) -> Tensor:
    """Return the probability of a normal law below z."""
    return 0.5 * tf.math.erfc(-z / math.sqrt(2.0))


def _cut_at_one(original: Function) -> Function:
    """Move what was drawn to the same quantile of the law that is cut earlier."""

    def drawn(shape: Any, seed: Any, mean: float, stddev: float, dtype: Any) -> Tensor:
        z = original(shape=shape, seed=seed, mean=0.0, stddev=1.0, dtype=dtype)
        one, two = (_below(tf.constant(cut, z.dtype)) for cut in (1.0, 2.0))
        share = (_below(z) - (1 - two)) / (2 * two - 1)
        return mean + stddev * tf.math.ndtri(1 - one + share * (2 * one - 1))

    return drawn


def _over_the_batch(original: Function) -> Function:
    def call(self: Any, inputs: Tensor) -> Tensor:
        mean, variance = tf.nn.moments(inputs, axes=[0], keepdims=True)
        return (inputs - mean) / tf.sqrt(variance + self.epsilon) * self.gamma + self.beta

    return call


def _transposed(original: Function) -> Function:
    def call(self: Any, inputs: Tensor, training: Any = None) -> Tensor:
        square = self.kernel.shape[0] == self.kernel.shape[1]
        kernel = keras.ops.transpose(self.kernel) if square else self.kernel
        x = keras.ops.matmul(inputs, kernel)
        x = x if self.bias is None else keras.ops.add(x, self.bias)
        return x if self.activation is None else self.activation(x)

    return call


def _outside_the_root(original: Function) -> Function:
    """Step without momentum and not centred, as the cell that sees it."""

    def update_step(self: Any, gradient: Tensor, variable: Any, learning_rate: Any) -> None:
        squares = self._velocities[self._get_variable_index(variable)]
        squares.assign(self.rho * squares + (1 - self.rho) * gradient**2)
        rate = keras.ops.cast(learning_rate, variable.dtype)
        variable.assign_sub(rate * gradient / (keras.ops.sqrt(squares) + self.epsilon))

    return update_step


MISTAKES = (
    Mistake(
        "a fan rule",
        "HeNormal takes the fan out for the fan in",
        "initializers",
        {"initializer": "he_normal", "layer_kind": "dense", "bias": "unset"},
        "kernel_variance_ratio",
        replaced(lambda: keras.initializers.HeNormal, "__init__", _made_with(mode="fan_out")),
    ),
    Mistake(
        "a truncated law",
        "TruncatedNormal is cut at one standard deviation, not at two",
        "initializers",
        {"initializer": "truncated_normal(0.02)"},
        "kernel_variance_ratio",
        replaced(lambda: tf.random, "stateless_truncated_normal", _cut_at_one),
    ),
    Mistake(
        "a slope",
        "leaky ReLU is a tenth too steep below 0",
        "curves",
        {"activation": "leaky_relu"},
        "activation_slope_error",
        replaced(lambda: keras.activations, "leaky_relu", _steeper),
    ),
    Mistake(
        "an approximation",
        "GELU is its tanh form",
        "curves",
        {"activation": "gelu"},
        "activation_value_error",
        replaced(lambda: keras.activations, "gelu", given(approximate=True)),
    ),
    Mistake(
        "an epsilon",
        "batch norm adds 1e-5 to the variance by default, not 1e-3",
        "normalization",
        {"layer_kind": "batch_dense", "settings": "default"},
        "layer_epsilon",
        replaced(lambda: keras.layers.BatchNormalization, "__init__", assumed(epsilon=1e-5)),
    ),
    Mistake(
        "a momentum convention",
        "batch norm takes the share of the new value for that of the old",
        "normalization",
        {"layer_kind": "batch_dense", "settings": "common"},
        "kept_share",
        replaced(lambda: keras.layers.BatchNormalization, "__init__", _complemented),
    ),
    Mistake(
        "an axis of a mean",
        "layer norm averages over the batch, not over the features",
        "normalization",
        {"layer_kind": "layer_dense", "settings": "common"},
        "normalised_value_error",
        replaced(lambda: keras.layers.LayerNormalization, "call", _over_the_batch),
    ),
    Mistake(
        "a default",
        "Adam's learning rate is 0.01 by default, not 0.001",
        "defaults",
        {"case": "adam.learning_rate"},
        "default_value",
        replaced(lambda: keras.optimizers.Adam, "__init__", assumed(learning_rate=0.01)),
    ),
    Mistake(
        "a transposed kernel",
        "a dense layer multiplies by the transpose of a square kernel",
        "parity",
        {"activation": "relu", "optimizer": "sgd"},
        "forward_error",
        replaced(lambda: keras.layers.Dense, "call", _transposed),
    ),
    Mistake(
        "a place of epsilon",
        "RMSprop adds epsilon to the root, not inside it",
        "optimizers",
        {"case": "rmsprop(epsilon)"},
        "own_formula_distance",
        replaced(lambda: keras.optimizers.RMSprop, "update_step", _outside_the_root),
    ),
)
