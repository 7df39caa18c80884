"""Two small problems with a known answer, in Flax and Optax."""

from __future__ import annotations

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


def noise(
    optimizer: str, threshold: float | None, weights: Weights, inputs: Array, targets: Array
) -> tuple[Array, Array, Weights]:
    """Train all networks at once, by ``vmap`` over the loop of one, clipped by
    ``clip_by_global_norm``."""
    stepper = native(optimizers.resolve(optimizer).native("jax"))()
    if threshold is not None:
        stepper = optax.chain(optax.clip_by_global_norm(threshold), stepper)

    def loss(layers: Any, x: Any, y: Any) -> Any:
        first, last = (linear(*layer) for layer in layers)
        return optax.squared_error(nnx.Sequential(first, nnx.relu, last)(x)[:, 0], y).mean()

    def step(carried: Any, batch: Any) -> Any:
        layers, state = carried
        value, gradient = jax.value_and_grad(loss)(layers, *batch)
        updates, state = stepper.update(gradient, state, layers)
        seen = (value, optax.tree.norm(gradient))
        return (optax.apply_updates(layers, updates), state), seen

    def trained(layers: Any, batches: Any) -> Any:
        (layers, _), seen = jax.lax.scan(step, (layers, stepper.init(layers)), batches)
        return layers, seen

    layers, (losses, norms) = jax.jit(jax.vmap(trained))(weights, (inputs, targets))
    return np.asarray(losses), np.asarray(norms), jax.tree.map(np.asarray, layers)


def quadratic(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    """Descend from all starts at once, differentiated in reverse mode."""
    stepper = native(optimizers.resolve(optimizer).native("jax"))()
    c = jnp.asarray(curvatures)

    def step(carried: Any, _: None) -> Any:
        x, state = carried
        gradient = jax.grad(lambda x: (c * x**2).sum() / 2)(x)
        updates, state = stepper.update(gradient, state, x)
        x = optax.apply_updates(x, updates)
        return (x, state), jnp.linalg.norm(x, axis=1)

    x = jnp.asarray(start)
    _, distances = jax.lax.scan(step, (x, stepper.init(x)), length=steps)
    return np.concatenate([np.asarray(jnp.linalg.norm(x, axis=1))[None], np.asarray(distances)])
