"""K networks of one architecture as one computation.

``torch.func`` stacks the network: ``vmap`` maps ``functional_call`` over parameters and buffers
that have a leading axis of K members, and autograd runs on the sum of the members' losses, in
which each member has its own gradient and no other. Nothing here looks at values, so an inf or
NaN stays in its member and raises no warning.

A step is recorded once and played for each batch (``recording``). This file decides how the tensors
of a stack lie in memory, and that a snapshot takes the members
in pieces, so that a full training set needs bounded memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from suite.catalogue import optimizers
from suite.frameworks.recorded import Batches
from suite.frameworks.torch import recording
from suite.frameworks.torch.layers import network, seeded, tensor
from suite.frameworks.torch.recording import Step, recorded
from suite.frameworks.torch.rules import LOSSES, PRECISIONS, choose, clipper, decay, stepper
from suite.frameworks.torch_batches import Data, correct, take
from suite.types import Array, Snapshot, TrainTask

PIECE = 2**22
"""Hidden values in one piece of a snapshot: some 100 MB while its gradients are computed."""


class Stack:
    """The K networks of a task while they are trained."""

    def __init__(self, task: TrainTask) -> None:
        architecture = task.architecture
        self.members, points = task.labels.shape
        self.piece = max(1, PIECE // (points * architecture.width * (architecture.depth + 1)))
        self.precision = choose("precision", task.precision, PRECISIONS)
        self.loss = choose("loss", task.loss, LOSSES)
        with seeded(0):  # building draws weights, which are replaced below
            self.model = network(architecture, task.settings).to(self.precision)
        named = dict(self.model.named_parameters())
        # One flat tensor holds all parameters, each (K, ...) contiguous, one after the other. An
        # optimizer works element by element, and one tensor instead of two a layer saves 6 to 8 %
        # of an epoch (RMSprop, K = 240, 4 and 16 layers of 5 units).
        sizes = [self.members * value.numel() for value in named.values()]
        self.flat = nn.Parameter(torch.empty(sum(sizes), dtype=self.precision))
        parts = torch.split(self.flat.detach(), sizes)
        views = self._views(parts, [value.shape for value in named.values()])
        self.parameters = {
            name: view.copy_(value.detach())
            for (name, value), view in zip(named.items(), views, strict=True)
        }
        dense = [name for name, m in self.model.named_modules() if isinstance(m, nn.Linear)]
        self.names = [f"{name}.{part}" for name in dense for part in ("weight", "bias")]
        for name, (kernel, bias) in zip(dense, task.weights, strict=True):
            self.parameters[f"{name}.weight"].copy_(self._tensor(kernel).transpose(1, 2))
            self.parameters[f"{name}.bias"].copy_(self._tensor(bias))
        self.buffers = {
            name: value.expand(self.members, *value.shape).clone()
            for name, value in self.model.named_buffers()
        }
        declared = optimizers.resolve(task.optimizer).native("torch", task.settings)
        # On one tensor ``foreach`` only adds checks (a quarter more time for RMSprop). ``fused``
        # exists for Adam and SGD alone and would save 1 % of a step.
        self.optimizer = stepper(declared, [self.flat])
        self.clip = clipper(task.clipping)
        self.schedule = decay(task.schedule, self.optimizer)
        self.forward = vmap(self._forward, randomness="different")
        steps = len(task.labels[0]) // task.batch * task.record[-1]
        self.step: Step | None = None if steps >= recording.WORTH else self._one
        self.batches = Batches(self.members)

    def _views(self, parts: Sequence[Tensor], shapes: Sequence[torch.Size]) -> list[Tensor]:
        """Return the parameters (K, ...) in the parts of the flat tensor."""
        return [part.view(self.members, *s) for part, s in zip(parts, shapes, strict=True)]

    def _forward(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor
    ) -> Data:
        """Return loss () and logits (N,) or (N, classes) of one member; mapped over the stack."""
        logits = functional_call(self.model, (parameters, buffers), (x,))
        if not self.loss.classes:
            logits = logits.squeeze(-1)
        return self.loss.mean(logits, y), logits

    def tensors(self, inputs: Array, labels: Array) -> Data:
        """Return the points in the form and precision of the stack."""
        y = self._tensor(labels)
        return self._tensor(inputs), y.long() if self.loss.classes else y

    def _tensor(self, values: Array) -> Tensor:
        return tensor(values, self.precision)

    def train(self, data: Data, order: Tensor, batch: int) -> None:
        """Train for one epoch, the points in the ``order`` (K, N) of each member."""
        self.model.train()
        # Gathered once for the whole epoch; the batches are views of the result.
        inputs, labels = take(data, order)
        batch_losses, outputs = [], []
        for x, y in zip(torch.split(inputs, batch, 1), torch.split(labels, batch, 1), strict=True):
            losses, logits, *gradients = self._played(x, y, batch)
            if self.clip is not None:
                gradients = [*self.clip(*gradients)]
            self.flat.grad = torch.cat([gradient.reshape(-1) for gradient in gradients])
            self.optimizer.step()
            batch_losses.append(losses.numpy())
            outputs.append(logits)
        if self.schedule is not None:
            self.schedule.step()
        right = self.loss.right(torch.cat(outputs, 1), labels).numpy()
        self.batches.add(np.stack(batch_losses), correct(right.T, batch))

    def _played(self, x: Tensor, y: Tensor, batch: int) -> list[Tensor]:
        """Return what ``_one`` returns for a batch, full ones as recorded where that pays."""
        values = [*self.parameters.values(), *self.buffers.values(), x, y]
        if x.shape[1] != batch:  # the last batch of an epoch
            return self._one(*values)
        if self.step is None:
            self.step = recorded(self._one, *values)
        return self.step(*values)

    def _one(self, *values: Tensor) -> list[Tensor]:
        """Return losses (K,), logits and the gradients of the sum of the losses, of one batch.

        ``values``: parameters and buffers in their order, inputs and labels.
        """
        count = len(self.parameters)
        leaves = [value.detach().requires_grad_() for value in values[:count]]
        parameters = dict(zip(self.parameters, leaves, strict=True))
        buffers = dict(zip(self.buffers, values[count:-2], strict=True))
        losses, logits = self.forward(parameters, buffers, *values[-2:])
        return [losses.detach(), logits.detach(), *torch.autograd.grad(losses.sum(), leaves)]

    def snapshot(self, epoch: int, data: Data, heldout: Data, sample: Data) -> Snapshot:
        """Return the stack as it is, with gradients on ``sample``, and the batches since the
        previous snapshot."""
        loss, logits, heldout_loss, heldout_logits, *gradients = self._measured(
            data, heldout, sample
        )
        # The parameters will change in place.
        values = [self.parameters[name].detach().numpy().copy() for name in self.names]
        measured = (loss, logits, heldout_loss, heldout_logits)
        return self.batches.snapshot(epoch, _turned(values), _turned(gradients), measured)

    def _measured(self, data: Data, heldout: Data, sample: Data) -> list[Array]:
        """Return loss and logits on both sets, and the gradient by each of ``names``, of all
        members."""
        pieces = []
        for first in range(0, self.members, self.piece):
            part = slice(first, first + self.piece)
            points = [(x[part], y[part]) for x, y in (data, heldout, sample)]
            pieces.append(self._measure(part, *points))
        return [torch.cat(values).numpy() for values in zip(*pieces, strict=True)]

    def _measure(self, part: slice, data: Data, heldout: Data, sample: Data) -> list[Tensor]:
        """Return loss and logits on both sets, and the gradient by each of ``names``, of a part."""
        parameters = {name: value.detach()[part] for name, value in self.parameters.items()}
        buffers = {name: value[part] for name, value in self.buffers.items()}
        self.model.eval()
        inference = [
            value
            for split in (data, heldout)
            for value in self.forward(parameters, buffers, *split)
        ]
        self.model.train()
        for module in self.model.modules():
            if isinstance(module, nn.Dropout):
                module.eval()
        # Training mode moves the running statistics, so it gets copies of them.
        buffers = {name: value.clone() for name, value in buffers.items()}
        leaves = [parameters[name].requires_grad_() for name in self.names]
        losses, _ = self.forward(parameters, buffers, *sample)
        return [*inference, *torch.autograd.grad(losses.sum(), leaves)]


def _turned(values: Sequence[Array]) -> list[Array]:
    """Return kernel, bias, kernel, bias ... with kernels (K, in, out); torch's are (K, out, in)."""
    return [value.swapaxes(1, 2) if value.ndim == 3 else value for value in values]
