"""Single formulas as torch computes them, eagerly or through ``torch.compile``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.catalogue import activations, registry
from suite.catalogue.normalizations import EPSILON
from suite.types import Array

_TYPES = {
    "double": torch.float64,
    "single": torch.float32,
    "bfloat16": torch.bfloat16,
    "half": torch.float16,
}
EXECUTIONS = ("eager", "compiled")


def _logits(x: Tensor) -> Tensor:
    return torch.stack([x, torch.zeros_like(x)], dim=1)


def _binary(label: float) -> Callable[[Tensor], Tensor]:
    loss = nn.BCEWithLogitsLoss(reduction="none")
    return lambda x: loss(x, torch.full_like(x, label))


def _categorical(x: Tensor) -> Tensor:
    classes = torch.zeros(len(x), dtype=torch.int64)
    value: Tensor = nn.CrossEntropyLoss(reduction="none")(_logits(x), classes)
    return value


def _squared(x: Tensor) -> Tensor:
    value: Tensor = nn.MSELoss(reduction="none")(x, torch.ones_like(x))
    return value


def _layer_normalization(x: Tensor) -> Tensor:
    layer = nn.LayerNorm(2, eps=EPSILON, dtype=x.dtype)
    value: Tensor = layer(torch.stack([x, -x.detach()], dim=1))[:, 0]
    return value


def _batch_normalization(x: Tensor) -> Tensor:
    """Normalize each number as a feature of its own, in a batch of two."""
    layer = nn.BatchNorm1d(len(x), eps=EPSILON, dtype=x.dtype)
    value: Tensor = layer(torch.stack([x, -x.detach()]))[0]
    return value


_FORMULAS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "binary_crossentropy_0": _binary(0.0),
    "binary_crossentropy_1": _binary(1.0),
    "categorical_crossentropy": _categorical,
    "squared_error": _squared,
    "softmax": lambda x: functional.softmax(_logits(x), dim=1)[:, 0],
    "log_softmax": lambda x: functional.log_softmax(_logits(x), dim=1)[:, 0],
    "layer_normalization": _layer_normalization,
    "batch_normalization": _batch_normalization,
}


def evaluate(formula: str, points: Array, float_type: str, execution: str) -> tuple[Array, Array]:
    """Return value and slope, the slope by autograd; see ``suite.probes.numerics.Formulas``."""
    if execution not in EXECUTIONS:
        raise registry.unknown("execution", execution, EXECUTIONS)
    function = _FORMULAS.get(formula) or registry.native(
        activations.resolve(formula).native("torch")
    )
    if execution == "compiled":
        torch.compiler.reset()  # beyond eight programs of one function torch would go on eagerly
        function = torch.compile(function)
    x = torch.tensor(points, dtype=torch.float64).to(_TYPES[float_type]).requires_grad_()
    value = function(x)
    # The sum may overflow in a narrow type; the derivative by a vector of ones does not form it.
    (slope,) = torch.autograd.grad(value, x, torch.ones_like(value))
    return value.detach().double().numpy(), slope.double().numpy()
