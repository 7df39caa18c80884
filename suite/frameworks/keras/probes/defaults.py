"""Keras' defaults as numbers, from objects made without arguments."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.catalogue import registry
from suite.frameworks.keras.differentiate import in_precision, numbers, pulled, tensor
from suite.frameworks.keras.kernels import MADE
from suite.frameworks.keras.library import keras, python_random_kept

UNITS = 64
"""Units of the recurrent layers that are drawn, and channels of the depthwise convolution."""
WIDE = 512
"""Units of the attention that is drawn, in 8 heads."""
X = 1e-4
"""The input of the normalization layers, small beside the root of their epsilon."""


def value(case: str, seed: int) -> float:
    """Read the number off an object made without arguments, Python's generator seeded."""
    if case not in _CASES:
        raise registry.unknown("default", case, _CASES)
    with python_random_kept():
        random.seed(seed)  # Keras draws the seeds that are not given from it
        return float(_CASES[case]())


def _at(function: Callable[[Any], Any], x: float) -> float:
    with in_precision("double"):
        return float(numbers(function(tensor(np.array(x)))))


def _below(function: Callable[[Any], Any]) -> float:
    """Return the slope below 0 of a function that is straight there."""
    return -_at(function, -1.0)


def _slope_at_0(function: Callable[[Any], Any]) -> float:
    _, (slope,) = pulled(function, [tensor(np.zeros((), np.float32))])
    return float(numbers(slope))


def _prelu() -> float:
    layer = keras.layers.PReLU()
    layer.build((None, 1))
    return float(numbers(layer.alpha)[0])


def _kept() -> float:
    """Return the share of the old running mean, 0, that is left after a batch of ones."""
    layer = keras.layers.BatchNormalization()
    layer(tensor(np.ones((2, 1), np.float32)), training=True)
    return 1.0 - float(numbers(layer.moving_mean)[0])


def _running_variance() -> float:
    """Return what the running variance, 1 at first, moves towards on a batch of variance 1."""
    layer = keras.layers.BatchNormalization()
    layer(tensor(np.array([[-1.0], [1.0]], np.float32)), training=True)
    share = 1.0 - _kept()
    return (float(numbers(layer.moving_variance)[0]) - (1.0 - share)) / share


def _embedding() -> float:
    layer = keras.layers.Embedding(100, 100)
    layer.build()
    return float(np.std(numbers(layer.embeddings)))


def _lstm() -> Any:
    layer = keras.layers.LSTM(UNITS)
    layer.build((None, 1, 1))
    return layer.cell


def _forget_bias() -> float:
    return float(np.mean(numbers(_lstm().bias)[UNITS : 2 * UNITS]))


def _recurrent_gain() -> float:
    return UNITS * float(np.mean(np.square(numbers(_lstm().recurrent_kernel))))


def _epsilon(norm: str, dtype: str) -> float:
    """Return the epsilon that a normalization layer adds to the square of what it divides by."""
    layers: Mapping[str, Callable[[], Any]] = {
        "batch": lambda: keras.layers.BatchNormalization(dtype=dtype),
        "layer": lambda: keras.layers.LayerNormalization(dtype=dtype),
        "group": lambda: keras.layers.GroupNormalization(groups=1, dtype=dtype),
        "rms": lambda: keras.layers.RMSNormalization(dtype=dtype),
    }
    given = np.array([[X, -X]], dtype)
    with in_precision("double" if dtype == "float64" else "single"):
        if norm == "batch":
            result = layers[norm]()(tensor(given.T), training=True)
        else:
            result = layers[norm]()(tensor(given))
        x, y = float(given[0, 0]), float(np.ravel(numbers(result))[0])
    return float((x / y) ** 2 - x**2)


def _mean_square(kind: str, *sizes: int) -> float:
    kernel, _ = MADE[kind](None, *sizes)
    return float(np.mean(np.square(kernel)))


def _bias_std(kind: str) -> float:
    _, biases = MADE[kind](None, UNITS, UNITS)
    return float(np.sqrt(np.mean(np.square(biases))))


def _cross_entropy() -> float:
    return float(keras.losses.BinaryCrossentropy()(np.ones((1, 1)), np.zeros((1, 1))))


def _optimizer(kind: str, setting: str) -> Callable[[], float]:
    """Return a reader of a hyper-parameter of an optimizer without arguments."""
    return lambda: float(getattr(keras.optimizers, kind)().get_config()[setting])


