"""The choices that a task makes by name, as Keras' own objects: loss, optimizer, clipping and decay
of the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import choose, native, unknown
from suite.frameworks.keras.library import keras
from suite.types import UserError

_LOSSES: Mapping[str, Callable[[], Any]] = {
    "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "squared": lambda: keras.losses.MeanSquaredError(),
}
_CLIPPING = {"norm": "global_clipnorm", "value": "clipvalue"}
"""Rule -> the argument of Keras' optimizers."""


def loss(framework: str, name: str) -> Any:
    """Return Keras' loss of labels (N, 1) and outputs (N, units). UserError for an unknown name."""
    return choose(f"loss in {framework}", name, _LOSSES)()


def clipping(framework: str, name: str) -> Mapping[str, float]:
    """Return the argument of an optimizer that clips all gradients of one network together; empty
    for no clipping. Raises UserError for an unknown rule."""
    rule, values = optimizers.rule(name, optimizers.CLIPPING)
    if rule == "none":
        return {}
    return {choose(f"clipping in {framework}", rule, _CLIPPING): values["threshold"]}


def optimizer(
    framework: str,
    name: str,
    settings: str,
    schedule: str,
    steps: int,
    clipped: Mapping[str, float] | None = None,
) -> Any:
    """Return Keras' optimizer, with Keras' schedule where the rate is not constant.

    ``steps``: the number of batches in an epoch, since a schedule of Keras counts steps.
    ``clipped``: what ``clipping`` returned. Raises UserError for an unknown name or a step that is
    not a whole number of epochs.
    """
    target, arguments = optimizers.resolve(name).native(framework, settings)
    arguments = {**arguments, **(clipped or {})}
    made = native((target, arguments))()
    rule, values = optimizers.rule(schedule, optimizers.SCHEDULES)
    if rule == "constant":
        return made
    if rule not in ("step", "exponential"):
        raise unknown(f"schedule in {framework}", rule, ("constant", "step", "exponential"))
    epochs = values.get("epochs", 1.0)
    if epochs < 1 or epochs != int(epochs):
        raise UserError(f"schedule {schedule!r}: epochs must be a whole number from 1")
    rate = arguments.get("learning_rate", made.get_config()["learning_rate"])
    decay = keras.optimizers.schedules.ExponentialDecay(
        # The schedule turns Python's numbers into single precision, whatever Keras is set to.
        keras.ops.convert_to_tensor(rate, dtype=keras.config.floatx()),
        decay_steps=int(epochs) * steps,
        decay_rate=np.float64(values["factor"]),
        staircase=True,
    )
    return native((target, {**arguments, "learning_rate": decay}))()
