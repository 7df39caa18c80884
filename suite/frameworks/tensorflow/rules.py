"""The choices that a task makes by name, as Keras' and TensorFlow's own functions.

Loss, clipping, decay of the learning rate, and precision; layers are in ``layers``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import native, unknown
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import UserError

T = TypeVar("T")
Tensor = Any
"""A ``tf.Tensor``; TensorFlow ships no types."""

_LOSSES: Mapping[str, Callable[..., Any]] = {
    "binary": partial(keras.losses.BinaryCrossentropy, from_logits=True),
    "categorical": partial(keras.losses.SparseCategoricalCrossentropy, from_logits=True),
    "squared": keras.losses.MeanSquaredError,
}
PRECISIONS = {"single": "float32", "double": "float64"}
GRADIENTS_ON = {"all": False, "batch": True}
"""Whether a snapshot's gradients are taken on a part of the points."""


def choose(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return the entry of a name. UserError for a name that TensorFlow has no function for."""
    if name not in table:
        raise unknown(f"{kind} in tensorflow", name, table)
    return table[name]


def loss(name: str, **options: Any) -> Any:
    """Return Keras' loss of labels (N, 1) and outputs (N, units). UserError for an unknown name.

    ``options``: arguments of the loss; ``reduction=None`` gives the loss of each point.
    """
    return choose("loss", name, _LOSSES)(**options)


def right(loss: str, outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the number of points that are classified correctly, (K,) int64; labels (K, N).

    ``outputs``: (K, N), correct on the right side of 0, or (K, N, classes) with categorical loss,
    correct where the class has the largest output. Zeros with squared loss.
    """
    if loss == "binary":
        hits = tf.equal(outputs > 0, labels > 0.5)
    elif loss == "categorical":
        hits = tf.equal(tf.argmax(outputs, axis=2), tf.cast(labels, tf.int64))
    else:
        hits = tf.zeros_like(labels)
    return tf.reduce_sum(tf.cast(hits, tf.int64), axis=1)


def clipper(clipping: str) -> Callable[[Sequence[Tensor]], Sequence[Tensor]] | None:
    """Return a function that clips all gradients of one network together, or None for no clipping.

    Raises UserError for an unknown rule.
    """
    name, values = optimizers.rule(clipping, optimizers.CLIPPING)
    if name == "none":
        return None
    threshold = values["threshold"]

    def by_norm(gradients: Sequence[Tensor]) -> Sequence[Tensor]:
        # The norm is passed: the function itself computes it by an operation that
        # vectorized_map can only map in a loop over the members, 25 times as slow.
        entries = tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], axis=0)
        clipped, _ = tf.clip_by_global_norm(gradients, threshold, use_norm=tf.norm(entries))
        return list(clipped)

    def by_value(gradients: Sequence[Tensor]) -> Sequence[Tensor]:
        return [tf.clip_by_value(gradient, -threshold, threshold) for gradient in gradients]

    return choose("clipping", name, {"norm": by_norm, "value": by_value})


def optimizer(optimizer: str, settings: str, schedule: str, steps: int) -> Any:
    """Return Keras' optimizer, with Keras' schedule where the rate is not constant.

    A schedule of Keras counts steps; an epoch has ``steps``, one for each batch. Raises
    UserError for an unknown name or a step that is not a whole number of epochs.
    """
    target, arguments = optimizers.resolve(optimizer).native("tensorflow", settings)
    made = native((target, arguments))()
    name, values = optimizers.rule(schedule, optimizers.SCHEDULES)
    if name == "constant":
        return made
    if name not in ("step", "exponential"):
        raise unknown("schedule in tensorflow", name, ("constant", "step", "exponential"))
    epochs = values.get("epochs", 1.0)
    if epochs < 1 or epochs != int(epochs):
        raise UserError(f"schedule {schedule!r}: epochs must be a whole number from 1")
    rate = arguments.get("learning_rate", made.get_config()["learning_rate"])
    decay = keras.optimizers.schedules.ExponentialDecay(
        # The schedule turns Python's numbers into single precision, whatever Keras is set to.
        tf.constant(rate, dtype=keras.config.floatx()),
        decay_steps=int(epochs) * steps,
        decay_rate=np.float64(values["factor"]),
        staircase=True,
    )
    return native((target, {**arguments, "learning_rate": decay}))()
