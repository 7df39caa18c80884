"""Flax' own normalization layers, one at a time: values, gradients, running statistics, defaults.

Values come as (N, D) or (N, H, W, C), which is the layout of Flax. All is computed in the precision
of the values. Flax' ``momentum`` is the share of the old value in a moving average.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from suite.catalogue.normalizations import LAYERS
from suite.catalogue.registry import native
from suite.frameworks.jax.layers import convolution, linear, statistics_in
from suite.frameworks.jax_stack import in_precision
from suite.types import Array


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float | None, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Apply Flax' layer, differentiated in reverse mode."""

    def normalized(x: Any, scale: Any, bias: Any) -> Any:
        made = _made(kind, gamma.shape[0], _given(epsilon), values.dtype.name)
        made.scale, made.bias = nnx.Param(scale), nnx.Param(bias)
        return made(x)

    with _precision(values):
        y, pull = jax.vjp(normalized, *map(jnp.asarray, (values, gamma, beta)))
        by_values, by_gamma, by_beta = map(np.asarray, pull(jnp.asarray(cotangent)))
        return np.asarray(y), by_values, by_gamma, by_beta


def running(
    kind: str, batches: Array, kept: float | None, epsilon: float | None
) -> tuple[Array, Array, Array, Array]:
    """Train Flax' layer on the batches; its ``momentum`` is ``kept``."""
    values = _given(epsilon)
    if kept is not None and LAYERS[kind].keeps_statistics:
        values["momentum"] = kept
    with _precision(batches):
        made = _made(kind, batches.shape[-1], values, batches.dtype.name)
        for batch in batches:
            trained = made(jnp.asarray(batch))
        made.eval()
        inferred = made(jnp.asarray(batches[-1]))
        statistics = [getattr(made, name, None) for name in ("mean", "var")]
        mean, variance = (np.empty(0) if s is None else np.asarray(s[...]) for s in statistics)
        return mean, variance, np.asarray(trained), np.asarray(inferred)


def defaults(kind: str) -> dict[str, float]:
    """Read the defaults off a layer that Flax makes without arguments."""
    features = 4
    made = _made(kind, features, {}, "float32")
    trainable = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(made, nnx.Param)))
    return {
        "epsilon": made.epsilon,
        "momentum": getattr(made, "momentum", float("nan")),
        "parameters": trainable / features,
    }


def rescaled(
    kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array]:
    """Put the layer behind ``nnx.Linear`` or ``nnx.Conv``."""

    def normalized(drawn: Any) -> Any:
        before = linear(drawn) if kernel.ndim == 2 else convolution(drawn)
        after = _made(kind, kernel.shape[-1], _given(epsilon), values.dtype.name)
        return after(before(jnp.asarray(values)))

    with _precision(values):
        y, pull = jax.vjp(normalized, jnp.asarray(kernel))
        return np.asarray(y), np.asarray(pull(jnp.asarray(cotangent))[0])


def _given(epsilon: float | None) -> dict[str, float]:
    """Return the hyper-parameters to set, under the names of the catalogue."""
    return {} if epsilon is None else {"epsilon": epsilon}


def _precision(values: Array) -> Any:
    return in_precision("double" if values.dtype == np.float64 else "single")


def _made(kind: str, features: int, values: Mapping[str, float], dtype: str) -> Any:
    """Return a fresh layer in training mode, with some hyper-parameters set."""
    declared = LAYERS[kind].native("jax", values)
    assert declared is not None  # every entry of LAYERS is a layer
    made = native(declared)(features, param_dtype=dtype, rngs=nnx.Rngs(0))
    statistics_in(made, dtype)
    return made
