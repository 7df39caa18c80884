"""The kinds of kernels of ``suite.catalogue.kernels``, in Keras' own layers.

Keras keeps a kernel as (..., inputs, outputs). Dense layers and plain convolutions are made in
``probes/initializers.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.frameworks.keras.differentiate import numbers
from suite.frameworks.keras.library import keras
from suite.types import Layer

Initial = Any
"""A Keras initializer, or None for the layer's own."""


def _named(argument: str, initial: Initial) -> dict[str, Any]:
    """Return the keyword argument of an initializer; none for the layer's own."""
    return {} if initial is None else {argument: initial}


def _convolution(layer: Any, channels: int) -> Layer:
    layer.build((None, None, None, channels))
    return numbers(layer.kernel), numbers(layer.bias)


def _depthwise(initial: Initial, height: int, width: int, channels: int) -> Layer:
    start = _named("depthwise_initializer", initial)
    return _convolution(keras.layers.DepthwiseConv2D((height, width), **start), channels)


def _grouped(
    initial: Initial, height: int, width: int, inputs: int, outputs: int, groups: int
) -> Layer:
    start = _named("kernel_initializer", initial)
    layer = keras.layers.Conv2D(outputs, (height, width), groups=groups, **start)
    return _convolution(layer, inputs)


def _attention(part: str) -> Callable[..., Layer]:
    """Return a function that makes attention and takes one of its kernels, with its bias."""

    def make(initial: Initial, units: int, heads: int, keys: int | None = None) -> Layer:
        start = _named("kernel_initializer", initial)
        layer = keras.layers.MultiHeadAttention(heads, units // heads, **start)
        values = (None, 1, keys or units)
        layer.build((None, 1, units), values, values)
        drawn = {variable.path.rpartition(f"{part}/")[2]: variable for variable in layer.weights}
        return numbers(drawn["kernel"]), np.ravel(numbers(drawn["bias"]))

    return make


def _einsum(initial: Initial, units: int, heads: int, size: int) -> Layer:
    start = _named("kernel_initializer", initial)
    layer = keras.layers.EinsumDense("abc,cde->abde", output_shape=(None, heads, size), **start)
    layer.build((None, 1, units))
    return numbers(layer.kernel), np.empty(0)


def _embedding(initial: Initial, entries: int, size: int) -> Layer:
    layer = keras.layers.Embedding(entries, size, **_named("embeddings_initializer", initial))
    layer.build()
    return numbers(layer.embeddings), np.empty(0)


def _recurrent(kind: str, part: str) -> Callable[..., Layer]:
    """Return a function that makes a recurrent layer and takes one of its kernels.

    The biases are without those of an LSTM's forget gate, the second of four.
    """

    def make(initial: Initial, inputs: int, units: int) -> Layer:
        start = _named(f"{part}_initializer", initial)
        layer = getattr(keras.layers, kind)(units, **start)
        layer.build((None, 1, inputs))
        bias = np.ravel(numbers(layer.cell.bias))
        if kind == "LSTM":
            bias = np.delete(bias, np.s_[units : 2 * units])
        name = {"kernel": "kernel", "recurrent": "recurrent_kernel"}[part]
        return numbers(getattr(layer.cell, name)), bias

    return make


MADE: Mapping[str, Callable[..., Layer]] = {
    "depthwise": _depthwise,
    "grouped": _grouped,
    "attention_query": _attention("query"),
    "attention_key": _attention("key"),
    "attention_output": _attention("attention_output"),
    "einsum": _einsum,
    "embedding": _embedding,
    "lstm_input": _recurrent("LSTM", "kernel"),
    "lstm_recurrent": _recurrent("LSTM", "recurrent"),
    "gru_input": _recurrent("GRU", "kernel"),
    "gru_recurrent": _recurrent("GRU", "recurrent"),
}
"""Kind of kernel -> a function of an initializer and its sizes that makes the layer, and returns
the kernel as Keras keeps it and the biases in one vector (empty where it has none)."""
