"""Training with a weight for each point, as a user of torch writes it."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.torch.layers import tensor
from suite.types import Array, Weights


def train(
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    importance: Array,
    points: Array,
    record: tuple[int, ...],
) -> Array:
    """Train one network after another, with the weights as the ``weight`` of the loss."""
    make = native(optimizers.resolve(optimizer).native("torch"))
    logits = []
    for member in range(len(inputs)):
        layers = [nn.Linear(*kernel.shape[1:]) for kernel, _ in weights]
        for layer, (kernel, bias) in zip(layers, weights, strict=True):
            layer.weight.data.copy_(tensor(kernel[member]).T)
            layer.bias.data.copy_(tensor(bias[member]))
        model = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
        stepper = make(model.parameters())
        x, y, important = (tensor(a[member]) for a in (inputs, labels, importance))
        for start, end in itertools.pairwise((0, *record)):
            for _ in range(start, end):
                stepper.zero_grad()
                loss = functional.binary_cross_entropy_with_logits(
                    model(x)[:, 0], y, weight=important
                )
                loss.backward()  # type: ignore[no-untyped-call]  # torch ships no type for it
                stepper.step()
            with torch.no_grad():
                logits.append(model(tensor(points[member]))[:, 0])
    stacked: Array = torch.stack(logits).numpy()
    return stacked.reshape(len(inputs), len(record), -1)
