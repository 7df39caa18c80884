"""Deep networks of torch's own dense, normalization and activation layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from suite.catalogue import optimizers
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.torch.dense import dense_layers
from suite.frameworks.torch.layers import Activation, tensor
from suite.types import Array, Weights


def propagate(
    activation: str,
    arrangement: str,
    normalization: str,
    residual: float,
    weights: Weights,
    inputs: Array,
    cotangent: Array,
    epsilon: float,
) -> tuple[Array, Array]:
    """Go through the layers one by one, differentiated by autograd."""
    x, function = tensor(inputs).clone().requires_grad_(), Activation(activation)
    stream = [x]
    for position, dense in enumerate(dense_layers(weights)):
        parts = [
            dense,
            *_normal(normalization, dense.out_features, epsilon),
            function,
        ]
        if arrangement == "blocks":
            parts = [*parts[1:], parts[0]]
        skip = residual if arrangement == "blocks" or position > 0 else 0.0
        branch = nn.Sequential(*parts)(x)
        x = x + skip * branch if skip else branch
        stream.append(x)
    gradients = torch.autograd.grad(x, stream, tensor(cotangent))
    return torch.stack(stream[1:]).detach().numpy(), torch.stack(gradients).numpy()


def shift(
    activation: str,
    normalization: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    optimizer: str,
    steps: int,
    epsilon: float,
) -> tuple[Array, Array, Array]:
    """Train in a plain loop, with the step of the layers below put in one layer at a time."""
    dense = [_dense(kernel, bias) for kernel, bias in weights]
    layers = [
        nn.Sequential(
            layer, *_normal(normalization, layer.out_features, epsilon), Activation(activation)
        )
        for layer in dense[:-1]
    ]
    model = nn.Sequential(*layers, dense[-1])
    kernels = [layer.weight for layer in dense[1:-1]]
    make = native(optimizers.resolve(optimizer).native("torch", "common"))
    stepper = make(model.parameters())
    criterion = nn.BCEWithLogitsLoss()
    x, y = tensor(inputs), tensor(labels)

    losses, before, after = [], [], []
    for _ in range(steps):
        stepper.zero_grad()
        loss = criterion(model(x).squeeze(-1), y)
        loss.backward()
        losses.append(loss.item())
        before.append(_stacked([kernel.grad for kernel in kernels]))
        parts = [*layers, dense[-1]]
        start = [_copies(part) for part in parts]
        stepper.step()
        end = [_copies(part) for part in parts]
        for part, values in zip(parts, start, strict=True):
            _set(part, values)
        turned: list[Tensor] = []
        for below, values, kernel in zip(layers[:-1], end[:-2], kernels, strict=True):
            _set(below, values)
            turned += torch.autograd.grad(criterion(model(x).squeeze(-1), y), [kernel])
        after.append(_stacked(turned))
        for part, values in zip(parts, end, strict=True):
            _set(part, values)
    return np.array(losses), np.array(before), np.array(after)


def _dense(kernel: Array, bias: Array) -> nn.Linear:
    """Return a layer to be trained, from copies of a kernel (fan_in, fan_out) and a bias."""
    fan_in, fan_out = kernel.shape
    dense = nn.Linear(fan_in, fan_out, device="meta")  # no memory, no draw
    dense.weight = nn.Parameter(torch.clone(tensor(kernel).T))
    dense.bias = nn.Parameter(torch.clone(tensor(bias)))
    return dense


def _normal(normalization: str, features: int, epsilon: float) -> list[nn.Module]:
    """Return the normalization layer, or nothing where there is none."""
    declared = NORMALIZATIONS[normalization].native("torch", {"epsilon": epsilon})
    return [] if declared is None else [native(declared)(features)]


def _stacked(values: Sequence[Tensor | None]) -> Array:
    """Return kernels or their gradients, (n, fan_in, fan_out): torch keeps (fan_out, fan_in)."""
    return np.stack([value.detach().numpy().T.copy() for value in values if value is not None])


def _copies(layer: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in layer.parameters()]


def _set(layer: nn.Module, values: Sequence[Tensor]) -> None:
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), values, strict=True):
            parameter.copy_(value)
