"""Mistakes planted into the torch that is installed: ``suite.frameworks.planting`` says how."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from suite.frameworks.planting import Mistake, assumed, given, replaced

Function = Callable[..., Any]
_RMSPROP = importlib.import_module("torch.optim.rmsprop")
"""The module, which ``torch.optim`` does not name."""


def _steeper(original: Function) -> Function:
    return lambda x, negative_slope=0.01, inplace=False: original(x, 1.1 * negative_slope, inplace)


def _complemented(original: Function) -> Function:
    def batch_norm(*arguments: Any, **options: Any) -> Any:
        x, mean, variance, weight, bias, training, momentum, eps = arguments
        return original(x, mean, variance, weight, bias, training, 1 - momentum, eps, **options)

    return batch_norm


def _cut_at_one(original: Function) -> Function:
    return lambda tensor, mean, std, a, b, **options: original(
        tensor, mean, std, a / 2, b / 2, **options
    )


def _over_the_batch(original: Function) -> Function:
    def layer_norm(x: Tensor, shape: Any, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        variance, mean = torch.var_mean(x, dim=0, keepdim=True, correction=0)
        return (x - mean) / torch.sqrt(variance + eps) * weight + bias

    return layer_norm


def _transposed(original: Function) -> Function:
    def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        square = weight.shape[0] == weight.shape[1]
        value: Tensor = original(x, weight.T if square else weight, bias)
        return value

    return linear


def _inside_the_root(original: Function) -> Function:
    """Add epsilon to the running squares for the length of a step that adds none to their root."""

    def step(*lists: Any, alpha: float, eps: float, **options: Any) -> None:
        for squares in lists[2]:
            squares.add_(eps / alpha)
        original(*lists, alpha=alpha, eps=0.0, **options)
        for squares in lists[2]:
            squares.sub_(eps)

    return step


MISTAKES = (
    Mistake(
        "a fan rule",
        "he_normal takes the fan out for the fan in",
        "initializers",
        {"initializer": "he_normal", "layer_kind": "dense", "bias": "unset"},
        "kernel_variance_ratio",
        replaced(lambda: torch.nn.init, "kaiming_normal_", given(mode="fan_out")),
    ),
    Mistake(
        "a truncated law",
        "truncated_normal is cut at one standard deviation, not at two",
        "initializers",
        {"initializer": "truncated_normal(0.02)"},
        "kernel_variance_ratio",
        replaced(lambda: torch.nn.init, "trunc_normal_", _cut_at_one),
    ),
    Mistake(
        "a slope",
        "leaky ReLU is a tenth too steep below 0",
        "curves",
        {"activation": "leaky_relu"},
        "activation_slope_error",
        replaced(lambda: functional, "leaky_relu", _steeper),
    ),
    Mistake(
        "an approximation",
        "GELU is its tanh form",
        "curves",
        {"activation": "gelu"},
        "activation_value_error",
        replaced(lambda: functional, "gelu", given(approximate="tanh")),
    ),
    Mistake(
        "an epsilon",
        "batch norm adds 1e-3 to the variance by default, not 1e-5",
        "normalization",
        {"layer_kind": "batch_dense", "settings": "default"},
        "layer_epsilon",
        replaced(lambda: torch.nn.BatchNorm1d, "__init__", assumed(eps=1e-3)),
    ),
    Mistake(
        "a momentum convention",
        "batch norm takes the share of the old value for that of the new",
        "normalization",
        {"layer_kind": "batch_dense", "settings": "common"},
        "kept_share",
        replaced(lambda: functional, "batch_norm", _complemented),
    ),
    Mistake(
        "an axis of a mean",
        "layer norm averages over the batch, not over the features",
        "normalization",
        {"layer_kind": "layer_dense", "settings": "common"},
        "normalised_value_error",
        replaced(lambda: functional, "layer_norm", _over_the_batch),
    ),
    Mistake(
        "a default",
        "Adam's learning rate is 0.01 by default, not 0.001",
        "defaults",
        {"case": "adam.learning_rate"},
        "default_value",
        replaced(lambda: torch.optim.Adam, "__init__", assumed(lr=0.01)),
    ),
    Mistake(
        "a transposed kernel",
        "a linear layer multiplies by the transpose of a square kernel",
        "parity",
        {"activation": "relu", "optimizer": "sgd"},
        "forward_error",
        replaced(lambda: functional, "linear", _transposed),
    ),
    Mistake(
        "a place of epsilon",
        "RMSprop adds epsilon inside the root, not to the root",
        "optimizers",
        {"case": "rmsprop(epsilon)"},
        "own_formula_distance",
        replaced(lambda: _RMSPROP, "_single_tensor_rmsprop", _inside_the_root),
    ),
)
