"""Keras and TensorFlow, one network at a time: fit, the tutorial's loop, and the documented
options of both."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from benchmarks.rivals.work import Build, Order
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array, TrainTask


class Start:
    """A model with the member's first weights, its optimizer, its loss and its points."""

    def __init__(self, task: TrainTask, member: int) -> None:
        sizes = task.architecture
        self.model = keras.Sequential(
            [
                keras.Input((sizes.inputs,)),
                *(keras.layers.Dense(sizes.width, activation="tanh") for _ in range(sizes.depth)),
                keras.layers.Dense(sizes.outputs),
            ]
        )
        self.model.set_weights(
            [values[member] for kernel_and_bias in task.weights for values in kernel_and_bias]
        )
        self.optimizer = keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-7)
        categorical = task.loss == "categorical"
        losses = keras.losses
        kind = losses.SparseCategoricalCrossentropy if categorical else losses.BinaryCrossentropy
        self.loss = kind(from_logits=True)
        self.batch = task.batch
        self.inputs, self.labels = task.inputs[member], task.labels[member][:, None]

    def layers(self) -> Sequence[Array]:
        """Return the weights, in the order of Keras."""
        weights: Sequence[Array] = self.model.get_weights()
        return weights


class Fit(Start):
    """compile and fit. ``whole``: one call of the compiled program runs all batches of an epoch."""

    def __init__(self, task: TrainTask, member: int, whole: bool) -> None:
        super().__init__(task, member)
        steps = -(-len(self.inputs) // self.batch) if whole else 1
        self.model.compile(self.optimizer, self.loss, steps_per_execution=steps)

    def train(self, epochs: int, order: Order | None = None) -> None:
        """Train; Keras shuffles, and a given order takes a call of fit for each epoch."""
        options = {"batch_size": self.batch, "verbose": 0}
        if order is None:
            self.model.fit(self.inputs, self.labels, epochs=epochs, **options)
            return
        for epoch in range(1, epochs + 1):
            chosen = order(epoch)
            self.model.fit(self.inputs[chosen], self.labels[chosen], shuffle=False, **options)


class Tape(Start):
    """The tutorial's own loop over tf.data; ``function``: its step in tf.function."""

    def __init__(self, task: TrainTask, member: int, function: bool) -> None:
        super().__init__(task, member)
        self.step: Any = tf.function(self._step) if function else self._step
        data = tf.data.Dataset.from_tensor_slices((self.inputs, self.labels))
        self.data = data.shuffle(len(self.inputs)).batch(self.batch)

    def _step(self, x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = self.loss(y, self.model(x, training=True))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))

    def train(self, epochs: int, order: Order | None = None) -> None:
        """Train; tf.data shuffles, and a given order takes a data set for each epoch."""
        data = self.data
        for epoch in range(1, epochs + 1):
            if order is not None:
                parts = (self.inputs[order(epoch)], self.labels[order(epoch)])
                data = tf.data.Dataset.from_tensor_slices(parts).batch(self.batch)
            for x, y in data:
                self.step(x, y)


WAYS: dict[str, Build] = {
    "Keras fit": functools.partial(Fit, whole=False),
    "Keras fit, steps_per_execution": functools.partial(Fit, whole=True),
    "GradientTape, eager": functools.partial(Tape, function=False),
    "GradientTape in tf.function": functools.partial(Tape, function=True),
}


def prepare() -> None:
    """Do nothing: the environment sets the threads, before TensorFlow is imported."""
