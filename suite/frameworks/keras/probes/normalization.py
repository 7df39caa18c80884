"""Keras' own normalization layers, one at a time: values, gradients, running statistics, defaults.

Values come as (N, D) or (N, H, W, C), which is the layout of Keras. All is asked for in the
precision of the values; but on torch and on JAX, Keras' normalization layers turn doubles into
singles before they compute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue.normalizations import LAYERS
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import compiled, in_precision, numbers, pulled, tensor
from suite.frameworks.keras.library import framework, keras
from suite.types import Array

_Values = tuple[tuple[str, float], ...]
"""Hyper-parameters to set, under the names of the catalogue."""


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float | None, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Apply Keras' layer by its ``stateless_call``."""
    with _precision_of(values):
        passes = _passes(kind, values.shape, values.dtype.name, _given(epsilon))
        value, gradients = passes(*map(tensor, (values, gamma, beta, cotangent)))
        by_values, by_gamma, by_beta = map(numbers, gradients)
        return numbers(value), by_values, by_gamma, by_beta


def running(
    kind: str, batches: Array, kept: float | None, epsilon: float | None
) -> tuple[Array, Array, Array, Array]:
    """Train Keras' layer on the batches; its ``momentum`` is ``kept``."""
    values = _given(epsilon)
    if kept is not None and LAYERS[kind].keeps_statistics:
        values = (*values, ("momentum", kept))
    asked = (kind, batches.shape[1:], batches.dtype.name, values)
    with _precision_of(batches):
        normalization = _layer(*asked)
        state = [variable.value for variable in normalization.non_trainable_variables]
        for batch in batches:
            trained, state = _mode(*asked, training=True)(state, tensor(batch))
        inferred, _ = _mode(*asked, training=False)(state, tensor(batches[-1]))
        mean, variance = (
            _kept(normalization, name, state) for name in ("moving_mean", "moving_variance")
        )
        return mean, variance, numbers(trained), numbers(inferred)


def defaults(kind: str) -> dict[str, float]:
    """Read the defaults off a layer that Keras makes without arguments."""
    features = 4
    shape = (2, 3, 3, features) if kind.endswith("convolution") else (2, features)
    normalization = _layer(kind, shape, "float32", ())
    trainable = sum(int(np.prod(weight.shape)) for weight in normalization.trainable_weights)
    return {
        "epsilon": normalization.epsilon,
        "momentum": getattr(normalization, "momentum", float("nan")),
        "parameters": trainable / features,
    }


def rescaled(
    kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array]:
    """Put the layer behind ``Dense`` or ``Conv2D``."""
    shapes = (values.shape, kernel.shape, cotangent.shape)
    with _precision_of(values):
        passes = _behind(kind, shapes, values.dtype.name, _given(epsilon))
        value, (gradient,) = passes(*map(tensor, (values, kernel, cotangent)))
        return numbers(value), numbers(gradient)


def _precision_of(values: Array) -> AbstractContextManager[None]:
    return in_precision("double" if values.dtype == np.float64 else "single")


def _given(epsilon: float | None) -> _Values:
    return () if epsilon is None else (("epsilon", epsilon),)


@lru_cache(maxsize=32)
def _layer(kind: str, shape: tuple[int, ...], dtype: str, values: _Values) -> Any:
    """Return a layer for inputs of a shape, hyper-parameters set; its variables are left alone."""
    declared = LAYERS[kind].native(framework(), dict(values))
    assert declared is not None  # every entry of LAYERS is a layer
    layer = native(declared)(dtype=dtype)
    layer.build(shape)
    return layer


def _called(kind: str, layer: Any, trainable: Sequence[Any], state: Any, x: Any, mode: bool) -> Any:
    """Return the outputs and the state afterwards; a layer without statistics has no modes."""
    training = {"training": mode} if LAYERS[kind].keeps_statistics else {}
    return layer.stateless_call(trainable, state, x, **training)


@lru_cache(maxsize=32)
def _passes(
    kind: str, shape: tuple[int, ...], dtype: str, values: _Values
) -> Callable[..., tuple[Any, list[Any]]]:
    """Return a function of values, gamma, beta and cotangent that returns the outputs in training
    mode, and the gradients by the first three."""
    normalization = _layer(kind, shape, dtype, values)
    state = [variable.value for variable in normalization.non_trainable_variables]

    def outputs(x: Any, gamma: Any, beta: Any) -> Any:
        own = {id(normalization.gamma): gamma, id(normalization.beta): beta}
        trainable = [own[id(variable)] for variable in normalization.trainable_variables]
        return _called(kind, normalization, trainable, state, x, True)[0]

    return compiled(lambda x, gamma, beta, cotangent: pulled(outputs, [x, gamma, beta], cotangent))


@lru_cache(maxsize=32)
def _mode(
    kind: str, shape: tuple[int, ...], dtype: str, values: _Values, *, training: bool
) -> Callable[..., tuple[Any, list[Any]]]:
    """Return a function of the state and the inputs that returns outputs and state."""
    normalization = _layer(kind, shape, dtype, values)
    trainable = [variable.value for variable in normalization.trainable_variables]
    return compiled(lambda state, x: _called(kind, normalization, trainable, state, x, training))


def _kept(layer: Any, name: str, state: Sequence[Any]) -> Array:
    """Return a statistic (features,) in a state of a layer; empty where the layer keeps none."""
    variable = getattr(layer, name, None)
    places = [i for i, own in enumerate(layer.non_trainable_variables) if own is variable]
    return numbers(state[places[0]]) if places else np.empty(0)


@lru_cache(maxsize=32)
def _behind(
    kind: str, shapes: tuple[tuple[int, ...], ...], dtype: str, values: _Values
) -> Callable[..., tuple[Any, list[Any]]]:
    """Return a function of values, a kernel and cotangent, of these shapes, that returns the
    outputs of both layers and the gradient by the kernel."""
    entering, kernel_shape, leaving = shapes
    common: dict[str, Any] = {"use_bias": False, "kernel_initializer": "zeros", "dtype": dtype}
    if len(kernel_shape) == 2:
        before = keras.layers.Dense(kernel_shape[-1], **common)
    else:
        before = keras.layers.Conv2D(kernel_shape[-1], kernel_shape[:2], **common)
    before.build(entering)
    normalization = _layer(kind, leaving, dtype, values)
    trainable, state = (
        [variable.value for variable in variables]
        for variables in (normalization.trainable_variables, normalization.non_trainable_variables)
    )

    def passes(x: Any, kernel: Any, cotangent: Any) -> Any:
        def outputs(kernel: Any) -> Any:
            hidden, _ = before.stateless_call([kernel], [], x)
            return _called(kind, normalization, trainable, state, hidden, True)[0]

        return pulled(outputs, [kernel], cotangent)

    return compiled(passes)
