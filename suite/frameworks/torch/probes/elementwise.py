"""The time of an activation in torch."""

from __future__ import annotations

import time

import torch

from suite.frameworks.torch.layers import Activation, tensor
from suite.types import Array


def seconds(activation: str, points: Array) -> tuple[float, float]:
    """Time the function forward and backward; see ``suite.probes.elementwise.Elementwise``."""
    function = Activation(activation)
    x = tensor(points).requires_grad_()
    ones = torch.ones_like(x)
    started = time.perf_counter()
    value = function(x)
    between = time.perf_counter()
    torch.autograd.grad(value, x, ones)
    return between - started, time.perf_counter() - between
