"""The parts of a network in torch: its modules and its arrays.

A network is the ``nn.Sequential`` that a user would write.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from suite.catalogue import activations
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.torch_random import seeded
from suite.types import Architecture, Array

__all__ = ["Activation", "Residual", "network", "seeded", "tensor"]


class Activation(nn.Module):
    """torch's own function of an activation, as a layer. UserError for an unknown name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.function = native(activations.resolve(name).native("torch"))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function; the shape stays."""
        value: Tensor = self.function(x)
        return value


class Residual(nn.Sequential):
    """x + factor f(x), with f the modules in their order."""

    def __init__(self, factor: float, *modules: nn.Module) -> None:
        super().__init__(*modules)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Add the scaled output of the modules, which keep the shape."""
        value = x
        for module in self:
            value = module(value)
        return x + self.factor * value


def network(architecture: Architecture, settings: str) -> nn.Sequential:
    """Return the multilayer perceptron, with torch's default weights.

    Its modules lie flat in one sequence, except for those of a hidden layer with a residual
    connection, which are a ``Residual``. ``settings`` concerns the normalization layers here:
    ``common`` sets their epsilon and momentum as in ``normalizations``, ``default`` leaves them
    to torch. Raises UserError for an unknown activation, normalization or settings.
    """
    entry = NORMALIZATIONS[architecture.normalization]
    normalization = entry.native("torch", entry.values(settings))
    modules: list[nn.Module] = []
    for position, (fan_in, fan_out) in enumerate(architecture.shapes[:-1]):
        hidden: list[nn.Module] = [nn.Linear(fan_in, fan_out)]
        if normalization is not None:
            hidden.append(native(normalization)(fan_out))
        hidden.append(Activation(architecture.activation))
        if architecture.dropout:
            hidden.append(nn.Dropout(architecture.dropout))
        if architecture.residual and position > 0:
            modules.append(Residual(architecture.residual, *hidden))
        else:
            modules += hidden
    modules.append(nn.Linear(*architecture.shapes[-1]))
    return nn.Sequential(*modules)


def tensor(values: Array, precision: torch.dtype = torch.float32) -> Tensor:
    """Return a tensor over the array's own memory; a copy if it is read-only or of another
    precision."""
    wanted = np.float64 if precision == torch.float64 else np.float32
    return torch.from_numpy(np.require(values, wanted, "W"))
