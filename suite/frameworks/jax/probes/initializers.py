"""Draws of Flax: the kernels of its own layers, and of layers that share an initializer."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from suite.catalogue import initializers, registry
from suite.frameworks.jax import kernels
from suite.frameworks.jax.layers import linear
from suite.types import Array, Layer


def draw(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Draw a fresh layer of Flax; ``truncated`` is filled by ``truncated_normal``."""
    if layer_kind not in kernels.MADE:
        raise registry.unknown("kind of layer", layer_kind, kernels.MADE)
    kernel, bias = _drawing(layer_kind, tuple(shape), initializer)(jax.random.key(seed))
    return np.asarray(kernel), np.asarray(bias)


def bias(initializer: str, fan_in: int, fan_out: int, seed: int) -> Array:
    """Make an ``nnx.Linear`` with the initializer as its ``bias_init``."""
    declared = initializers.resolve(initializer).native("jax")
    start = {} if declared is None else {"bias_init": registry.native(declared)()}
    layer = nnx.Linear(fan_in, fan_out, rngs=nnx.Rngs(jax.random.key(seed)), **start)
    assert layer.bias is not None  # it is made with one
    return np.asarray(layer.bias[...])


def through(kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
    """Apply ``nnx.Linear``."""
    outputs, pull = jax.vjp(linear(jnp.asarray(kernel)), jnp.asarray(inputs))
    return np.asarray(outputs), np.asarray(pull(jnp.asarray(cotangent))[0])


def sharing(kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Fill the kernels with ``nnx.initializers.normal``: by one function, with the keys of one
    ``nnx.Rngs`` as in a model (``shared``), or by one each, with ``nnx.Rngs`` of its own
    (``fresh``). The functions hold no seed and no generator."""
    normal = nnx.initializers.normal
    if kind == "shared":
        starts, streams = [normal(1.0)] * len(shapes), [nnx.Rngs(jax.random.key(seed))]
        streams *= len(shapes)
    elif kind == "fresh":
        states = np.random.SeedSequence(seed).generate_state(len(shapes))
        starts = [normal(1.0) for _ in shapes]
        streams = [nnx.Rngs(int(state)) for state in states]
    else:
        raise registry.unknown("kind of sharing", kind, ("shared", "fresh"))
    made = zip(shapes, starts, streams, strict=True)
    layers = [nnx.Linear(*shape, kernel_init=start, rngs=rngs) for shape, start, rngs in made]
    return [np.asarray(layer.kernel[...]) for layer in layers]


@functools.lru_cache(maxsize=256)
def _drawing(layer_kind: str, shape: tuple[int, ...], initializer: str) -> Any:
    """Return a compiled function of a key that makes a layer: kernel and bias."""
    resolved = initializers.resolve(initializer)
    declared = resolved.native("jax")
    initial = None if declared is None else registry.native(declared)()
    if layer_kind == "truncated":
        initial = nnx.initializers.truncated_normal(stddev=resolved.parameters[0])
    make = kernels.MADE[layer_kind]
    return jax.jit(lambda key: make(nnx.Rngs(key), initial, *shape))
