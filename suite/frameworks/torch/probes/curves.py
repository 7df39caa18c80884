"""Activations as torch gives them to a user who sets nothing: as a layer and as a function."""

from __future__ import annotations

import torch

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS
from suite.types import Array


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Make the module of ``torch.nn``, or call the function; the slope is by autograd.

    Raises Unsupported for an activation for which the catalogue declares no such form of torch.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    entry = ACTIVATIONS[activation]
    if form == "layer":
        owner = f"{form} of {activation!r}"
        target, arguments = registry.of_framework(owner, entry.layers, "torch")
    else:
        target, arguments = entry.function("torch")
    # An item from outside has no default of the framework's: its parameters are what it declares.
    made = registry.native((target, {} if isinstance(target, str) else arguments))
    chosen = made(**arguments) if form == "layer" else made
    x = torch.tensor(points, requires_grad=True)
    value = chosen(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return value.detach().numpy(), slope.numpy()
