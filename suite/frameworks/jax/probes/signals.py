"""Signals at initialisation in Flax."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks.jax.layers import compiled_passes, linear
from suite.frameworks.jax_signals import traversed
from suite.frameworks.jax_stack import PRECISIONS, in_precision
from suite.types import Array, Weights


def jacobian(activation: str, weights: Weights, point: Array) -> Array:
    """Differentiate in reverse mode, layer by layer: the input is a copy of the point for each
    output, and each output is differentiated by its own copy."""
    width = weights[-1][0].shape[1]
    copies, each = np.tile(point, (width, 1)), np.eye(width, dtype=np.float32)
    layers = jax.tree.map(jnp.asarray, weights)
    _, rows = traversed(compiled_passes(activation), layers, copies, each)
    return np.asarray(rows)


def through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """Map one ``nnx.Linear`` and its activation over the networks by ``vmap``."""
    return np.asarray(_mapped(activation)(kernels, biases, hidden))


def backward(
    activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
) -> Array:
    """Differentiate in reverse mode, layer by layer."""
    dtype = PRECISIONS[precision]
    with in_precision(precision):
        layers, x, g = jax.tree.map(
            lambda array: jnp.asarray(array, dtype=dtype), (weights, inputs, cotangent)
        )
        (_, _, gradients), _ = traversed(compiled_passes(activation), layers, x, g)
        return np.stack([np.asarray(gradient) for gradient in gradients])


def smallest(precision: str) -> float:
    """Halve 1 as long as the result is above 0."""
    with in_precision(precision):
        value = jnp.ones(1, dtype=PRECISIONS[precision])
        while (value * 0.5).item() > 0:
            value = value * 0.5
        return float(value.item())


@functools.lru_cache(maxsize=32)
def _mapped(activation: str) -> Any:
    function = native(activations.resolve(activation).native("jax"))

    def network(kernel: Any, bias: Any, x: Any) -> Any:
        return function(linear(kernel, bias)(x))

    return jax.jit(jax.vmap(network))
