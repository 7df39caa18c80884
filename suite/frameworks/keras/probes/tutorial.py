"""One network at a time, trained by ``keras.Model.fit`` as in the published tutorial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.catalogue.optimizers import resolve
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import numbers
from suite.frameworks.keras.library import framework, keras
from suite.types import Array, TrainTask, Weights


def fit(task: TrainTask, member: int) -> tuple[Weights, float, float]:
    """Train the tutorial's model by ``fit``: hidden layers of one activation and one sigmoid
    output, with binary cross-entropy on its probability. Loss and accuracy are those of
    ``evaluate``."""
    model = _model(task, member)
    batches = _batches(task, member)
    turn = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: batches.turn(epoch + 1))
    model.fit(batches, epochs=task.record[-1], shuffle=False, callbacks=[turn], verbose=0)
    loss, accuracy = model.evaluate(task.inputs[member], task.labels[member], verbose=0)
    values = [numbers(variable.value).copy() for variable in model.trainable_variables]
    return tuple(zip(values[::2], values[1::2], strict=True)), float(loss), float(accuracy)


def _model(task: TrainTask, member: int) -> Any:
    name = activations.resolve(task.architecture.activation).native(framework())
    hidden: Callable[..., Any] = native(name)
    # Zeros, because otherwise Keras draws seeds from Python's generator; both are set below.
    layers = [
        keras.layers.Dense(width, activation=function, kernel_initializer="zeros")
        for (_, width), function in zip(
            task.architecture.shapes, [hidden] * task.architecture.depth + ["sigmoid"], strict=True
        )
    ]
    model = keras.Sequential([keras.Input((task.architecture.inputs,)), *layers])
    for layer, (kernel, bias) in zip(layers, task.weights, strict=True):
        layer.set_weights([kernel[member], bias[member]])
    optimizer = native(resolve(task.optimizer).native(framework(), task.settings))()
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["acc"])
    return model


def _batches(task: TrainTask, member: int) -> Any:
    """Return the batches of a member in the order of the task; the last one is short."""

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.turn(1)

        def turn(self, epoch: int) -> None:
            """Take the order of an epoch, from 1. A callback says when: Keras counts one more."""
            self.order = task.order(epoch)[member]

        def __len__(self) -> int:
            return -(-len(self.order) // task.batch)

        def __getitem__(self, index: int) -> tuple[Array, Array]:
            rows = self.order[index * task.batch : (index + 1) * task.batch]
            return np.asarray(task.inputs[member][rows]), np.asarray(task.labels[member][rows])

    return Batches()
