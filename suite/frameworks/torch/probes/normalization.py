"""torch's own normalization layers, one at a time: values, gradients, running statistics, defaults.

Values come as (N, D) or (N, H, W, C), the layout of the suite; torch takes channels second. All
is computed in the precision of the values. torch's ``momentum`` is the share of the NEW value in a
moving average, so what is kept of the old one is 1 - momentum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from suite.catalogue.normalizations import LAYERS
from suite.catalogue.registry import native
from suite.types import Array


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float | None, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Apply torch's layer, differentiated by autograd."""
    module = _module(kind, gamma.shape[0], values, _given(epsilon))
    module.weight = nn.Parameter(torch.tensor(gamma))
    module.bias = nn.Parameter(torch.tensor(beta))
    x = torch.tensor(values, requires_grad=True)
    y = _channels_last(module(_channels_second(x)))
    gradients = torch.autograd.grad(y, [x, module.weight, module.bias], torch.tensor(cotangent))
    by_values, by_gamma, by_beta = (gradient.numpy() for gradient in gradients)
    return y.detach().numpy(), by_values, by_gamma, by_beta


def running(
    kind: str, batches: Array, kept: float | None, epsilon: float | None
) -> tuple[Array, Array, Array, Array]:
    """Train torch's layer on the batches; torch's ``momentum`` is 1 - ``kept``."""
    values = _given(epsilon)
    if kept is not None and LAYERS[kind].keeps_statistics:
        values["momentum"] = kept
    module = _module(kind, batches.shape[-1], batches, values)
    with torch.no_grad():
        for batch in batches:
            trained = module(_channels_second(torch.tensor(batch)))
        module.eval()
        inferred = module(_channels_second(torch.tensor(batches[-1])))
    statistics = [getattr(module, name, None) for name in ("running_mean", "running_var")]
    mean, variance = (np.empty(0) if s is None else s.numpy() for s in statistics)
    return mean, variance, _channels_last(trained).numpy(), _channels_last(inferred).numpy()


def defaults(kind: str) -> dict[str, float]:
    """Read the defaults off a layer that torch makes without arguments."""
    features = 4
    module = _made(kind, features, {})
    tracks = getattr(module, "track_running_stats", False)
    trainable = sum(parameter.numel() for parameter in module.parameters())
    return {
        "epsilon": module.eps,
        "momentum": module.momentum if tracks else float("nan"),
        "parameters": trainable / features,
    }


def rescaled(
    kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array]:
    """Put the layer behind ``nn.Linear`` or ``nn.Conv2d``."""
    linear: nn.Linear | nn.Conv2d
    if kernel.ndim == 2:
        fan_in, fan_out = kernel.shape
        linear, order = nn.Linear(fan_in, fan_out, bias=False, device="meta"), [1, 0]
    else:
        height, width, fan_in, fan_out = kernel.shape
        linear = nn.Conv2d(fan_in, fan_out, (height, width), bias=False, device="meta")
        order = [3, 2, 0, 1]
    linear.weight = nn.Parameter(torch.tensor(kernel.transpose(order)))
    before = linear(_channels_second(torch.tensor(values)))
    y = _channels_last(_module(kind, kernel.shape[-1], values, _given(epsilon))(before))
    (gradient,) = torch.autograd.grad(y, [linear.weight], torch.tensor(cotangent))
    return y.detach().numpy(), gradient.numpy().transpose(np.argsort(order))


def _given(epsilon: float | None) -> dict[str, float]:
    """Return the hyper-parameters to set, under the names of the catalogue."""
    return {} if epsilon is None else {"epsilon": epsilon}


def _made(kind: str, features: int, values: Mapping[str, float]) -> Any:
    """Return torch's layer of a kind with some hyper-parameters set."""
    declared = LAYERS[kind].native("torch", values)
    assert declared is not None  # every entry of LAYERS is a layer
    return native(declared)(features)


def _module(kind: str, features: int, inputs: Array, values: Mapping[str, float]) -> Any:
    """Return a fresh layer in training mode, in the precision of the inputs."""
    precision = torch.float64 if inputs.dtype == np.float64 else torch.float32
    return _made(kind, features, values).to(precision).train()


def _channels_second(x: Tensor) -> Tensor:
    return x.movedim(-1, 1)


def _channels_last(x: Tensor) -> Tensor:
    return x.movedim(1, -1)
