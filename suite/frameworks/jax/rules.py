"""The choices that a task makes by name, as Optax's own functions: loss, optimizer, clipping and
decay of the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import optax

from suite.catalogue import optimizers
from suite.catalogue.registry import choose, native, unknown
from suite.types import Unsupported, UserError

Tensor = Any
"""A ``jax.Array``."""


@dataclass(frozen=True)
class Loss:
    """A loss and the correct answers that go with it, for the outputs of one network and labels
    (N,).

    ``each``: the loss of each point (N,). ``right``: whether each point is classified correctly.
    ``classes``: outputs are (N, classes) and labels whole numbers; otherwise outputs are (N,).
    """

    each: Callable[[Tensor, Tensor], Tensor]
    right: Callable[[Tensor, Tensor], Tensor]
    classes: bool = False


LOSSES = {
    "binary": Loss(
        optax.sigmoid_binary_cross_entropy, lambda logits, labels: (logits > 0) == (labels > 0.5)
    ),
    "categorical": Loss(
        optax.softmax_cross_entropy_with_integer_labels,
        lambda logits, labels: logits.argmax(-1) == labels,
        classes=True,
    ),
    "squared": Loss(optax.squared_error, lambda _, labels: jnp.zeros_like(labels, bool)),
}
_CLIPPING: Mapping[str, Callable[[float], Any]] = {
    "norm": optax.clip_by_global_norm,
    "value": optax.clip,
}


def optimizer(name: str, settings: str, clipping: str, schedule: str, steps: int) -> Any:
    """Return Optax's transformation of one network's gradients: clipping, then the optimizer.

    ``steps``: the number of batches in an epoch, since a schedule of Optax counts steps. Raises
    UserError for an unknown name or a step that is not a whole number of epochs, and Unsupported
    for default settings.
    """
    target, arguments = optimizers.resolve(name).native("jax", settings)
    if settings == "default":
        raise Unsupported("Optax's optimizers have no default learning rate")
    made = native((target, {**arguments, "learning_rate": _rate(schedule, arguments, steps)}))()
    rule, values = optimizers.rule(clipping, optimizers.CLIPPING)
    if rule == "none":
        return made
    return optax.chain(choose("clipping in jax", rule, _CLIPPING)(values["threshold"]), made)


def _rate(schedule: str, arguments: Mapping[str, float], steps: int) -> Any:
    """Return the learning rate of a schedule: a number, or Optax's function of the step."""
    name, values = optimizers.rule(schedule, optimizers.SCHEDULES)
    rate = arguments["learning_rate"]
    if name == "constant":
        return rate
    if name not in ("step", "exponential"):
        raise unknown("schedule in jax", name, ("constant", "step", "exponential"))
    epochs = values.get("epochs", 1.0)
    if epochs < 1 or epochs != int(epochs):
        raise UserError(f"schedule {schedule!r}: epochs must be a whole number from 1")
    return optax.exponential_decay(
        rate, transition_steps=int(epochs) * steps, decay_rate=values["factor"], staircase=True
    )
