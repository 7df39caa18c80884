"""Two small problems with a known answer, trained as a user of torch writes them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.torch import rules
from suite.frameworks.torch.layers import tensor
from suite.types import Array, Weights


def noise(
    optimizer: str, threshold: float | None, weights: Weights, inputs: Array, targets: Array
) -> tuple[Array, Array, Weights]:
    """Train one network after another in a plain loop, clipped by ``clip_grad_norm_``."""
    make = native(optimizers.resolve(optimizer).native("torch"))
    criterion = nn.MSELoss()
    losses, norms = torch.empty(targets.shape[:2]), torch.empty(targets.shape[:2])
    models = []
    for member in range(len(targets)):
        layers = [nn.Linear(*kernel.shape[1:]) for kernel, _ in weights]
        for layer, (kernel, bias) in zip(layers, weights, strict=True):
            layer.weight.data.copy_(tensor(kernel[member]).T)
            layer.bias.data.copy_(tensor(bias[member]))
        model = nn.Sequential(layers[0], nn.ReLU(), layers[1])
        stepper = make(model.parameters())
        batches = zip(tensor(inputs[member]), tensor(targets[member]), strict=True)
        for step, (x, y) in enumerate(batches):
            stepper.zero_grad()
            loss = criterion(model(x).squeeze(-1), y)
            loss.backward()
            # Clipping to infinity changes nothing and still returns the norm.
            norm = clip_grad_norm_(model.parameters(), threshold or math.inf)
            stepper.step()
            losses[member, step], norms[member, step] = loss.detach(), norm
        models.append(layers)
    trained = tuple(
        (
            torch.stack([layers[place].weight.detach().T for layers in models]).numpy(),
            torch.stack([layers[place].bias.detach() for layers in models]).numpy(),
        )
        for place in range(len(weights))
    )
    return losses.numpy(), norms.numpy(), trained


def quadratic(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    """Descend from all starts at once, differentiated by autograd."""
    x = nn.Parameter(tensor(start).clone())
    c = tensor(curvatures)
    stepper = rules.stepper(optimizers.resolve(optimizer).native("torch"), [x])
    distances = [x.detach().norm(dim=1)]
    for _ in range(steps):
        stepper.zero_grad()
        loss: Tensor = (c * x**2).sum() / 2
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        stepper.step()
        distances.append(x.detach().norm(dim=1))
    return torch.stack(distances).numpy()
