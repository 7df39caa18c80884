"""PyTorch on the CPU: its own layers, initializers, loss and optimizers.

The caller chooses the number of threads. The global random generator is left as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from suite.catalogue import initializers
from suite.catalogue.registry import native, unknown
from suite.frameworks import probe
from suite.frameworks.timing import clock
from suite.frameworks.torch.dense import dense_layers
from suite.frameworks.torch.layers import Activation, tensor
from suite.frameworks.torch.narrow import Narrow, usable
from suite.frameworks.torch.stack import Stack
from suite.frameworks.torch_batches import Data, take
from suite.frameworks.torch_random import mask_seed, seeded
from suite.types import Array, Layer, LayerSignals, P, Snapshot, TrainTask, Weights


class Torch:
    """The framework ``torch``; ``suite.types.Framework`` says what each verb does."""

    name = "torch"

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Call the activation; the slope is by autograd."""
        x = torch.tensor(points, requires_grad=True)
        value = Activation(activation)(x)
        (slope,) = torch.autograd.grad(value.sum(), x)
        return value.detach().numpy(), slope.numpy()

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw a fresh ``nn.Linear``, float32; the kernel is a transposed view, because torch keeps
        it as (fan_out, fan_in).

        ``default`` is the layer's own reset. Any other initializer sets the kernel alone, and the
        bias is zero.
        """
        resolved = initializers.resolve(initializer)
        declared = resolved.native("torch")
        if declared is None:
            with seeded(seed):
                layer = nn.Linear(fan_in, fan_out)
            return layer.weight.detach().numpy().T, layer.bias.detach().numpy()
        # The layer's weight without the layer, which would take longer to make than the draw.
        weight = torch.empty(fan_out, fan_in)
        options = {"generator": torch.Generator().manual_seed(seed)} if resolved.random else {}
        native(declared)(weight, **options)
        return weight.numpy().T, np.zeros(fan_out, dtype=np.float32)

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Go forward and backward through the networks of all activations, side by side in one
        batch.

        A layer multiplies the rows of all networks at once, then each activation takes its own
        rows: at width 256 a product of 160 rows takes 6 times as long as one of 16, not 10 times.
        The weights are used where they lie in memory.
        """
        functions, copies = [Activation(name).function for name in names], (len(names), 1)
        x, preactivations, outputs = tensor(inputs).repeat(copies), [], []
        for dense in dense_layers(weights):
            x = dense(x).requires_grad_()
            preactivations.append(x)
            x = _activated(functions, x)
            outputs.append(x)
        gradients = torch.autograd.grad(x, preactivations, tensor(cotangent).repeat(copies))
        signals = [_split(part, len(names)) for part in (preactivations, outputs, gradients)]
        return [LayerSignals(*network) for network in zip(*signals, strict=True)]

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train the stack, in compiled programs where ``narrow.usable`` says so.

        Raises UserError for a name in the task that torch has no function for.
        """
        with clock("compile"):
            stack = Narrow(task) if usable(task) else Stack(task)
        data = stack.tensors(task.inputs, task.labels)
        heldout = stack.tensors(task.heldout_inputs, task.heldout_labels)
        for epoch in range(task.record[-1] + 1):
            if epoch > 0:
                with seeded(mask_seed(task.noise, epoch)):
                    stack.train(data, _order(task, epoch), task.batch)
            if epoch in task.record:
                with clock("record"):
                    snapshot = stack.snapshot(epoch, data, heldout, _sample(task, data, epoch))
                yield snapshot

    def probe(self, topic: type[P]) -> P:
        """Return the measurements of a topic, which are in ``probes/``."""
        return probe(self.name, topic)


def _sample(task: TrainTask, data: Data, epoch: int) -> Data:
    """Return the points on which the gradients of the snapshot after ``epoch`` are taken."""
    if task.gradients_on == "all":
        return data
    if task.gradients_on == "batch":
        return take(data, _order(task, epoch + 1)[:, : task.batch])
    raise unknown("gradients_on", task.gradients_on, ("all", "batch"))


def _order(task: TrainTask, epoch: int) -> Tensor:
    """Return a copy of the order of an epoch, (K, N) int64."""
    return torch.from_numpy(np.array(task.order(epoch), dtype=np.int64))


def _activated(functions: Sequence[Callable[..., Tensor]], x: Tensor) -> Tensor:
    """Apply each function to its own equal part of the rows."""
    if len(functions) == 1:
        return functions[0](x)
    parts = zip(functions, x.chunk(len(functions)), strict=True)
    return torch.cat([function(part) for function, part in parts])


def _split(layers: Sequence[Tensor], networks: int) -> Iterator[tuple[Array, ...]]:
    """Return the rows (samples, width) of each network, from layers (networks * samples, width)."""
    parts = (layer.detach().numpy() for layer in layers)
    return zip(*(part.reshape(networks, -1, part.shape[1]) for part in parts), strict=True)
