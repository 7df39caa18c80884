"""One network at a time, trained in the loop that a user of torch writes."""

from __future__ import annotations

import torch
from torch import nn

from suite.catalogue.optimizers import resolve
from suite.catalogue.registry import native
from suite.frameworks.torch.layers import network, seeded, tensor
from suite.types import TrainTask, Weights


def fit(task: TrainTask, member: int) -> tuple[Weights, float, float]:
    """Train in the loop that a user writes, with the loss on logits."""
    with seeded(0):  # building draws weights, which are replaced below
        model = network(task.architecture, task.settings)
    dense = [module for module in model if isinstance(module, nn.Linear)]
    for layer, (kernel, bias) in zip(dense, task.weights, strict=True):
        layer.weight.data = tensor(kernel[member]).T.clone()
        layer.bias.data = tensor(bias[member]).clone()
    optimizer = native(resolve(task.optimizer).native("torch", task.settings))(model.parameters())
    criterion = nn.BCEWithLogitsLoss()
    inputs, labels = tensor(task.inputs[member]), tensor(task.labels[member])
    for epoch in range(1, task.record[-1] + 1):
        order = torch.from_numpy(task.order(epoch)[member])
        for rows in torch.split(order, task.batch):
            optimizer.zero_grad()
            loss = criterion(model(inputs[rows]).squeeze(-1), labels[rows])
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        logits = model(inputs).squeeze(-1)
        right = ((logits > 0) == (labels > 0.5)).double().mean()
        final = criterion(logits, labels)
    weights = tuple(
        (layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in dense
    )
    return weights, float(final), float(right)
