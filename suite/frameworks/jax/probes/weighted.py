"""Training with a weight for each point, in Flax and Optax."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.jax.layers import linear
from suite.types import Array, Weights


def train(
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    importance: Array,
    points: Array,
    record: tuple[int, ...],
) -> Array:
    """Train all networks at once, by ``vmap`` over the loop of one."""
    stepper = native(optimizers.resolve(optimizer).native("jax"))()

    def logits(layers: Any, x: Any) -> Any:
        first, second, last = (linear(*layer) for layer in layers)
        return nnx.Sequential(first, nnx.relu, second, nnx.relu, last)(x)[:, 0]

    def loss(layers: Any, x: Any, y: Any, important: Any) -> Any:
        return (important * optax.sigmoid_binary_cross_entropy(logits(layers, x), y)).mean()

    def trained(carried: Any, data: Any, count: Any) -> Any:
        def step(_: Any, carried: Any) -> Any:
            layers, state = carried
            updates, state = stepper.update(jax.grad(loss)(layers, *data), state, layers)
            return optax.apply_updates(layers, updates), state

        return jax.lax.fori_loop(0, count, step, carried)

    together = jax.jit(jax.vmap(trained, in_axes=(0, 0, None)))
    layers = jax.tree.map(jnp.asarray, weights)
    carried, data = (layers, jax.vmap(stepper.init)(layers)), (inputs, labels, importance)
    recorded = []
    for start, end in itertools.pairwise((0, *record)):
        carried = together(carried, data, end - start)
        recorded.append(np.asarray(jax.vmap(logits)(carried[0], points)))
    return np.stack(recorded, axis=1)
