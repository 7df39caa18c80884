"""A small convolutional network in torch, as its user writes it, one network after another."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn

from suite.catalogue import initializers, optimizers
from suite.catalogue.registry import native
from suite.frameworks.torch.layers import Activation, seeded, tensor
from suite.types import Array, Layer, Weights


def draw(initializer: str, channels: int, filters: int, seed: int) -> Layer:
    """Draw an ``nn.Conv2d``, float32."""
    declared = initializers.resolve(initializer).native("torch")
    with seeded(seed):
        layer = nn.Conv2d(channels, filters, 3, padding="same")
        if declared is not None:
            native(declared)(layer.weight)
            nn.init.zeros_(cast(nn.Parameter, layer.bias))
    weight, bias = (value.detach() for value in layer.parameters())
    return weight.permute(2, 3, 1, 0).numpy(), bias.numpy()


def train(
    activation: str,
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    heldout: Array,
    order: Array,
    batch: int,
) -> tuple[Array, Array, Array]:
    """Train one network after another in a plain loop."""
    trained = []
    for member in range(len(inputs)):
        layers = [(tensor(kernel[member]), tensor(bias[member])) for kernel, bias in weights]
        model = _network(activation, layers, inputs.shape[2])
        stepper = native(optimizers.resolve(optimizer).native("torch"))(model.parameters())
        criterion = nn.CrossEntropyLoss()
        x, y = tensor(inputs[member])[:, None], tensor(labels[member]).long()
        losses = []
        for epoch in order:
            for rows in torch.split(torch.from_numpy(epoch[member].copy()), batch):
                stepper.zero_grad()
                loss = criterion(model(x[rows]), y[rows])
                loss.backward()
                stepper.step()
                losses.append(loss.detach())
        with torch.no_grad():
            trained.append((torch.stack(losses), model(x), model(tensor(heldout[member])[:, None])))
    batch_loss, logits, unseen = (torch.stack(v).numpy() for v in zip(*trained, strict=True))
    return batch_loss.T, logits, unseen


def _network(
    activation: str, layers: list[tuple[torch.Tensor, torch.Tensor]], side: int
) -> nn.Module:
    modules: list[nn.Module] = []
    for kernel, bias in layers[:-1]:
        convolution = nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding="same")
        convolution.weight.data.copy_(kernel.permute(3, 2, 0, 1))
        convolution.bias.data.copy_(bias)  # type: ignore[union-attr]  # it has one
        modules += [convolution, Activation(activation)]
    kernel, bias = layers[-1]
    dense = nn.Linear(*kernel.shape)
    # torch flattens channels first.
    by_channel = kernel.reshape(side, side, -1, kernel.shape[1]).permute(2, 0, 1, 3)
    dense.weight.data.copy_(by_channel.reshape(kernel.shape).T)
    dense.bias.data.copy_(bias)
    return nn.Sequential(*modules, nn.Flatten(), dense)
