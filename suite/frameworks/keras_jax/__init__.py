"""Keras on JAX, on the CPU: Keras' layers, initializers, losses and optimizers.

Everything is in single precision, as JAX is unless it is asked for more, except for ``evaluate``,
which keeps the precision of its points, and ``train``, whose task names one. Training is in
``suite.frameworks.jax_stack``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks import probe
from suite.frameworks.jax_signals import passes, propagated
from suite.frameworks.jax_stack import Stack
from suite.frameworks.keras.library import keras, use
from suite.frameworks.keras.starts import seeded, starts, takes_seed
from suite.frameworks.keras_jax.network import KerasNetwork
from suite.frameworks.recorded import snapshots
from suite.frameworks.timing import clock
from suite.types import Array, Layer, LayerSignals, P, Snapshot, TrainTask, Weights

use("jax", "keras_jax")


class KerasJax:
    """The framework ``keras_jax``; ``suite.types.Framework`` says what each verb does."""

    name = "keras_jax"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Call the activation; the slope is by reverse-mode differentiation."""
        function = _activation(activation)
        with KerasNetwork.precision("double" if points.dtype == np.float64 else "single"):
            value, pull = jax.vjp(function, jax.numpy.asarray(points))
            (slope,) = pull(jax.numpy.ones_like(value))
            # Keras computes tanh in single precision whatever it is given.
            return np.asarray(value, points.dtype), np.asarray(slope, points.dtype)

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw what Keras starts a ``Dense`` with, float32.

        ``default`` is what a ``Dense`` does without arguments. Another initializer sets the kernel
        alone, and the bias is zero.
        """
        state = np.array([seed, 0], np.uint32)  # as Keras makes it of a whole number
        kernel, bias = _drawing(initializer, fan_in, fan_out)(state)
        return np.asarray(kernel), np.asarray(bias)

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Go forward and backward through each network, layer by layer."""
        layers = jax.tree.map(jax.numpy.asarray, weights)
        return [propagated(_passes(name), layers, inputs, cotangent) for name in names]

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train the stack.

        Each member and dropout layer has a seed of its own, made from ``task.noise``, so a member's
        masks do not depend on its stack. Raises UserError for a name in the task that Keras has no
        object for.
        """
        with clock("compile"):
            stack = Stack(KerasNetwork, task)
        yield from snapshots(task, stack)

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, which are in ``probes/``."""
        return probe(self.name, topic)


def _activation(name: str) -> Any:
    return native(activations.resolve(name).native("keras_jax"))


@functools.lru_cache(maxsize=256)
def _drawing(initializer: str, fan_in: int, fan_out: int) -> Any:
    """Return a compiled function of a seed's state (2,) that draws a kernel and a bias.

    Operation by operation, a draw of a small kernel would take thirty times as long.
    """
    made = starts("keras_jax", initializer)

    def drawn(state: Any) -> list[Any]:
        values = []
        for start, shape in zip(made, ((fan_in, fan_out), (fan_out,)), strict=True):
            if not takes_seed(start):
                values.append(start(shape, dtype="float32"))
                continue
            generator = keras.random.SeedGenerator(0)
            with keras.StatelessScope(state_mapping=[(generator.state, state)]):
                values.append(seeded(start, generator)(shape, dtype="float32"))
        return values

    return jax.jit(drawn)


@functools.lru_cache(maxsize=64)
def _passes(name: str) -> Any:
    def dense(kernel: Any, bias: Any, x: Any) -> Any:
        layer = keras.layers.Dense(kernel.shape[1], kernel_initializer="zeros")
        layer.build((None, kernel.shape[0]))
        return layer.stateless_call([kernel, bias], [], x)[0]

    return passes(dense, keras.layers.Activation(_activation(name)))
