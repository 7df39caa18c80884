"""Training with a weight for each point, as a user of Keras writes it.

One model and one traced loop serve all members: their weights are loaded into it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array, Weights


def train(
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    importance: Array,
    points: Array,
    record: tuple[int, ...],
) -> Array:
    """Train one network after another, with the weights as ``sample_weight``."""
    first, second, _ = (bias.shape[1] for _, bias in weights)
    model = keras.Sequential(
        [
            keras.Input((inputs.shape[2],)),
            keras.layers.Dense(first, activation="relu", kernel_initializer="zeros"),
            keras.layers.Dense(second, activation="relu", kernel_initializer="zeros"),
            keras.layers.Dense(1, kernel_initializer="zeros"),
        ]
    )
    stepper = native(optimizers.resolve(optimizer).native("tensorflow"))()
    stepper.build(model.trainable_variables)
    fresh = [variable.numpy() for variable in stepper.variables]
    criterion = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # no types
    def descend(x: Any, y: Any, important: Any, steps: Any) -> None:
        def step(done: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = criterion(y, model(x, training=True), sample_weight=important)
            gradients = tape.gradient(loss, model.trainable_variables)
            stepper.apply(gradients, model.trainable_variables)
            return done + 1

        tf.while_loop(lambda done: done < steps, step, [0], parallel_iterations=1)

    logits = np.empty((len(inputs), len(record), points.shape[1]), dtype=np.float32)
    for member in range(len(inputs)):
        model.set_weights([part[member] for layer in weights for part in layer])
        for variable, value in zip(stepper.variables, fresh, strict=True):
            variable.assign(value)
        x, y, important, seen = (
            tf.constant(values[member], tf.float32)
            for values in (inputs, labels[..., None], importance, points)
        )
        for place, (start, end) in enumerate(itertools.pairwise((0, *record))):
            descend(x, y, important, tf.constant(end - start))
            logits[member, place] = model(seen, training=False).numpy()[:, 0]
    return logits
