"""Signals at initialisation in Keras."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import constant, keras, tf, view
from suite.types import Array, Weights

_PRECISIONS = {"single": "float32", "double": "float64"}


def jacobian(activation: str, weights: Weights, point: Array) -> Array:
    """Differentiate by a tape: the input is a copy of the point for each output, and each output
    is differentiated by its own copy."""
    width = weights[-1][0].shape[1]
    copies = np.tile(point, (width, 1))
    to_inputs, _ = _gradients(activation, _shapes(weights), "float32")(
        *_constants("float32", weights, copies, np.eye(width))
    )
    result: Array = to_inputs.numpy()
    return result


def through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """Map one ``Dense`` and its activation over the networks by ``vectorized_map``."""
    layer = _mapped(activation, kernels.shape[1:])
    # A view: the next layer takes the tensor without a copy.
    return view(layer(*_constants("float32", kernels, biases, hidden)))


def backward(
    activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
) -> Array:
    """Differentiate by a tape, in a compiled program whose arguments are the weights."""
    dtype = _PRECISIONS[precision]
    _, by_layer = _gradients(activation, _shapes(weights), dtype)(
        *_constants(dtype, weights, inputs, cotangent)
    )
    result: Array = np.asarray(by_layer)
    return result


def smallest(precision: str) -> float:
    """Halve 1 as long as the result is above 0."""
    value = tf.ones((1,), dtype=_PRECISIONS[precision])
    while float((value * 0.5).numpy()[0]) > 0:
        value = value * 0.5
    return float(value.numpy()[0])


def _constants(dtype: str, *values: Any) -> Any:
    return tf.nest.map_structure(lambda array: constant(array, dtype), values)


def _shapes(weights: Weights) -> tuple[tuple[int, ...], ...]:
    return tuple(kernel.shape for kernel, _ in weights)


def _dense(shape: tuple[int, ...], dtype: str) -> Any:
    layer = keras.layers.Dense(shape[1], kernel_initializer="zeros", dtype=dtype)
    layer.build((None, shape[0]))
    return layer


def _activation(name: str, dtype: str) -> Any:
    return keras.layers.Activation(
        native(activations.resolve(name).native("tensorflow")), dtype=dtype
    )


@lru_cache(maxsize=32)
def _mapped(activation: str, shape: tuple[int, ...]) -> Any:
    """Return one dense layer and its activation over a leading axis of networks, compiled."""
    dense, function = _dense(shape, "float32"), _activation(activation, "float32")

    def network(parts: Any) -> Any:
        kernel, bias, x = parts
        return function(dense.stateless_call([kernel, bias], [], x)[0])

    return tf.function(
        lambda *parts: tf.vectorized_map(network, parts), autograph=False, reduce_retracing=True
    )


@lru_cache(maxsize=32)
def _gradients(activation: str, shapes: tuple[tuple[int, ...], ...], dtype: str) -> Any:
    """Return a program of the gradients by the inputs and by every pre-activation, compiled;
    the weights are arguments."""
    dense = {shape: _dense(shape, dtype) for shape in set(shapes)}
    function = _activation(activation, dtype)

    def passes(weights: Any, inputs: Any, cotangent: Any) -> tuple[Any, Any]:
        before, x = [], inputs
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            for shape, (kernel, bias) in zip(shapes, weights, strict=True):
                x, _ = dense[shape].stateless_call([kernel, bias], [], x)
                before.append(x)
                x = function(x)
        to_inputs, *by_layer = tape.gradient(x, [inputs, *before], cotangent)
        # Gradients of layers of unequal width cannot be stacked, and none of them is needed.
        equal = len({shape[1] for shape in shapes}) == 1
        return to_inputs, tf.stack(by_layer) if equal else tf.zeros(())

    return tf.function(passes, autograph=False)
