"""Signals at initialisation in Keras."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import (
    DTYPES,
    compiled,
    in_precision,
    mapped,
    numbers,
    pulled,
    tensor,
)
from suite.frameworks.keras.library import framework, keras
from suite.types import Array, Unsupported, Weights

_Shapes = tuple[tuple[int, ...], ...]


def jacobian(activation: str, weights: Weights, point: Array) -> Array:
    """Differentiate by reverse mode: the input is a copy of the point for each output, and each
    output is differentiated by its own copy."""
    width = weights[-1][0].shape[1]
    copies = tensor(np.tile(point, (width, 1)), "float32")
    gradients = _gradients(activation, _shapes(weights), "float32", False)
    (to_inputs,) = gradients(_tensors(weights, "float32"), copies, tensor(np.eye(width), "float32"))
    return numbers(to_inputs)


def through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """Map one ``Dense`` and its activation over the networks by the backend's own ``vmap``."""
    layer = _mapped(activation, kernels.shape[1:])
    return numbers(layer(*(tensor(part, "float32") for part in (kernels, biases, hidden))))


def backward(
    activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
) -> Array:
    """Differentiate by zeros that are added to the pre-activations.

    Raises Unsupported for a precision in which the backend's Keras does not compute.
    """
    _possible(precision)
    dtype = DTYPES[precision]
    with in_precision(precision):
        gradients = _gradients(activation, _shapes(weights), dtype, True)
        given = [tensor(part, dtype) for part in (inputs, cotangent)]
        by_layer = gradients(_tensors(weights, dtype), *given)
        return np.stack([numbers(gradient) for gradient in by_layer])


def smallest(precision: str) -> float:
    """Halve 1 as long as the result is above 0. Raises Unsupported as ``backward`` does."""
    _possible(precision)
    with in_precision(precision):
        value = keras.ops.ones((1,), dtype=DTYPES[precision])
        while float(numbers(value * 0.5)[0]) > 0:
            value = value * 0.5
        return float(numbers(value)[0])


def _possible(precision: str) -> None:
    if reason := FRAMEWORKS[framework()].gap([f"precision.{precision}"]):
        raise Unsupported(reason)


def _tensors(weights: Weights, dtype: str) -> list[list[Any]]:
    return [[tensor(part, dtype) for part in layer] for layer in weights]


def _shapes(weights: Weights) -> _Shapes:
    return tuple(kernel.shape for kernel, _ in weights)


def _dense(shape: tuple[int, ...], dtype: str) -> Any:
    layer = keras.layers.Dense(shape[1], kernel_initializer="zeros", dtype=dtype)
    layer.build((None, shape[0]))
    return layer


def _activation(name: str, dtype: str) -> Any:
    return keras.layers.Activation(
        native(activations.resolve(name).native(framework())), dtype=dtype
    )


@lru_cache(maxsize=32)
def _mapped(activation: str, shape: tuple[int, ...]) -> Callable[..., Any]:
    """Return one dense layer and its activation over a leading axis of networks."""
    dense, function = _dense(shape, "float32"), _activation(activation, "float32")

    def network(kernel: Any, bias: Any, x: Any) -> Any:
        return function(dense.stateless_call([kernel, bias], [], x)[0])

    return mapped(network)


@lru_cache(maxsize=32)
def _gradients(
    activation: str, shapes: _Shapes, dtype: str, by_layer: bool
) -> Callable[..., list[Any]]:
    """Return a function of weights, inputs and cotangent that returns the gradients by every
    pre-activation, or by the inputs alone."""
    dense = {shape: _dense(shape, dtype) for shape in set(shapes)}
    function = _activation(activation, dtype)

    def passes(weights: Any, inputs: Any, cotangent: Any) -> list[Any]:
        def outputs(x: Any, *zeros: Any) -> Any:
            for place, (shape, layer) in enumerate(zip(shapes, weights, strict=True)):
                x, _ = dense[shape].stateless_call(layer, [], x)
                x = function(x + zeros[place] if zeros else x)
            return x

        zeros = [keras.ops.zeros((len(inputs), units), dtype) for _, units in shapes]
        _, gradients = pulled(outputs, [inputs, *(zeros if by_layer else [])], cotangent)
        return gradients[1:] if by_layer else gradients

    return compiled(passes)
