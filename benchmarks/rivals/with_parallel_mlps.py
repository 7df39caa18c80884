"""ParallelMLPs: many networks of one hidden layer side by side, as one wide layer of plain torch.

Farias, Ludermir and Bastos-Filho 2022, arXiv 2206.08369. The hidden layers of K networks of width H
are one Linear of K H units. Each unit is then multiplied by its own weight, and the products of a
network's units are summed to its output. The paper sums by a scatter, because its networks have
different widths; where all have the same, a reshape and a sum do the same. The sum of the networks'
losses gives each network its own gradient.

One Linear has one input: all networks see the same points in the same order, here those of the
first member. In the engine every network has points and an order of its own, which such a layer
cannot give it. This way therefore does less: it copies one batch a step where the engine copies K.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.rivals.work import Order
from suite.types import Array, TrainTask


class SideBySide(nn.Module):
    """``networks`` independent networks of one hidden layer of ``width`` tanh units."""

    def __init__(self, inputs: int, width: int, networks: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(inputs, networks * width)
        self.kernel = nn.Parameter(torch.empty(networks, width))
        self.bias = nn.Parameter(torch.empty(networks))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, networks) of points (N, inputs)."""
        products = torch.tanh(self.hidden(x)).view(len(x), *self.kernel.shape) * self.kernel
        return products.sum(dim=2) + self.bias


class Networks:
    """All members of a task, ``copies`` of each, on the points of the first."""

    def __init__(self, task: TrainTask, copies: int = 1) -> None:
        torch.set_num_threads(1)
        shape = task.architecture
        if shape.depth != 1 or shape.outputs != 1 or task.loss != "binary":
            raise ValueError(f"one hidden layer, one output and a binary loss, not {shape}")
        (kernel, bias), (last_kernel, last_bias) = (
            [torch.tensor(np.concatenate([values] * copies)) for values in layer]
            for layer in task.weights
        )
        self.model = SideBySide(shape.inputs, shape.width, len(kernel))
        with torch.no_grad():  # (K, inputs, H) -> (K H, inputs)
            self.model.hidden.weight.copy_(kernel.mT.reshape(-1, shape.inputs))
            self.model.hidden.bias.copy_(bias.reshape(-1))
            self.model.kernel.copy_(last_kernel[:, :, 0])
            self.model.bias.copy_(last_bias[:, 0])
        self.inputs, self.labels = torch.tensor(task.inputs[0]), torch.tensor(task.labels[0])
        self.batch, self.width = task.batch, shape.width
        self.loss = nn.BCEWithLogitsLoss(reduction="none")
        self.optimizer = torch.optim.RMSprop(self.model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)

    def train(self, epochs: int, order: Order | None = None) -> None:
        """Train; the points are shuffled once an epoch, or taken in the given order."""
        for epoch in range(1, epochs + 1):
            if order is None:
                chosen = torch.randperm(len(self.inputs))
            else:
                chosen = torch.from_numpy(np.array(order(epoch), dtype=np.int64))
            for index in chosen.split(self.batch):
                self.optimizer.zero_grad()
                logits = self.model(self.inputs[index])
                labels = self.labels[index, None].expand_as(logits)
                self.loss(logits, labels).mean(dim=0).sum().backward()
                self.optimizer.step()

    def layers(self, member: int) -> Sequence[Array]:
        """Return kernel, bias, kernel, bias of one member."""
        own = slice(member * self.width, (member + 1) * self.width)
        hidden = self.model.hidden
        last = self.model.kernel[member, :, None], self.model.bias[member, None]
        parts = hidden.weight[own].T, hidden.bias[own], *last
        return [values.detach().numpy() for values in parts]
