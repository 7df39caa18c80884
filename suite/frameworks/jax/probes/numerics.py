"""Single formulas as JAX, Flax and Optax compute them, operation by operation or through
``jax.jit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from suite.catalogue import activations, registry
from suite.catalogue.normalizations import EPSILON
from suite.frameworks.jax.layers import statistics_in
from suite.frameworks.jax_stack import in_precision
from suite.types import Array, float64

_TYPES = {"double": "float64", "single": "float32", "bfloat16": "bfloat16", "half": "float16"}
EXECUTIONS = ("eager", "compiled")


def _logits(x: Any) -> Any:
    return jnp.stack([x, jnp.zeros_like(x)], axis=1)


def _categorical(x: Any) -> Any:
    return optax.softmax_cross_entropy_with_integer_labels(_logits(x), jnp.zeros(len(x), int))


def _layer_normalization(x: Any) -> Any:
    layer = nnx.LayerNorm(2, epsilon=EPSILON, param_dtype=x.dtype, rngs=nnx.Rngs(0))
    return layer(jnp.stack([x, -jax.lax.stop_gradient(x)], axis=1))[:, 0]


def _batch_normalization(x: Any) -> Any:
    """Normalize each number as a feature of its own, in a batch of two."""
    layer = nnx.BatchNorm(len(x), epsilon=EPSILON, param_dtype=x.dtype, rngs=nnx.Rngs(0))
    if x.dtype == jnp.float64:
        statistics_in(layer, "float64")
    return layer(jnp.stack([x, -jax.lax.stop_gradient(x)]))[0]


_FORMULAS: Mapping[str, Callable[[Any], Any]] = {
    "binary_crossentropy_0": lambda x: optax.sigmoid_binary_cross_entropy(x, jnp.zeros_like(x)),
    "binary_crossentropy_1": lambda x: optax.sigmoid_binary_cross_entropy(x, jnp.ones_like(x)),
    "categorical_crossentropy": _categorical,
    "squared_error": lambda x: optax.squared_error(x, jnp.ones_like(x)),
    "softmax": lambda x: jax.nn.softmax(_logits(x), axis=1)[:, 0],
    "log_softmax": lambda x: jax.nn.log_softmax(_logits(x), axis=1)[:, 0],
    "layer_normalization": _layer_normalization,
    "batch_normalization": _batch_normalization,
}


def evaluate(formula: str, points: Array, float_type: str, execution: str) -> tuple[Array, Array]:
    """Return value and slope, the slope in reverse mode; see ``suite.probes.numerics.Formulas``.

    Without ``jax.jit``, ``jax.nn`` compiles some of its functions by itself.
    """
    if execution not in EXECUTIONS:
        raise registry.unknown("execution", execution, EXECUTIONS)
    function = _FORMULAS.get(formula) or registry.native(activations.resolve(formula).native("jax"))

    def both(x: Any) -> tuple[Any, Any]:
        value, pull = jax.vjp(function, x)
        return value, pull(jnp.ones_like(value))[0]

    with in_precision(float_type):
        # NumPy rounds to the type: XLA would flush denormal numbers on the way.
        x = jnp.asarray(float64(points).astype(jnp.dtype(_TYPES[float_type])))
        value, slope = (jax.jit(both) if execution == "compiled" else both)(x)
        return float64(np.asarray(value)), float64(np.asarray(slope))
