"""TensorFlow: Keras layers, initializers, losses and optimizers, K networks as one computation.

This file decides how the framework's own parts are called (an initializer is a fresh instance
with its own seed at every draw, because an instance with a seed repeats its values), and which
calls are compiled. Training is in ``stack``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks import probe
from suite.frameworks.keras.starts import seeded, starts, takes_seed
from suite.frameworks.recorded import snapshots
from suite.frameworks.tensorflow.backend import (
    constant,
    keras,
    release,
    tf,
    view,
)
from suite.frameworks.tensorflow.batch_last import BatchLast, usable
from suite.frameworks.tensorflow.stack import Kind, Stack
from suite.frameworks.timing import clock
from suite.types import Array, Layer, LayerSignals, P, Snapshot, TrainTask, Weights


class TensorFlow:
    """The framework ``tensorflow``; ``suite.types.Framework`` says what each verb does.

    Everything is in single precision except for ``evaluate``, which keeps the precision of its
    points, and ``train``, whose task names one.
    """

    name = "tensorflow"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Call the activation; the slope is by a tape."""
        x = tf.constant(points)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = _activation(activation)(x)
        return value.numpy(), tape.gradient(value, x).numpy()

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw what Keras starts a ``Dense`` with, float32, as read-only views of the framework's
        memory.

        ``default`` is what a ``Dense`` does without arguments. Another initializer sets the kernel
        alone, and the bias is zero.
        """
        kernel, bias = starts("tensorflow", initializer)
        drawn = view(seeded(kernel, seed)((fan_in, fan_out), dtype="float32"))
        if not takes_seed(bias):
            return drawn, _fixed(bias, fan_out)
        return drawn, view(seeded(bias, seed)((fan_out,), dtype="float32"))

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Go forward and backward through the networks of all activations, side by side in one
        batch.

        A layer multiplies the rows of all networks at once, then each activation takes its own
        rows.
        """
        shapes = tuple(kernel.shape for kernel, _ in weights)
        arguments = tf.nest.map_structure(constant, (weights, inputs, cotangent))
        # (depth, networks, samples, width): preactivations, outputs, gradients
        passes = [np.asarray(part) for part in _passes(tuple(names), shapes)(*arguments)]
        return [LayerSignals(*(list(part[:, n]) for part in passes)) for n in range(len(names))]

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train the stack, with the batch last in memory where ``batch_last.usable`` says so.

        Each member and dropout layer has a seed of its own, made from ``task.noise``, so a member's
        masks do not depend on its stack. Raises UserError for a name in the task that TensorFlow
        has no function for.
        """
        with clock("compile"):
            stack = _stack(task)
            stack.load(task)
        try:
            yield from snapshots(task, stack)
        finally:
            stack.unload()

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, which are in ``probes/``."""
        return probe(self.name, topic)


def _stack(task: TrainTask) -> Stack:
    """Return a stack for a task: the one that was used last, where it is of the same kind.

    Tracing the programs of a deep stack takes longer than an epoch of it does. Most kinds of task
    come once in a run, and many seeds of one cell come one after the other; so one is kept.
    """
    kept = _kept.cache_info()
    stack = _kept(Kind.of(task), usable(task))
    if _kept.cache_info().misses > kept.misses:
        release()  # what the stack before this one has traced
    # Two tasks of one kind may be trained side by side.
    return stack if stack.task is None else type(stack)(stack.kind)


@lru_cache(maxsize=1)
def _kept(kind: Kind, batch_last: bool) -> Stack:
    return BatchLast(kind) if batch_last else Stack(kind)


def _activation(name: str) -> Callable[..., Any]:
    return native(activations.resolve(name).native("tensorflow"))


@lru_cache(maxsize=64)
def _fixed(initializer: Any, size: int) -> Array:
    """Return the values of an initializer without a seed, (size,): one read-only array for all
    draws."""
    return view(initializer((size,), dtype="float32"))


@lru_cache(maxsize=32)
def _passes(names: tuple[str, ...], shapes: tuple[tuple[int, int], ...]) -> Any:
    """Compile both passes through layers of these shapes, which is 4 times as fast at width 256.

    The weights are arguments, so one layer of each shape serves all layers of that shape and
    all networks, and no weight is kept.
    """
    dense = {}
    for fan_in, fan_out in set(shapes):
        dense[fan_in, fan_out] = keras.layers.Dense(fan_out, kernel_initializer="zeros")
        dense[fan_in, fan_out].build((None, fan_in))
    functions = [keras.layers.Activation(_activation(name)) for name in names]
    count = len(functions)

    def activated(x: Any) -> Any:
        if count == 1:
            return functions[0](x)
        parts = zip(functions, tf.split(x, count), strict=True)
        return tf.concat([function(part) for function, part in parts], axis=0)

    def stacked(layers: list[Any]) -> Any:
        together = tf.stack(layers)
        depth, rows, width = together.shape
        return tf.reshape(together, (depth, count, rows // count, width))

    def passes(weights: Any, inputs: Any, cotangent: Any) -> tuple[Any, Any, Any]:
        preactivations, outputs, x = [], [], tf.tile(inputs, (count, 1))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            for shape, (kernel, bias) in zip(shapes, weights, strict=True):
                x, _ = dense[shape].stateless_call([kernel, bias], [], x)
                preactivations.append(x)
                x = activated(x)
                outputs.append(x)
        gradients = tape.gradient(x, preactivations, tf.tile(cotangent, (count, 1)))
        return stacked(preactivations), stacked(outputs), stacked(gradients)

    return tf.function(passes, autograph=False)
