"""Single formulas as Keras computes them, eagerly or through the backend's compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from suite.catalogue import activations, registry
from suite.catalogue.normalizations import EPSILON
from suite.frameworks.keras.differentiate import (
    in_precision,
    numbers,
    pulled,
    slopes,
    tensor,
)
from suite.frameworks.keras.library import framework, keras
from suite.types import Array, float64

_TYPES = {"double": "float64", "single": "float32", "bfloat16": "bfloat16", "half": "float16"}
EXECUTIONS = ("eager", "compiled")


def _loss(kind: str, **arguments: Any) -> Callable[[Any, Any], Any]:
    """Return a loss of (label, prediction), one sample a row, in the type of the prediction.

    Without ``dtype`` a Keras loss computes in single precision, whatever it is given.
    """

    def loss(label: Any, prediction: Any) -> Any:
        dtype = keras.backend.standardize_dtype(prediction.dtype)
        made = getattr(keras.losses, kind)(reduction=None, dtype=dtype, **arguments)
        return made(label, prediction)

    return loss


_BINARY = _loss("BinaryCrossentropy", from_logits=True)
_CATEGORICAL = _loss("CategoricalCrossentropy", from_logits=True)
_SQUARED = _loss("MeanSquaredError")


def _logits(x: Any) -> Any:
    return keras.ops.stack([x, keras.ops.zeros_like(x)], axis=1)


def _pair(x: Any, axis: int) -> Any:
    return keras.ops.stack([x, -keras.ops.stop_gradient(x)], axis=axis)


def _column(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(x[:, None])


def _categorical(x: Any) -> Any:
    ones = keras.ops.ones_like(x)
    return _CATEGORICAL(keras.ops.stack([ones, keras.ops.zeros_like(x)], axis=1), _logits(x))


def _layer_normalization(points: int, dtype: str) -> Callable[[Any], Any]:
    layer = keras.layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
    layer.build((None, 2))
    return lambda x: layer(_pair(x, 1))[:, 0]


def _batch_normalization(points: int, dtype: str) -> Callable[[Any], Any]:
    """Normalize each number as a feature of its own, in a batch of two."""
    layer = keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype)
    layer.build((None, points))
    trained = [variable.value for variable in layer.trainable_variables]
    kept = [variable.value for variable in layer.non_trainable_variables]
    # The running statistics are results here: a compiled function of JAX keeps nothing.
    return lambda x: layer.stateless_call(trained, kept, _pair(x, 0), training=True)[0][0]


_LAYERS: Mapping[str, Callable[[int, str], Callable[[Any], Any]]] = {
    "layer_normalization": _layer_normalization,
    "batch_normalization": _batch_normalization,
}
"""What has variables, which must be made before a program is compiled."""
_FORMULAS: Mapping[str, Callable[[Any], Any]] = {
    "binary_crossentropy_0": _column(lambda x: _BINARY(keras.ops.zeros_like(x), x)),
    "binary_crossentropy_1": _column(lambda x: _BINARY(keras.ops.ones_like(x), x)),
    "categorical_crossentropy": _categorical,
    "squared_error": _column(lambda x: _SQUARED(keras.ops.ones_like(x), x)),
    "softmax": lambda x: keras.activations.softmax(_logits(x))[:, 0],
    "log_softmax": lambda x: keras.activations.log_softmax(_logits(x))[:, 0],
}


def evaluate(formula: str, points: Array, float_type: str, execution: str) -> tuple[Array, Array]:
    """Return value and slope; see ``suite.probes.numerics.Formulas``."""
    if execution not in EXECUTIONS:
        raise registry.unknown("execution", execution, EXECUTIONS)
    dtype = _TYPES[float_type]
    with in_precision("double" if float_type == "double" else "single"):
        if formula in _LAYERS:
            function = _LAYERS[formula](len(points), dtype)
        else:
            function = _FORMULAS.get(formula) or registry.native(
                activations.resolve(formula).native(framework())
            )
        x = tensor(float64(points), dtype)
        value, (slope,) = slopes(function)(x) if execution == "compiled" else pulled(function, [x])
        return _doubles(value), _doubles(slope)


def _doubles(values: Any) -> Array:
    return float64(numbers(values))
