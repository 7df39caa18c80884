"""Lines carried over into torch, as a user of Keras writes them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.catalogue import registry
from suite.frameworks.torch.layers import seeded


def carried(case: str, seed: int) -> tuple[float, bool, str]:
    """Run a case, the global generator started from ``seed``."""
    if case not in _CASES:
        raise registry.unknown("case", case, _CASES)
    with seeded(seed), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            value, error = _CASES[case](), ""
        except (RuntimeError, TypeError, ValueError) as raised:  # what carried code ends with
            value, error = math.nan, f"{type(raised).__name__}: {str(raised).splitlines()[0]}"
    return value, bool(heard), error


def _column(loss: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Fit y = 2 x + 1 with outputs (N, 1) and targets (N,); return the loss over Var(y)."""
    x = torch.linspace(-1.0, 1.0, 16)
    y = 2 * x + 1
    layer = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3)
    for _ in range(200):
        optimizer.zero_grad()
        value = loss(layer(x[:, None]), y)
        value.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    return float(loss(layer(x[:, None]), y).detach() / y.var(correction=0))


def _summed() -> float:
    """Return the gradient of the summed loss over that of the mean loss, on 32 points."""
    slopes = []
    for reduction in ("sum", "mean"):
        w = torch.ones((), requires_grad=True)
        x = torch.linspace(0.5, 1.0, 32)
        nn.MSELoss(reduction=reduction)(w * x, torch.zeros(32)).backward()
        assert w.grad is not None
        slopes.append(float(w.grad))
    return slopes[0] / slopes[1]


def _probabilities_as_logits() -> float:
    sure = torch.sigmoid(torch.tensor([30.0, -30.0]))
    return float(nn.BCEWithLogitsLoss()(sure, torch.tensor([1.0, 0.0])))


def _logits_as_probabilities() -> float:
    logits = torch.tensor([3.0, -3.0, 5.0, -5.0], requires_grad=True)
    nn.BCELoss()(logits, torch.tensor([1.0, 0.0, 0.0, 1.0])).backward()
    assert logits.grad is not None
    return float((logits.grad == 0).float().mean())


def _strided() -> float:
    """Return the first pixel under the middle of a 3 x 3 kernel, on 8 x 8 pixels."""
    layer = nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False)
    with torch.no_grad():
        layer.weight.zero_()[0, 0, 1, 1] = 1.0
        pixels = torch.arange(8.0).expand(1, 1, 8, 8)
        return float(layer(pixels)[0, 0, 0, 0])


def _channels() -> float:
    """Return the largest mean of a channel after batch norm, the channels -1 and 1 last."""
    layer = nn.BatchNorm1d(2)
    values = torch.tensor([-1.0, 1.0]).expand(4, 2, 2)
    return float(layer(values).detach().mean((0, 1)).abs().max())


def _others(apply: Callable[[Tensor], Tensor]) -> float:
    """Return the share of the other samples of a batch that change with the first one."""
    batch = torch.randn(4, 3, 8)
    changed = batch.clone()
    changed[0] += 1
    moved = (apply(batch) - apply(changed)).abs().amax((1, 2))[1:]
    return float((moved > 1e-6).float().mean())


def _recurrent() -> float:
    layer = nn.LSTM(8, 8)
    return _others(lambda batch: layer(batch)[0])


def _attention() -> float:
    layer = nn.MultiheadAttention(8, 2)
    return _others(lambda batch: layer(batch, batch, batch)[0])


def _softmax() -> float:
    """Return the mean over a (2, 3, 4) batch of the sum of the last axis."""
    return float(nn.Softmax()(torch.randn(2, 3, 4)).sum(-1).mean())


def _classes() -> float:
    """Return the loss of a sure and right answer, the classes last."""
    logits = torch.zeros(2, 3, 3)
    logits[..., 0] = 8.0
    return float(nn.CrossEntropyLoss()(logits, torch.zeros(2, 3, dtype=torch.long)))


def _dropout() -> float:
    return float((nn.Dropout(0.5)(torch.ones(2**16)) == 0).float().mean())


def _norm_mode() -> float:
    """Return the mean of a batch of mean 5 after a fresh batch norm."""
    return float(nn.BatchNorm1d(1)(torch.tensor([[4.0], [6.0]])).detach().mean())


def _momentum() -> float:
    """Return the running mean after one batch of ones."""
    layer = nn.BatchNorm1d(1, momentum=0.9)
    layer(torch.ones(2, 1))
    assert layer.running_mean is not None
    return float(layer.running_mean)


class _Scale:
    """A number that a compiled function reads."""

    factor = 1.0


def _stale() -> float:
    scale = _Scale()

    def scaled(x: Tensor) -> Tensor:
        return x * scale.factor

    compiled = torch.compile(scaled, backend="eager")
    compiled(torch.ones(()))
    scale.factor = 2.0
    return float(compiled(torch.ones(())))


def _frozen() -> float:
    """Return whether a layer moves that is frozen after the first step."""
    layer, last = nn.Linear(2, 2), nn.Linear(2, 1)
    optimizer = torch.optim.SGD([*layer.parameters(), *last.parameters()], lr=0.1)
    before = layer.weight.detach().clone()
    for _ in range(2):
        optimizer.zero_grad()
        last(layer(torch.ones(1, 2))).sum().backward()
        optimizer.step()
        moved = bool((layer.weight != before).any())
        before = layer.weight.detach().clone()
        layer.requires_grad_(False)
    return float(moved)


def _layout() -> float:
    """Return how far the outputs are from those meant, over the distance of the transposed ones,
    after a square kernel of Keras is loaded as it is."""
    kernel, x = torch.randn(4, 4), torch.randn(8, 4)
    layer = nn.Linear(4, 4, bias=False)
    layer.load_state_dict({"weight": kernel})
    meant = x @ kernel
    return float(torch.dist(layer(x).detach(), meant) / torch.dist(x @ kernel.T, meant))


def _kept_gradients() -> float:
    """Return the way of four steps without zero_grad, over that of four steps of the gradient."""
    w = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0)
    for _ in range(4):
        (-w).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float(w.detach()) / 4


_CASES: Mapping[str, Callable[[], float]] = {
    "column_by_hand": lambda: _column(lambda outputs, y: ((outputs - y) ** 2).mean()),
    "column_loss": lambda: _column(functional.mse_loss),
    "summed_loss": _summed,
    "probabilities_as_logits": _probabilities_as_logits,
    "logits_as_probabilities": _logits_as_probabilities,
    "same_padding": _strided,
    "channels_last": _channels,
    "batch_first": _recurrent,
    "attention_batch": _attention,
    "softmax_axis": _softmax,
    "classes_last": _classes,
    "dropout_mode": _dropout,
    "norm_mode": _norm_mode,
    "norm_momentum": _momentum,
    "stale_value": _stale,
    "frozen_late": _frozen,
    "weight_layout": _layout,
    "kept_gradients": _kept_gradients,
}
