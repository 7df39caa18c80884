"""A small convolutional network in Flax and Optax."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from suite.catalogue import activations, optimizers
from suite.catalogue.registry import native
from suite.frameworks.jax.layers import convolution, linear
from suite.frameworks.jax.probes import initializers
from suite.types import Array, Layer, Weights


def draw(initializer: str, channels: int, filters: int, seed: int) -> Layer:
    """Draw an ``nnx.Conv``, float32; its bias is zero by default."""
    return initializers.draw("convolution", (3, 3, channels, filters), initializer, seed)


def train(
    activation: str,
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    heldout: Array,
    order: Array,
    batch: int,
) -> tuple[Array, Array, Array]:
    """Train all networks at once, by ``vmap`` over the loop of one."""
    stepper = native(optimizers.resolve(optimizer).native("jax"))()
    function = native(activations.resolve(activation).native("jax"))

    def logits(layers: Any, images: Any) -> Any:
        parts: list[Any] = []
        for kernel, bias in layers[:-1]:
            parts += [convolution(kernel, bias, "SAME"), function]
        flat = nnx.Sequential(*parts)(images[..., None]).reshape(len(images), -1)
        return linear(*layers[-1])(flat)

    def loss(layers: Any, x: Any, y: Any) -> Any:
        of_each = optax.softmax_cross_entropy_with_integer_labels(logits(layers, x), y)
        return of_each.mean()

    def trained(layers: Any, x: Any, y: Any, unseen: Any, rows: Any) -> Any:
        def step(carried: Any, chosen: Any) -> Any:
            layers, state = carried
            value, gradient = jax.value_and_grad(loss)(layers, x[chosen], y[chosen])
            updates, state = stepper.update(gradient, state, layers)
            return (optax.apply_updates(layers, updates), state), value

        (layers, _), losses = jax.lax.scan(step, (layers, stepper.init(layers)), rows)
        return losses, logits(layers, x), logits(layers, unseen)

    rows = jnp.asarray(order.swapaxes(0, 1).reshape(len(inputs), -1, batch))
    data = (inputs, labels.astype(np.int32), heldout, rows)
    losses, seen, unseen = jax.jit(jax.vmap(trained))(weights, *data)
    return np.asarray(losses).T, np.asarray(seen), np.asarray(unseen)
