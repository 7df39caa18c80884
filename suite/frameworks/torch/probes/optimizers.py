"""torch's own optimizers, step by step, as a user writes the loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.lr_scheduler import LRScheduler, SequentialLR

from suite.catalogue import step_options
from suite.catalogue.registry import native, unknown
from suite.catalogue.step_options import THRESHOLD, WARM, Setting
from suite.theory import steps
from suite.types import Array


def path(setting: str, task: str, batches: int) -> Array:
    """Step in double precision. Gradients are accumulated by calling ``backward`` more than once
    before ``zero_grad``."""
    chosen = step_options.resolve(setting)
    if task not in steps.SHAPES:
        raise unknown("task", task, steps.SHAPES)
    given = [torch.tensor(part) for part in steps.coefficients(task)]
    parameters = [torch.tensor(part, requires_grad=True) for part in steps.start(task)]
    target, arguments = chosen.native("torch")
    strength = chosen.penalty("torch")
    penalty = {"weight_decay": strength} if strength else {}
    rate = {"lr": chosen.method.rate}
    optimizer: torch.optim.Optimizer = native((target, {**arguments, **penalty, **rate}))(
        parameters
    )
    scheduler = _scheduler(chosen, optimizer)
    followed = [_flat(parameters)]
    for batch in range(batches):
        loss = _loss(task, parameters, given)
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        if (batch + 1) % chosen.batches == 0:
            _clip(chosen.clipping, parameters)
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            optimizer.zero_grad()
        followed.append(_flat(parameters))
    return np.array(followed)


def _flat(parameters: Sequence[Tensor]) -> Array:
    return np.concatenate([x.detach().numpy().ravel() for x in parameters])


def _loss(task: str, parameters: Sequence[Tensor], given: Sequence[Tensor]) -> Tensor:
    if task == "network":
        (inputs, targets), (w, v) = given, parameters
        return mse_loss(torch.tanh(inputs @ w) @ v, targets)
    pairs = zip(given, parameters, strict=True)
    if task == "constant":
        return torch.stack([(s * x).sum() for s, x in pairs]).sum()
    return torch.stack([(c * x**2).sum() for c, x in pairs]).sum() / 2


def _clip(clipping: str, parameters: Sequence[Tensor]) -> None:
    if clipping == "value":
        clip_grad_value_(parameters, THRESHOLD)
    elif clipping == "global":
        clip_grad_norm_(parameters, THRESHOLD)
    elif clipping == "norm":
        for parameter in parameters:
            clip_grad_norm_([parameter], THRESHOLD)


def _scheduler(setting: Setting, optimizer: torch.optim.Optimizer) -> LRScheduler | None:
    if setting.schedule is None:
        return None
    made: list[LRScheduler] = [
        native(declared)(optimizer) for declared in setting.schedule.torch(setting.method.rate)
    ]
    return made[0] if len(made) == 1 else SequentialLR(optimizer, made, milestones=[WARM])
