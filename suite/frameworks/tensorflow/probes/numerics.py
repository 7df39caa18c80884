"""Single formulas as Keras computes them on TensorFlow, eagerly or through XLA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.catalogue import activations, registry
from suite.catalogue.normalizations import EPSILON
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array, float64

_TYPES = {"double": "float64", "single": "float32", "bfloat16": "bfloat16", "half": "float16"}
EXECUTIONS = ("eager", "compiled")


def _logits(x: Any) -> Any:
    return tf.stack([x, tf.zeros_like(x)], axis=1)


def _loss(kind: type, **arguments: Any) -> Callable[[Any, Any], Any]:
    """Return a loss of (label, prediction), one sample a row, in the type of the prediction.

    Without ``dtype`` a Keras loss computes in single precision, whatever it is given.
    """

    def loss(label: Any, prediction: Any) -> Any:
        made = kind(reduction=None, dtype=prediction.dtype.name, **arguments)
        return made(label, prediction)

    return loss


_BINARY = _loss(keras.losses.BinaryCrossentropy, from_logits=True)
_CATEGORICAL = _loss(keras.losses.CategoricalCrossentropy, from_logits=True)
_SQUARED = _loss(keras.losses.MeanSquaredError)


def _column(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(x[:, None])


def _categorical(x: Any) -> Any:
    first = tf.stack([tf.ones_like(x), tf.zeros_like(x)], axis=1)
    return _CATEGORICAL(first, _logits(x))


def _layer_normalization(points: int, dtype: str) -> Callable[[Any], Any]:
    layer = keras.layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
    layer.build((None, 2))
    return lambda x: layer(tf.stack([x, -tf.stop_gradient(x)], axis=1))[:, 0]


def _batch_normalization(points: int, dtype: str) -> Callable[[Any], Any]:
    """Normalize each number as a feature of its own, in a batch of two."""
    layer = keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype)
    layer.build((None, points))
    return lambda x: layer(tf.stack([x, -tf.stop_gradient(x)]), training=True)[0]


_LAYERS: Mapping[str, Callable[[int, str], Callable[[Any], Any]]] = {
    "layer_normalization": _layer_normalization,
    "batch_normalization": _batch_normalization,
}
"""What has variables, which must be made before a program is compiled."""
_FORMULAS: Mapping[str, Callable[[Any], Any]] = {
    "binary_crossentropy_0": _column(lambda x: _BINARY(tf.zeros_like(x), x)),
    "binary_crossentropy_1": _column(lambda x: _BINARY(tf.ones_like(x), x)),
    "categorical_crossentropy": _categorical,
    "squared_error": _column(lambda x: _SQUARED(tf.ones_like(x), x)),
    "softmax": lambda x: keras.activations.softmax(_logits(x))[:, 0],
    "log_softmax": lambda x: keras.activations.log_softmax(_logits(x))[:, 0],
}


def evaluate(formula: str, points: Array, float_type: str, execution: str) -> tuple[Array, Array]:
    """Return value and slope, the slope by a tape; see ``suite.probes.numerics.Formulas``."""
    if execution not in EXECUTIONS:
        raise registry.unknown("execution", execution, EXECUTIONS)
    if formula in _LAYERS:
        function = _LAYERS[formula](len(points), _TYPES[float_type])
    else:
        function = _FORMULAS.get(formula) or registry.native(
            activations.resolve(formula).native("tensorflow")
        )

    def both(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return value, tape.gradient(value, x, tf.ones_like(value))

    x = tf.cast(tf.constant(float64(points)), _TYPES[float_type])
    if execution == "compiled":
        both = tf.function(both, jit_compile=True)
    value, slope = both(x)
    return np.asarray(tf.cast(value, tf.float64)), np.asarray(tf.cast(slope, tf.float64))
