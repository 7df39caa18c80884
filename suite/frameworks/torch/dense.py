"""Dense layers with given weights, for networks that are measured and not trained."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from suite.frameworks.torch.layers import tensor
from suite.types import Weights


def dense_layers(weights: Weights, dtype: torch.dtype = torch.float32) -> Iterator[nn.Linear]:
    """Yield a layer with each kernel (fan_in, fan_out) and bias (fan_out,), one after the other.

    One object serves all layers of a shape, with its weights exchanged: use it before taking the
    next, because making one takes longer than sending 16 inputs through it. The weights take no
    gradient, so that the backward pass is one product a layer, and are used where they lie.
    """
    made: dict[tuple[int, ...], nn.Linear] = {}
    for kernel, bias in weights:
        if kernel.shape not in made:
            fan_in, fan_out = kernel.shape
            made[kernel.shape] = nn.Linear(fan_in, fan_out, device="meta")  # no memory, no draw
        dense = made[kernel.shape]
        dense.weight = nn.Parameter(tensor(kernel, dtype).T, requires_grad=False)
        dense.bias = nn.Parameter(tensor(bias, dtype), requires_grad=False)
        yield dense
