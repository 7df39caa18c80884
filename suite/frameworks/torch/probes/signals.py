"""Signals at initialisation in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from suite.frameworks.torch.dense import dense_layers
from suite.frameworks.torch.layers import Activation, tensor
from suite.types import Array, Weights

_PRECISIONS = {"single": torch.float32, "double": torch.float64}


def jacobian(activation: str, weights: Weights, point: Array) -> Array:
    """Differentiate by autograd: the input is a copy of the point for each output, and each
    output is differentiated by its own copy."""
    function, width = Activation(activation), weights[-1][0].shape[1]
    x = copies = tensor(np.tile(point, (width, 1))).requires_grad_()
    for dense in dense_layers(weights):
        x = function(dense(x))
    (rows,) = torch.autograd.grad(x, copies, torch.eye(width))
    return rows.numpy()


def through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """Map one ``nn.Linear`` and its activation over the networks by ``vmap``."""
    _, fan_in, fan_out = kernels.shape
    layer = nn.Sequential(nn.Linear(fan_in, fan_out, device="meta"), Activation(activation))

    def network(kernel: Tensor, bias: Tensor, x: Tensor) -> Tensor:
        value: Tensor = functional_call(layer, {"0.weight": kernel.T, "0.bias": bias}, (x,))
        return value

    result: Tensor = vmap(network)(tensor(kernels), tensor(biases), tensor(hidden))
    return result.numpy()


def backward(
    activation: str, weights: Weights, inputs: Array, cotangent: Array, precision: str
) -> Array:
    """Differentiate by autograd, layer objects shared by all layers of a shape."""
    dtype, function = _PRECISIONS[precision], Activation(activation)
    x = torch.tensor(inputs, dtype=dtype)
    before: list[Tensor] = []
    for dense in dense_layers(weights, dtype):
        before.append(dense(x).requires_grad_())
        x = function(before[-1])
    gradients = torch.autograd.grad(x, before, torch.tensor(cotangent, dtype=dtype))
    return torch.stack(gradients).numpy()


def smallest(precision: str) -> float:
    """Halve 1 as long as the result is above 0."""
    value = torch.ones(1, dtype=_PRECISIONS[precision])
    while (value * 0.5).item() > 0:
        value = value * 0.5
    return value.item()
