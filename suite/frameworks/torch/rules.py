"""The choices that a task makes by name, as torch's own functions: loss, clipping and decay of the
learning rate.

A rule that looks at a whole network, such as the norm of its gradient, is mapped over the members
of a stack, so that each member is clipped by its own norm.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.lr_scheduler import ExponentialLR, LRScheduler, StepLR

from suite.catalogue import optimizers
from suite.catalogue.registry import native, unknown
from suite.types import Native, UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Loss:
    """A loss and the number of correct answers that goes with it.

    ``mean``: outputs of one network and labels (N,) -> their mean loss. ``right``: outputs and
    labels of a stack -> (K, N) whether each point is classified correctly. ``classes``: an output
    per class, and labels that are whole numbers; otherwise there is one output.
    """

    mean: Callable[[Tensor, Tensor], Tensor]
    right: Callable[[Tensor, Tensor], Tensor]
    classes: bool = False


LOSSES = {
    "binary": Loss(
        binary_cross_entropy_with_logits, lambda logits, labels: (logits > 0) == (labels > 0.5)
    ),
    "categorical": Loss(
        cross_entropy, lambda logits, labels: logits.argmax(-1) == labels, classes=True
    ),
    "squared": Loss(mse_loss, lambda _, labels: torch.zeros_like(labels, dtype=torch.bool)),
}
PRECISIONS = {"single": torch.float32, "double": torch.float64}
_CLIPPING: dict[str, Callable[..., object]] = {
    "norm": clip_grad_norm_,
    "value": clip_grad_value_,
}


def choose(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return the entry of a name. Raises UserError for a name that torch has no function for."""
    if name not in table:
        raise unknown(f"{kind} in torch", name, table)
    return table[name]


def clipper(clipping: str) -> Callable[..., Sequence[Tensor]] | None:
    """Return a function that clips the gradients (K, ...) of each member, or None for no clipping.

    It takes them as arguments, one for each parameter, and writes into them.
    """
    name, values = optimizers.rule(clipping, optimizers.CLIPPING)
    if name == "none":
        return None
    clip_own = choose("clipping", name, _CLIPPING)

    def clip(*gradients: Tensor) -> Sequence[Tensor]:
        holders = [torch.empty_like(gradient) for gradient in gradients]
        for holder, gradient in zip(holders, gradients, strict=True):
            holder.grad = gradient  # torch clips the gradients of parameters
        clip_own(holders, values["threshold"], foreach=False)
        return gradients

    if name == "value":  # entry by entry, so that members need no mapping
        return clip
    mapped: Callable[..., Sequence[Tensor]] = vmap(clip)
    return mapped


def stepper(declared: Native, parameters: Sequence[Tensor]) -> torch.optim.Optimizer:
    """Return the optimizer of some parameters, without ``foreach`` where it has such an option."""
    make = native(declared)
    options = inspect.signature(make).parameters.values()
    takes = any(o.name == "foreach" or o.kind is o.VAR_KEYWORD for o in options)
    made: torch.optim.Optimizer = make(parameters, **({"foreach": False} if takes else {}))
    return made


def decay(schedule: str, optimizer: torch.optim.Optimizer) -> LRScheduler | None:
    """Return the scheduler, to be stepped after every epoch, or None where the rate is constant.

    Raises UserError for an unknown rule, or a step that is not a whole number of epochs.
    """
    name, values = optimizers.rule(schedule, optimizers.SCHEDULES)
    if name == "constant":
        return None
    if name == "step":
        epochs = values["epochs"]
        if epochs < 1 or epochs != int(epochs):
            raise UserError(f"schedule {schedule!r}: epochs must be a whole number from 1")
        return StepLR(optimizer, int(epochs), values["factor"])
    if name == "exponential":
        return ExponentialLR(optimizer, values["factor"])
    raise unknown("schedule in torch", name, ("constant", "step", "exponential"))
