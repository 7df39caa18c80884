"""Draws of torch: the kernels of its own layers, and of layers that share an initializer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from suite.catalogue import initializers, registry
from suite.frameworks.torch import kernels
from suite.frameworks.torch.layers import seeded, tensor
from suite.types import Array, Layer

KINDS = ("dense", "convolution", "transposed", "truncated", *kernels.MADE)


def draw(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Draw a fresh layer of torch; ``truncated`` is filled by ``trunc_normal_``."""
    inputs, outputs, field = shape[-2], shape[-1], (shape[0], shape[1])
    if layer_kind in kernels.MADE:
        return _other(layer_kind, shape, initializer, seed)
    with seeded(seed):
        if layer_kind in ("dense", "truncated"):
            layer: Any = nn.Linear(inputs, outputs)
        elif layer_kind == "convolution":
            layer = nn.Conv2d(inputs, outputs, field)
        elif layer_kind == "transposed":
            layer = nn.ConvTranspose2d(inputs, outputs, field)
        else:
            raise registry.unknown("kind of layer", layer_kind, KINDS)
        resolved = initializers.resolve(initializer)
        declared = resolved.native("torch")
        if layer_kind == "truncated":
            nn.init.trunc_normal_(layer.weight, std=resolved.parameters[0])
        elif declared is not None:
            registry.native(declared)(layer.weight)
    # torch keeps (out, in), (out, in, height, width), and transposed (in, out, height, width).
    order = {"convolution": (2, 3, 1, 0), "transposed": (2, 3, 0, 1)}.get(layer_kind, (1, 0))
    return layer.weight.detach().numpy().transpose(order), layer.bias.detach().numpy()


def _other(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Draw one of ``kernels.MADE``, and return the kernel as torch keeps it."""
    with seeded(seed):
        kernel, biases = kernels.MADE[layer_kind](*shape)
        declared = initializers.resolve(initializer).native("torch")
        if declared is not None:
            registry.native(declared)(kernel)
    return kernel.detach().numpy(), biases.detach().numpy()


def bias(initializer: str, fan_in: int, fan_out: int, seed: int) -> Array:
    """Fill the bias of a fresh ``nn.Linear``."""
    with seeded(seed):
        layer = nn.Linear(fan_in, fan_out)
        declared = initializers.resolve(initializer).native("torch")
        if declared is not None:
            registry.native(declared)(layer.bias)
    return layer.bias.detach().numpy()


def through(kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
    """Apply ``nn.Linear``."""
    fan_in, fan_out = kernel.shape
    layer = nn.Linear(fan_in, fan_out, bias=False, device="meta")
    layer.weight = nn.Parameter(tensor(kernel).T, requires_grad=False)
    x = tensor(inputs).requires_grad_()
    outputs = layer(x)
    (gradient,) = torch.autograd.grad(outputs, x, tensor(cotangent))
    return outputs.detach().numpy(), gradient.numpy()


def sharing(kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Fill the kernels with ``normal_``: by one function without a generator, the global one seeded
    (``shared``), by one with one generator (``shared_generator``), or with a generator each
    (``fresh``). torch takes no whole number as a seed."""
    if kind == "shared":
        fill: Callable[..., Any] = functools.partial(nn.init.normal_, mean=0.0, std=1.0)
        fills = [fill] * len(shapes)
    elif kind in ("shared_generator", "fresh"):
        fresh = np.random.SeedSequence(seed).generate_state(len(shapes))
        states = [seed] * len(shapes) if kind == "shared_generator" else fresh.tolist()
        made = [torch.Generator().manual_seed(state) for state in states]
        chosen = made[:1] * len(shapes) if kind == "shared_generator" else made
        fills = [
            functools.partial(nn.init.normal_, std=1.0, generator=generator) for generator in chosen
        ]
    else:
        raise registry.unknown("kind of sharing", kind, ("shared", "shared_generator", "fresh"))
    kernels = []
    with seeded(seed):
        for shape, fill in zip(shapes, fills, strict=True):
            layer = nn.Linear(shape[0], shape[1])
            fill(layer.weight)
            kernels.append(layer.weight.detach().numpy().T)
    return kernels
