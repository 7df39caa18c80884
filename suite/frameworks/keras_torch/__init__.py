"""Keras on torch, on the CPU: Keras' layers, initializers, losses and optimizers.

The caller chooses the number of threads. The global random generator is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks import probe
from suite.frameworks.keras.library import keras, use
from suite.frameworks.keras.starts import seeded, starts, takes_seed
from suite.frameworks.keras_torch.stack import Stack
from suite.frameworks.recorded import snapshots
from suite.frameworks.timing import clock
from suite.types import Array, Layer, LayerSignals, P, Snapshot, TrainTask, Weights

use("torch", "keras_torch")


class KerasTorch:
    """The framework ``keras_torch``; ``suite.types.Framework`` says what each verb does."""

    name = "keras_torch"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Call the activation; the slope is by autograd."""
        x = torch.tensor(points, requires_grad=True)
        value = _activation(activation)(x)
        (slope,) = torch.autograd.grad(value.sum(), x)
        return value.detach().numpy(), slope.numpy()

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw what Keras starts a ``Dense`` with, float32.

        ``default`` is what a ``Dense`` does without arguments. Another initializer sets the kernel
        alone, and the bias is zero.
        """
        kernel, bias = (
            (seeded(start, seed) if takes_seed(start) else start)(shape, dtype="float32")
            for start, shape in zip(
                starts(self.name, initializer), ((fan_in, fan_out), (fan_out,)), strict=True
            )
        )
        return kernel.detach().numpy(), bias.detach().numpy()

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Go forward and backward through each network, layer by layer."""
        layers = [[torch.tensor(values) for values in layer] for layer in weights]
        return [_propagated(name, layers, inputs, cotangent) for name in names]

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train the stack. Raises UserError for a name in the task that Keras has no object for."""
        with clock("compile"):
            stack = Stack(task)
        yield from snapshots(task, stack)

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, which are in ``probes/``."""
        return probe(self.name, topic)


def _activation(name: str) -> Any:
    return native(activations.resolve(name).native("keras_torch"))


def _propagated(name: str, layers: Any, inputs: Array, cotangent: Array) -> LayerSignals:
    """Return the signals of one network, whose layers are a kernel and a bias each.

    One layer of Keras serves all layers of a shape, and its weights are arguments.
    """
    made: dict[Any, Any] = {}
    function = keras.layers.Activation(_activation(name))
    x, preactivations, outputs = torch.tensor(inputs), [], []
    for kernel, bias in layers:
        fan_in, fan_out = kernel.shape
        if kernel.shape not in made:
            made[kernel.shape] = keras.layers.Dense(fan_out, kernel_initializer="zeros")
            made[kernel.shape].build((None, fan_in))
        x = made[kernel.shape].stateless_call([kernel, bias], [], x)[0].requires_grad_()
        preactivations.append(x)
        x = function(x)
        outputs.append(x)
    gradients = torch.autograd.grad(x, preactivations, torch.tensor(cotangent))
    signals = (preactivations, outputs, gradients)
    return LayerSignals(*([np.asarray(value.detach()) for value in part] for part in signals))
