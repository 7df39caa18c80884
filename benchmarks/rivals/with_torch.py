"""PyTorch, one network at a time: the loop of its tutorials, and what its documentation offers."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.rivals.work import Build, Order
from suite.types import Array, TrainTask


class Loop:
    """zero_grad, backward, step; the data set is two tensors, because it is small."""

    def __init__(self, task: TrainTask, member: int, compiled: bool, foreach: bool | None) -> None:
        modules: list[nn.Module] = []
        for kernel, bias in task.weights:
            dense = nn.Linear(*kernel.shape[1:])
            with torch.no_grad():
                dense.weight.copy_(torch.tensor(kernel[member].T))
                dense.bias.copy_(torch.tensor(bias[member]))
            modules += [dense, nn.Tanh()]
        self.network = nn.Sequential(*modules[:-1])
        self.model: Any = torch.compile(self.network) if compiled else self.network
        self.batch = task.batch
        self.inputs, labels = torch.tensor(task.inputs[member]), torch.tensor(task.labels[member])
        self.loss: nn.Module
        if task.loss == "categorical":
            self.loss, self.labels = nn.CrossEntropyLoss(), labels.long()
        else:
            self.loss, self.labels = nn.BCEWithLogitsLoss(), labels[:, None]
        self.optimizer = torch.optim.RMSprop(
            self.network.parameters(), lr=0.001, alpha=0.9, eps=1e-7, foreach=foreach
        )

    def train(self, epochs: int, order: Order | None = None) -> None:
        """Pass over the shuffled points once an epoch."""
        for epoch in range(1, epochs + 1):
            if order is None:
                chosen = torch.randperm(len(self.inputs))
            else:
                chosen = torch.from_numpy(np.array(order(epoch), dtype=np.int64))
            for index in chosen.split(self.batch):
                self.optimizer.zero_grad()
                loss = self.loss(self.model(self.inputs[index]), self.labels[index])
                loss.backward()
                self.optimizer.step()

    def layers(self) -> Sequence[Array]:
        """Return kernels transposed to (fan_in, fan_out), and biases."""
        return [parameter.detach().numpy().T for parameter in self.network.parameters()]


WAYS: dict[str, Build] = {
    "torch loop": functools.partial(Loop, compiled=False, foreach=None),
    "torch loop, foreach=True": functools.partial(Loop, compiled=False, foreach=True),
    "torch.compile": functools.partial(Loop, compiled=True, foreach=None),
}


def prepare() -> None:
    """Set one thread: small layers do not gain from more, and processes fill the cores."""
    torch.set_num_threads(1)
