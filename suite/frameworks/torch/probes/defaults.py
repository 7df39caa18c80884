"""torch's defaults as numbers, from objects made without arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.catalogue import registry
from suite.frameworks.torch.kernels import MADE
from suite.frameworks.torch.layers import seeded

UNITS = 64
"""Units of the recurrent layers that are drawn, and channels of the depthwise convolution."""
WIDE = 512
"""Units of the attention that is drawn, in 8 heads."""
X = 1e-4
"""The input of the normalization layers, small beside the root of their epsilon."""


def value(case: str, seed: int) -> float:
    """Read the number off an object made without arguments, the global generator seeded."""
    if case not in _CASES:
        raise registry.unknown("default", case, _CASES)
    with seeded(seed):
        return float(_CASES[case]())


def _at(function: Callable[[Tensor], Tensor], x: float) -> float:
    return function(torch.tensor(x, dtype=torch.float64)).item()


def _below(function: Callable[[Tensor], Tensor]) -> float:
    """Return the slope below 0 of a function that is straight there."""
    return -_at(function, -1.0)


def _slope_at_0(function: Callable[[Tensor], Tensor]) -> float:
    x = torch.zeros((), requires_grad=True)
    (slope,) = torch.autograd.grad(function(x), x)
    return slope.item()


def _kept() -> float:
    """Return the share of the old running mean, 0, that is left after a batch of ones."""
    layer = nn.BatchNorm1d(1)
    layer(torch.ones(2, 1))
    assert layer.running_mean is not None
    return 1.0 - layer.running_mean.item()


def _running_variance() -> float:
    """Return what the running variance, 1 at first, moves towards on a batch of variance 1."""
    layer = nn.BatchNorm1d(1)
    layer(torch.tensor([[-1.0], [1.0]]))
    assert layer.running_var is not None
    share = 1.0 - _kept()
    return (layer.running_var.item() - (1.0 - share)) / share


def _forget_bias() -> float:
    layer = nn.LSTM(1, UNITS)  # two biases are added; the forget gate is the second of four
    sides = [layer.get_parameter(name).detach() for name in ("bias_ih_l0", "bias_hh_l0")]
    return float(sum(side[UNITS : 2 * UNITS].mean().item() for side in sides))


def _recurrent_gain() -> float:
    return UNITS * nn.LSTM(1, UNITS).get_parameter("weight_hh_l0").square().mean().item()


def _epsilon(norm: str, dtype: torch.dtype) -> float:
    """Return the epsilon that a normalization layer adds to the square of what it divides by."""
    layers: Mapping[str, Callable[[], nn.Module]] = {
        "batch": lambda: nn.BatchNorm1d(1, dtype=dtype),
        "layer": lambda: nn.LayerNorm(2, dtype=dtype),
        "group": lambda: nn.GroupNorm(1, 2, dtype=dtype),
        "rms": lambda: nn.RMSNorm(2, dtype=dtype),
    }
    given = torch.tensor([[X, -X]], dtype=dtype)
    result = layers[norm]()(given.T if norm == "batch" else given)
    x, y = given.flatten()[0].item(), result.flatten()[0].item()
    return float((x / y) ** 2 - x**2)


def _mean_square(kind: str, *sizes: int) -> float:
    kernel, _ = MADE[kind](*sizes)
    return kernel.square().mean().item()


def _bias_std(kind: str) -> float:
    _, biases = MADE[kind](UNITS, UNITS)
    return biases.square().mean().sqrt().item()


def _optimizer(kind: str, setting: str, place: int | None = None) -> Callable[[], float]:
    """Return a reader of a hyper-parameter; ``place``: its position in a pair."""

    def read() -> float:
        optimizer = getattr(torch.optim, kind)([nn.Parameter(torch.zeros(1))])
        default = optimizer.defaults[setting]
        return float(default if place is None else default[place])

    return read


def _clipped(clip: Callable[[Sequence[nn.Parameter], float], object], which: int) -> float:
    """Return the non-zero entry of one of the gradients (3, 0) and (0, 4), clipped at 1."""
    parameters = [nn.Parameter(torch.zeros(2)) for _ in range(2)]
    for parameter, values in zip(parameters, ([3.0, 0.0], [0.0, 4.0]), strict=True):
        parameter.grad = torch.tensor(values)
    clip(parameters, 1.0)
    gradient = parameters[which].grad
    assert gradient is not None
    return gradient.max().item()


_PRECISIONS = {"": torch.float32, "_double": torch.float64, "_half": torch.float16}
_CASES: Mapping[str, Callable[[], float]] = {
    **{
        f"{norm}_norm.epsilon{end}": functools.partial(_epsilon, norm, dtype)
        for norm in ("batch", "layer", "group", "rms")
        for end, dtype in _PRECISIONS.items()
    },
    "leaky_relu.layer": lambda: _below(nn.LeakyReLU()),
    "leaky_relu.function": lambda: _below(functional.leaky_relu),
    "prelu.start": lambda: nn.PReLU().weight.item(),
    "elu.layer": lambda: -_at(nn.ELU(), -50.0),
    "elu.function": lambda: -_at(functional.elu, -50.0),
    "gelu.function": lambda: _at(functional.gelu, 2.0),
    "hard_sigmoid.slope": lambda: _slope_at_0(functional.hardsigmoid),
    "relu.slope_at_0": lambda: _slope_at_0(functional.relu),
    "selu.slope_at_0": lambda: _slope_at_0(functional.selu),
    "softplus.at_21": lambda: _at(functional.softplus, 21.0) - 21.0,
    "batch_norm.keep": _kept,
    "batch_norm.running_variance": _running_variance,
    "cross_entropy.at_0": lambda: nn.BCELoss()(torch.zeros(1), torch.ones(1)).item(),
    "embedding.std": lambda: nn.Embedding(100, 100).weight.std().item(),
    "lstm.forget_bias": _forget_bias,
    "lstm.recurrent_gain": _recurrent_gain,
    "lstm.input_gain": lambda: UNITS * _mean_square("lstm_input", UNITS, UNITS),
    "lstm.bias_std": lambda: _bias_std("lstm_input"),
    "gru.recurrent_gain": lambda: UNITS * _mean_square("gru_recurrent", UNITS, UNITS),
    "gru.bias_std": lambda: _bias_std("gru_input"),
    # Attention that is made without arguments packs query, key and value.
    "attention.query_gain": lambda: WIDE * _mean_square("attention_packed", WIDE, 8),
    "attention.output_gain": lambda: WIDE * _mean_square("attention_output", WIDE, 8),
    "depthwise.gain": lambda: 9 * _mean_square("depthwise", 3, 3, UNITS),
    "sgd.learning_rate": _optimizer("SGD", "lr"),
    "sgd.momentum": _optimizer("SGD", "momentum"),
    "rmsprop.learning_rate": _optimizer("RMSprop", "lr"),
    "rmsprop.rho": _optimizer("RMSprop", "alpha"),
    "rmsprop.epsilon": _optimizer("RMSprop", "eps"),
    "adam.learning_rate": _optimizer("Adam", "lr"),
    "adam.beta_1": _optimizer("Adam", "betas", 0),
    "adam.beta_2": _optimizer("Adam", "betas", 1),
    "adam.epsilon": _optimizer("Adam", "eps"),
    "adamw.weight_decay": _optimizer("AdamW", "weight_decay"),
    "adagrad.learning_rate": _optimizer("Adagrad", "lr"),
    "adagrad.accumulator": _optimizer("Adagrad", "initial_accumulator_value"),
    "adagrad.epsilon": _optimizer("Adagrad", "eps"),
    "adadelta.learning_rate": _optimizer("Adadelta", "lr"),
    "adadelta.rho": _optimizer("Adadelta", "rho"),
    "adadelta.epsilon": _optimizer("Adadelta", "eps"),
    "adamax.learning_rate": _optimizer("Adamax", "lr"),
    "adamax.epsilon": _optimizer("Adamax", "eps"),
    "nadam.learning_rate": _optimizer("NAdam", "lr"),
    "nadam.epsilon": _optimizer("NAdam", "eps"),
    "clip_norm.first": lambda: _clipped(nn.utils.clip_grad_norm_, 0),
    "clip_norm.second": lambda: _clipped(nn.utils.clip_grad_norm_, 1),
    "clip_network.first": lambda: _clipped(nn.utils.clip_grad_norm_, 0),
    "clip_network.second": lambda: _clipped(nn.utils.clip_grad_norm_, 1),
    "clip_value.first": lambda: _clipped(nn.utils.clip_grad_value_, 0),
}
