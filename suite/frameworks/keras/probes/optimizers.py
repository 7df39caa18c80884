"""Keras' own optimizers, step by step, eagerly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue import step_options
from suite.catalogue.registry import native, unknown
from suite.catalogue.step_options import THRESHOLD, Setting
from suite.frameworks.keras.differentiate import (
    compiled,
    in_precision,
    numbers,
    pulled,
    tanh,
    tensor,
)
from suite.frameworks.keras.library import framework, keras
from suite.theory import steps
from suite.types import Array

_NONE = ("weight_decay", 0.0)
_CLIPPING = {"value": "clipvalue", "norm": "clipnorm", "global": "global_clipnorm"}


def path(setting: str, task: str, batches: int) -> Array:
    """Step in double precision; clipping, decay and accumulation are the optimizer's arguments."""
    chosen = step_options.resolve(setting)
    if task not in steps.SHAPES:
        raise unknown("task", task, steps.SHAPES)
    with in_precision("double"):
        variables = [keras.Variable(part, dtype="float64") for part in steps.start(task)]
        optimizer = _optimizer(chosen)
        optimizer.build(variables)
        gradients = _gradients(task, chosen.penalty("keras"))
        followed = [_flat(variables)]
        for _ in range(batches):
            optimizer.apply(gradients(*(variable.value for variable in variables)), variables)
            followed.append(_flat(variables))
    return np.array(followed)


def _flat(variables: Sequence[Any]) -> Array:
    return np.concatenate([numbers(variable.value).ravel() for variable in variables])


@lru_cache(maxsize=16)
def _gradients(task: str, strength: float) -> Callable[..., list[Any]]:
    """Return a function of the parameters that returns the gradients of the loss with its
    penalty."""
    given = [tensor(part) for part in steps.coefficients(task)]
    penalty = keras.regularizers.L2(strength)

    def loss(*values: Any) -> Any:
        whole = _loss(task, values, given)
        return whole + sum(map(penalty, values)) if strength else whole

    return compiled(lambda *values: pulled(loss, values)[1])


def _loss(task: str, values: Sequence[Any], given: Sequence[Any]) -> Any:
    """Return the loss of a task, by the backend's own operations: those of Keras, and the mean of
    its losses among them, turn doubles into singles."""
    if task == "network":
        (inputs, targets), (w, v) = given, values
        return ((tanh(inputs @ w) @ v - targets) ** 2).mean()
    pairs = zip(given, values, strict=True)
    if task == "constant":
        return sum((s * x).sum() for s, x in pairs)
    return sum((c * x**2).sum() for c, x in pairs) / 2


def _optimizer(setting: Setting) -> Any:
    target, declared = setting.native(framework())
    # A decay of 0 is left out: Keras would multiply by it in every step.
    arguments = {name: value for name, value in declared.items() if (name, value) != _NONE}
    more: dict[str, Any] = {"learning_rate": setting.method.rate}
    if setting.schedule is not None:
        schedule, terms = setting.schedule.keras(setting.method.rate)
        if "values" not in terms:
            # A schedule turns Python's numbers into single precision, whatever Keras is set to.
            first = terms.get("initial_learning_rate", setting.method.rate)
            terms = {**terms, "initial_learning_rate": tensor(np.array(first, np.float64))}
        more["learning_rate"] = native((schedule, terms))()
    if setting.clipping:
        more[_CLIPPING[setting.clipping]] = THRESHOLD
    if setting.batches > 1:
        more["gradient_accumulation_steps"] = setting.batches
    return native((target, {**arguments, **more}))()