def _clipped(which: int, **clipping: float) -> float:
    """Return the non-zero entry of one of the gradients (3, 0) and (0, 4), clipped by an optimizer.

    A step of SGD with learning rate 1 from zero is the clipped gradient, negative.
    """
    variables = [keras.Variable(np.zeros(2, np.float32)) for _ in range(2)]
    optimizer = keras.optimizers.SGD(learning_rate=1.0, **clipping)
    gradients = [tensor(np.array(values, np.float32)) for values in ([3.0, 0.0], [0.0, 4.0])]
    optimizer.apply(gradients, variables)
    return float(np.max(-numbers(variables[which])))


_PRECISIONS = {"": "float32", "_double": "float64", "_half": "float16"}
_CASES: Mapping[str, Callable[[], float]] = {
    **{
        f"{norm}_norm.epsilon{end}": functools.partial(_epsilon, norm, dtype)
        for norm in ("batch", "layer", "group", "rms")
        for end, dtype in _PRECISIONS.items()
    },
    "leaky_relu.layer": lambda: _below(keras.layers.LeakyReLU(dtype="float64")),
    "leaky_relu.function": lambda: _below(keras.activations.leaky_relu),
    "prelu.start": _prelu,
    "elu.layer": lambda: -_at(keras.layers.ELU(dtype="float64"), -50.0),
    "elu.function": lambda: -_at(keras.activations.elu, -50.0),
    "gelu.function": lambda: _at(keras.activations.gelu, 2.0),
    "hard_sigmoid.slope": lambda: _slope_at_0(keras.activations.hard_sigmoid),
    "relu.slope_at_0": lambda: _slope_at_0(keras.activations.relu),
    "selu.slope_at_0": lambda: _slope_at_0(keras.activations.selu),
    "softplus.at_21": lambda: _at(keras.activations.softplus, 21.0) - 21.0,
    "batch_norm.keep": _kept,
    "batch_norm.running_variance": _running_variance,
    "cross_entropy.at_0": _cross_entropy,
    "embedding.std": _embedding,
    "lstm.forget_bias": _forget_bias,
    "lstm.recurrent_gain": _recurrent_gain,
    "lstm.input_gain": lambda: UNITS * _mean_square("lstm_input", UNITS, UNITS),
    "lstm.bias_std": lambda: _bias_std("lstm_input"),
    "gru.recurrent_gain": lambda: UNITS * _mean_square("gru_recurrent", UNITS, UNITS),
    "gru.bias_std": lambda: _bias_std("gru_input"),
    "attention.query_gain": lambda: WIDE * _mean_square("attention_query", WIDE, 8),
    "attention.output_gain": lambda: WIDE * _mean_square("attention_output", WIDE, 8),
    "depthwise.gain": lambda: 9 * _mean_square("depthwise", 3, 3, UNITS),
    "sgd.learning_rate": _optimizer("SGD", "learning_rate"),
    "sgd.momentum": _optimizer("SGD", "momentum"),
    "rmsprop.learning_rate": _optimizer("RMSprop", "learning_rate"),
    "rmsprop.rho": _optimizer("RMSprop", "rho"),
    "rmsprop.epsilon": _optimizer("RMSprop", "epsilon"),
    "adam.learning_rate": _optimizer("Adam", "learning_rate"),
    "adam.beta_1": _optimizer("Adam", "beta_1"),
    "adam.beta_2": _optimizer("Adam", "beta_2"),
    "adam.epsilon": _optimizer("Adam", "epsilon"),
    "adamw.weight_decay": _optimizer("AdamW", "weight_decay"),
    "adagrad.learning_rate": _optimizer("Adagrad", "learning_rate"),
    "adagrad.accumulator": _optimizer("Adagrad", "initial_accumulator_value"),
    "adagrad.epsilon": _optimizer("Adagrad", "epsilon"),
    "adadelta.learning_rate": _optimizer("Adadelta", "learning_rate"),
    "adadelta.rho": _optimizer("Adadelta", "rho"),
    "adadelta.epsilon": _optimizer("Adadelta", "epsilon"),
    "adamax.learning_rate": _optimizer("Adamax", "learning_rate"),
    "adamax.epsilon": _optimizer("Adamax", "epsilon"),
    "nadam.learning_rate": _optimizer("Nadam", "learning_rate"),
    "nadam.epsilon": _optimizer("Nadam", "epsilon"),
    "clip_norm.first": lambda: _clipped(0, clipnorm=1.0),
    "clip_norm.second": lambda: _clipped(1, clipnorm=1.0),
    "clip_network.first": lambda: _clipped(0, global_clipnorm=1.0),
    "clip_network.second": lambda: _clipped(1, global_clipnorm=1.0),
    "clip_value.first": lambda: _clipped(0, clipvalue=1.0),
}
