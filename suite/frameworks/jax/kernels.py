"""The kinds of kernels of ``suite.catalogue.kernels``, in Flax' own layers.

Flax keeps a kernel as (..., inputs, outputs). Gates of a recurrent layer stand in one array in
``OptimizedLSTMCell`` and ``GRUCell``; ``LSTMCell`` keeps each one apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from flax import nnx

Initial = Any
"""An initializer, or None for the layer's own."""
Drawn = tuple[Any, Any]
"""The kernel of a fresh layer as Flax keeps it, and its biases in one vector (empty where it has
none)."""


def _named(argument: str, initial: Initial) -> dict[str, Any]:
    """Return the keyword argument of an initializer; none for the layer's own."""
    return {} if initial is None else {argument: initial}


def _parts(layer: Any) -> Drawn:
    return layer.kernel[...], layer.bias[...].ravel()


def _dense(rngs: nnx.Rngs, initial: Initial, inputs: int, outputs: int) -> Drawn:
    return _parts(nnx.Linear(inputs, outputs, rngs=rngs, **_named("kernel_init", initial)))


def _convolution(
    rngs: nnx.Rngs,
    initial: Initial,
    height: int,
    width: int,
    inputs: int,
    outputs: int,
    groups: int = 1,
) -> Drawn:
    start = _named("kernel_init", initial)
    layer = nnx.Conv(
        inputs, outputs, (height, width), feature_group_count=groups, rngs=rngs, **start
    )
    return _parts(layer)


def _transposed(
    rngs: nnx.Rngs, initial: Initial, height: int, width: int, inputs: int, outputs: int
) -> Drawn:
    start = _named("kernel_init", initial)
    return _parts(nnx.ConvTranspose(inputs, outputs, (height, width), rngs=rngs, **start))


def _depthwise(rngs: nnx.Rngs, initial: Initial, height: int, width: int, channels: int) -> Drawn:
    return _convolution(rngs, initial, height, width, channels, channels, channels)


def _attention(part: str) -> Callable[..., Drawn]:
    """Return a function that makes attention and takes one of its kernels, with its bias."""

    def make(
        rngs: nnx.Rngs, initial: Initial, units: int, heads: int, keys: int | None = None
    ) -> Drawn:
        start = _named("kernel_init", initial)
        layer = nnx.MultiHeadAttention(
            heads, units, in_kv_features=keys, decode=False, rngs=rngs, **start
        )
        return _parts(getattr(layer, part))

    return make


def _einsum(rngs: nnx.Rngs, initial: Initial, units: int, heads: int, size: int) -> Drawn:
    start = _named("kernel_init", initial)
    layer = nnx.Einsum("abc,cde->abde", (units, heads, size), rngs=rngs, **start)
    return layer.kernel[...], jnp.empty(0)


def _embedding(rngs: nnx.Rngs, initial: Initial, entries: int, size: int) -> Drawn:
    layer = nnx.Embed(entries, size, rngs=rngs, **_named("embedding_init", initial))
    return layer.embedding[...], jnp.empty(0)


def _recurrent(cell: Callable[..., Any], part: str) -> Callable[..., Drawn]:
    """Return a function that makes a recurrent cell and takes one of its kernels.

    The biases are without those of an LSTM's forget gate, the second of four.
    """
    argument = {"dense_i": "kernel_init", "dense_h": "recurrent_kernel_init"}[part]

    def make(rngs: nnx.Rngs, initial: Initial, inputs: int, units: int) -> Drawn:
        layer = cell(inputs, units, rngs=rngs, **_named(argument, initial))
        biases = [each.bias[...] for each in (layer.dense_i, layer.dense_h) if each.use_bias]
        bias = jnp.concatenate(biases)
        if cell is nnx.OptimizedLSTMCell:
            bias = jnp.delete(bias, jnp.arange(units, 2 * units), assume_unique_indices=True)
        return getattr(layer, part).kernel[...], bias

    return make


MADE: Mapping[str, Callable[..., Drawn]] = {
    "dense": _dense,
    "truncated": _dense,
    "convolution": _convolution,
    "transposed": _transposed,
    "depthwise": _depthwise,
    "grouped": _convolution,
    "attention_query": _attention("query"),
    "attention_key": _attention("key"),
    "attention_output": _attention("out"),
    "einsum": _einsum,
    "embedding": _embedding,
    "lstm_input": _recurrent(nnx.OptimizedLSTMCell, "dense_i"),
    "lstm_recurrent": _recurrent(nnx.OptimizedLSTMCell, "dense_h"),
    "gru_input": _recurrent(nnx.GRUCell, "dense_i"),
    "gru_recurrent": _recurrent(nnx.GRUCell, "dense_h"),
}
"""Kind of kernel -> a function of a stream of keys, an initializer and its sizes that makes the
layer."""
