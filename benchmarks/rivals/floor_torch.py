"""torch's own draws and matrix products, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from suite.catalogue import initializers
from suite.catalogue.registry import native
from suite.studies.propagation import INPUTS


def drawer(initializer: str, width: int) -> Callable[[], Tensor]:
    """Return a function that draws one kernel by torch's initializer."""
    torch.set_num_threads(1)
    declared = initializers.resolve(initializer).native("torch")
    assert declared is not None
    draw = native(declared)

    def kernel() -> Tensor:
        values: Tensor = draw(torch.empty(width, width))
        return values

    return kernel


def products(width: int) -> Callable[[list[Tensor]], None]:
    """Return a function that multiplies a batch through kernels, and a cotangent back."""
    inputs, cotangent = torch.randn(2, INPUTS, width)

    def both(kernels: list[Tensor]) -> None:
        x, back = inputs, cotangent
        for kernel in kernels:
            x = x @ kernel.T
        for kernel in reversed(kernels):
            back = back @ kernel

    return both
