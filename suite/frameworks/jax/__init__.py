"""JAX on the CPU: Flax NNX layers and initializers, Optax losses and optimizers.

Everything is in single precision, as JAX is unless it is asked for more, except for ``evaluate``,
which keeps the precision of its points, and ``train``, whose task names one. There is no global
random generator: each draw has the key of its seed. Training is in
``suite.frameworks.jax_stack``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx

from suite.catalogue import activations, initializers
from suite.catalogue.registry import native
from suite.frameworks import probe
from suite.frameworks.jax.layers import compiled_passes
from suite.frameworks.jax.stack import FlaxNetwork
from suite.frameworks.jax_signals import propagated
from suite.frameworks.jax_stack import Stack, in_precision
from suite.frameworks.recorded import snapshots
from suite.frameworks.timing import clock
from suite.types import Array, Layer, LayerSignals, P, Snapshot, TrainTask, Weights


class Jax:
    """The framework ``jax``; ``suite.types.Framework`` says what each verb does."""

    name = "jax"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Call the activation; the slope is by reverse-mode differentiation."""
        function = native(activations.resolve(activation).native("jax"))
        with in_precision("double" if points.dtype == np.float64 else "single"):
            value, pull = jax.vjp(function, jax.numpy.asarray(points))
            (slope,) = pull(jax.numpy.ones_like(value))
            return np.asarray(value), np.asarray(slope)

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw a fresh ``nnx.Linear``, float32.

        ``default`` is the layer without an initializer. Another one sets the kernel alone, and the
        bias is zero, which is also Flax's default.
        """
        kernel, bias = _drawing(initializer, fan_in, fan_out)(jax.random.key(seed))
        return np.asarray(kernel), np.asarray(bias)

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Go forward and backward through each network, layer by layer."""
        layers = jax.tree.map(jax.numpy.asarray, weights)
        return [propagated(compiled_passes(name), layers, inputs, cotangent) for name in names]

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train the stack.

        Each member and dropout layer has a key of its own, made from ``task.noise``, so a member's
        masks do not depend on its stack. Raises UserError for a name in the task that JAX has no
        function for.
        """
        with clock("compile"):
            stack = Stack(FlaxNetwork, task)
        yield from snapshots(task, stack)

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, which are in ``probes/``."""
        return probe(self.name, topic)


@functools.lru_cache(maxsize=256)
def _drawing(initializer: str, fan_in: int, fan_out: int) -> Any:
    """Return a compiled function of a key that makes a layer: kernel and bias.

    Operation by operation, a draw of a small kernel would take thirty times as long.
    """
    declared = initializers.resolve(initializer).native("jax")
    options = {} if declared is None else {"kernel_init": native(declared)()}

    def drawn(key: Any) -> tuple[Any, Any]:
        layer = nnx.Linear(fan_in, fan_out, rngs=nnx.Rngs(key), **options)
        return layer.kernel[...], layer.bias[...]

    return jax.jit(drawn)
