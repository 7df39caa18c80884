"""Keras' own optimizers, step by step, eagerly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.catalogue import step_options
from suite.catalogue.registry import native, unknown
from suite.catalogue.step_options import THRESHOLD, Setting
from suite.frameworks.tensorflow.backend import keras, precision, tf
from suite.theory import steps
from suite.types import Array

_NONE = ("weight_decay", 0.0)
_CLIPPING = {"value": "clipvalue", "norm": "clipnorm", "global": "global_clipnorm"}


def path(setting: str, task: str, batches: int) -> Array:
    """Step in double precision; clipping, decay and accumulation are the optimizer's arguments."""
    chosen = step_options.resolve(setting)
    if task not in steps.SHAPES:
        raise unknown("task", task, steps.SHAPES)
    given = [tf.constant(part) for part in steps.coefficients(task)]
    with precision("float64"):
        variables = [keras.Variable(part, dtype="float64") for part in steps.start(task)]
        optimizer = _optimizer(chosen)
        optimizer.build(variables)
        strength = chosen.penalty("keras")
        penalty = keras.regularizers.L2(strength)
        followed = [_flat(variables)]
        for _ in range(batches):
            with tf.GradientTape() as tape:
                loss = _loss(task, variables, given)
                if strength:
                    loss += tf.add_n([penalty(variable) for variable in variables])
            values = [variable.value for variable in variables]
            optimizer.apply(tape.gradient(loss, values), variables)
            followed.append(_flat(variables))
    return np.array(followed)


def _flat(variables: Sequence[Any]) -> Array:
    return np.concatenate([variable.numpy().ravel() for variable in variables])


def _loss(task: str, variables: Sequence[Any], given: Sequence[Any]) -> Any:
    if task == "network":
        (inputs, targets), (w, v) = given, variables
        outputs = tf.tanh(inputs @ w.value) @ v.value
        return keras.losses.MeanSquaredError(dtype="float64")(targets, outputs)
    pairs = zip(given, variables, strict=True)
    if task == "constant":
        return tf.add_n([tf.reduce_sum(s * x.value) for s, x in pairs])
    return tf.add_n([tf.reduce_sum(c * x.value**2) for c, x in pairs]) / 2


def _optimizer(setting: Setting) -> Any:
    target, declared = setting.native("tensorflow")
    # A decay of 0 is left out: Keras would multiply by it in every step.
    arguments = {name: value for name, value in declared.items() if (name, value) != _NONE}
    more: dict[str, Any] = {"learning_rate": setting.method.rate}
    if setting.schedule is not None:
        schedule, terms = setting.schedule.keras(setting.method.rate)
        if "values" not in terms:
            # A schedule turns Python's numbers into single precision, whatever Keras is set to.
            first = terms.get("initial_learning_rate", setting.method.rate)
            terms = {**terms, "initial_learning_rate": tf.constant(first, tf.float64)}
        more["learning_rate"] = native((schedule, terms))()
    if setting.clipping:
        more[_CLIPPING[setting.clipping]] = THRESHOLD
    if setting.batches > 1:
        more["gradient_accumulation_steps"] = setting.batches
    return native((target, {**arguments, **more}))()
