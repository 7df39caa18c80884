"""JAX, all networks at once: vmap over members, lax.scan over steps, jit around an epoch.

JAX ships no optimizer; RMSprop is written out, as torch computes it. Its users have to write the
rest by hand as well: layers, the loss, the padding-free last batch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from suite.types import Array, TrainTask

RATE, DECAY, EPSILON = 0.001, 0.9, 1e-7
State = Any
"""Parameters, and the running mean of their squared gradients: two lists of (kernel, bias)."""


def forward(parameters: Any, x: Any) -> Any:
    """Return the logits (N, outputs) of one network."""
    for kernel, bias in parameters[:-1]:
        x = jnp.tanh(x @ kernel + bias)
    kernel, bias = parameters[-1]
    return x @ kernel + bias


def binary(parameters: Any, x: Any, y: Any) -> Any:
    """Return the mean binary cross-entropy on one logit."""
    z = forward(parameters, x)[:, 0]
    return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def categorical(parameters: Any, x: Any, y: Any) -> Any:
    """Return the mean cross-entropy on a logit per class."""
    chosen = jnp.take_along_axis(
        jax.nn.log_softmax(forward(parameters, x)), y[:, None].astype(int), axis=1
    )
    return -jnp.mean(chosen)


def step(loss: Callable[..., Any], state: State, batch: tuple[Any, Any]) -> tuple[State, None]:
    """Train one network on one batch, in the form that lax.scan takes."""
    parameters, squares = state
    gradients = jax.grad(loss)(parameters, *batch)
    squares = jax.tree.map(lambda v, g: DECAY * v + (1 - DECAY) * g**2, squares, gradients)
    parameters = jax.tree.map(
        lambda p, g, v: p - RATE * g / (jnp.sqrt(v) + EPSILON), parameters, gradients, squares
    )
    return (parameters, squares), None


class Networks:
    """All members of a task, ``copies`` of each."""

    def __init__(self, task: TrainTask, copies: int = 1) -> None:
        def tiled(values: Array) -> Any:
            return jnp.asarray(np.concatenate([values] * copies))

        self.members, points = task.labels.shape
        self.copies, self.order = copies, task.order
        start = [(tiled(kernel), tiled(bias)) for kernel, bias in task.weights]
        self.state: State = (start, jax.tree.map(jnp.zeros_like, start))
        self.data = (tiled(task.inputs), tiled(task.labels))
        loss = {"binary": binary, "categorical": categorical}[task.loss]
        take_step = functools.partial(step, loss)
        full = points - points % task.batch

        def one(state: State, x: Any, y: Any, order: Any) -> State:
            x, y = x[order], y[order]
            batches = [v[:full].reshape(-1, task.batch, *v.shape[1:]) for v in (x, y)]
            state, _ = lax.scan(take_step, state, tuple(batches))
            if full < points:
                state, _ = take_step(state, (x[full:], y[full:]))
            return state

        self.epoch = jax.jit(jax.vmap(one))

    def train(self, epochs: int) -> None:
        """Train for epochs 1 to ``epochs`` in the task's order."""
        for epoch in range(1, epochs + 1):
            order = np.concatenate([np.asarray(self.order(epoch), np.int32)] * self.copies)
            self.state = self.epoch(self.state, *self.data, order)
        jax.block_until_ready(self.state)

    def layers(self, member: int) -> Sequence[Array]:
        """Return kernel, bias, kernel, bias ... of one member."""
        return [np.asarray(values[member]) for layer in self.state[0] for values in layer]
