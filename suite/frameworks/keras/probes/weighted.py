"""Training with a weight for each point, as a user of Keras writes it.

One model serves all members, whose weights are loaded into it one after another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import compiled, numbers, tensor
from suite.frameworks.keras.library import framework, keras
from suite.frameworks.keras.training import Trainer
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
    criterion = keras.losses.BinaryCrossentropy(from_logits=True)

    def outputs(values: Any, x: Any, training: bool = False) -> Any:
        return model.stateless_call(list(values), [], x, training=training)[0]

    def loss(values: Any, x: Any, y: Any, important: Any) -> Any:
        return criterion(y, outputs(values, x, True), sample_weight=important)

    trainer = Trainer(
        model.trainable_variables,
        native(optimizers.resolve(optimizer).native(framework()))(),
        loss,
    )
    seen = compiled(outputs)
    logits = np.empty((len(inputs), len(record), points.shape[1]), dtype=np.float32)
    for member in range(len(inputs)):
        trainer.start([part[member] for layer in weights for part in layer])
        *batch, area = (
            tensor(values[member], "float32")
            for values in (inputs, labels[..., None], importance, points)
        )
        for step in range(1, record[-1] + 1):
            trainer.step(*batch)
            if step in record:
                logits[member, record.index(step)] = numbers(seen(trainer.values, area))[:, 0]
    return logits
