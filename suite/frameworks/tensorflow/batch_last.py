"""Stacks of dense networks, with the points of a batch last in memory.

A product of 32 points and a kernel of 5 x 5 takes a processor's vectors a third of the
instructions when the points lie next to each other: (out, in) by (in, points) in place of
(points, in) by (in, out). And where a network consists of dense layers and of functions of single
numbers alone, the axis of members needs no ``vectorized_map``: TensorFlow's product takes it, and
an activation does not see it. This saves what mapping costs, in each step and in tracing.

``usable`` says which tasks are trained in this way. All others are trained by ``stack``; a test
compares the two.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from suite.frameworks.keras.layers import forward
from suite.frameworks.tensorflow import rules
from suite.frameworks.tensorflow.backend import keras, tf
from suite.frameworks.tensorflow.rules import Tensor
from suite.frameworks.tensorflow.stack import Data, Kind, Stack
from suite.types import TrainTask


def usable(task: TrainTask) -> bool:
    """Return whether a task is trained here: neither normalization nor dropout, and a ``Dense``
    that computes what is written below."""
    model = task.architecture
    return (
        (model.normalization, model.dropout) == ("none", 0.0)
        and _known()
        and all(map(_computes, set(model.shapes)))
    )


class BatchLast(Stack):
    """K networks of one architecture, with hidden values (K, units, points)."""

    def _build(self, kind: Kind) -> None:
        super()._build(kind)
        self.losses = rules.loss(kind.loss, reduction=None)

    def _networks(
        self, model: Any, parameters: Any, states: Any, data: Data, training: bool
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return losses (K,), logits (K, N[, classes]) and no states, of some or all members."""
        inputs, labels = data
        leaves = self._leaves(parameters)
        layers = iter(zip(leaves[::2], leaves[1::2], strict=True))

        def call(layer: Any, x: Tensor) -> Tensor:
            if not isinstance(layer, keras.layers.Dense):
                return layer(x)
            kernel, bias = next(layers)
            # The first layer turns its inputs, which have the points first, while it multiplies.
            return tf.matmul(kernel, x, transpose_a=True, transpose_b=x is inputs) + bias[..., None]

        outputs = tf.linalg.matrix_transpose(
            forward(self.kind.architecture, self.parts, inputs, call)
        )
        losses = tf.reduce_mean(self.losses(labels[..., None], outputs), axis=1)
        return losses, outputs if self.kind.loss == "categorical" else outputs[..., 0], []


@lru_cache(maxsize=1)
def _known() -> bool:
    """Return whether Keras' ``Dense`` is one product and one sum, as in ``BatchLast``."""
    dense = keras.layers.Dense(2)
    dense.build((None, 3))
    function = tf.function(lambda *values: dense.stateless_call(values[:2], [], values[2])[0])
    shapes = ((3, 2), (2,), (None, 3))
    program = function.get_concrete_function(*map(tf.TensorSpec, shapes))
    operations = [operation.type for operation in program.graph.get_operations()]
    return [name for name in operations if name not in ("Placeholder", "Identity")] == [
        "MatMul",
        "BiasAdd",
    ]


def _computes(shape: tuple[int, int]) -> bool:
    """Return whether Keras' ``Dense`` of a shape (fan_in, fan_out) gives the numbers of
    ``BatchLast``.

    It is asked for each stack, so that a mistake in the layer is measured wherever it comes from: a
    stack whose layer computes anything else is trained with the layer. Single precision rounds by
    1e-6 of the largest number.
    """
    fan_in, fan_out = shape
    dense = keras.layers.Dense(fan_out, kernel_initializer="zeros", dtype="float32")
    dense.build((None, fan_in))
    size = fan_in * fan_out
    kernel = np.cos(np.arange(size, dtype=np.float32)).reshape(shape)
    bias = np.sin(np.arange(fan_out, dtype=np.float32))
    points = np.cos(2 * np.arange(3 * fan_in, dtype=np.float32)).reshape(3, fan_in)
    values = [tf.constant(array) for array in (kernel, bias, points)]
    given = dense.stateless_call(values[:2], [], values[2])[0].numpy()
    expected = points @ kernel + bias
    return bool(np.abs(given - expected).max() <= 1e-5 * np.abs(expected).max())
