"""Activations as torch gives them to a user who sets nothing: as a layer and as a function."""

from __future__ import annotations

import torch
from torch import nn

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS
from suite.types import Array

_LAYERS = {
    "linear": "Identity",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "mish": "Mish",
}


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Value and slope, by autograd, of an activation made without any argument.

    ``activation``: the catalogue's name without parameters. ``form``: ``layer``, the module of
    ``torch.nn``, or ``function``. Shape and precision of ``points``. Raises UserError for
    another name or form.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    if activation not in _LAYERS:
        raise registry.unknown("activation", activation, _LAYERS)
    if form == "layer":
        chosen = getattr(nn, _LAYERS[activation])()
    else:
        entry = ACTIVATIONS[activation]
        parameters = (value or 0.0 for value in entry.parameters.values())
        chosen = registry.native((entry.native(*parameters)["torch"][0], {}))
    x = torch.tensor(points, requires_grad=True)
    value = chosen(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    return value.detach().numpy(), slope.numpy()
