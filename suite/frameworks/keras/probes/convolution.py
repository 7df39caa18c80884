"""A small convolutional network in Keras, as its user writes it, one network after another.

One model serves all members: their weights are loaded into it, and the optimizer is put back to its
start before each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.catalogue import activations, initializers, optimizers
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import compiled, numbers, tensor
from suite.frameworks.keras.library import framework, keras, python_random_kept
from suite.frameworks.keras.starts import seeded
from suite.frameworks.keras.training import Trainer
from suite.types import Array, Layer, Weights


def draw(initializer: str, channels: int, filters: int, seed: int) -> Layer:
    """Draw a ``Conv2D``, float32, with a seed for its initializer."""
    declared = initializers.resolve(initializer).native(framework())
    with python_random_kept():  # Keras draws the seeds that are not given from it
        start = {} if declared is None else {"kernel_initializer": native(declared)()}
        layer = keras.layers.Conv2D(filters, 3, padding="same", **start)
        layer.kernel_initializer = seeded(layer.kernel_initializer, seed)
        layer.build((None, None, None, channels))
    return numbers(layer.kernel), numbers(layer.bias)


def train(
    activation: str,
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    heldout: Array,
    order: Array,
    batch: int,
) -> tuple[Array, Array, Array]:
    """Train one network after another with one model."""
    model = _network(activation, weights, inputs.shape[2])
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def outputs(values: Any, x: Any, training: bool = False) -> Any:
        return model.stateless_call(list(values), [], x, training=training)[0]

    trainer = Trainer(
        model.trainable_variables,
        native(optimizers.resolve(optimizer).native(framework()))(),
        lambda values, x, y: criterion(y, outputs(values, x, True)),
    )
    inferred = compiled(outputs)
    trained = []
    for member in range(len(inputs)):
        trainer.start([part[member] for layer in weights for part in layer])
        x, y = inputs[member][..., None].astype(np.float32), labels[member].astype(np.int32)
        losses = [
            numbers(trainer.step(tensor(x[rows]), tensor(y[rows]))[0])
            for rows in order[:, member].reshape(-1, batch)
        ]
        logits, unseen = (
            numbers(inferred(trainer.values, tensor(images)))
            for images in (x, heldout[member][..., None].astype(np.float32))
        )
        trained.append((np.array(losses), logits, unseen))
    batch_loss, logits, unseen = (np.stack(values) for values in zip(*trained, strict=True))
    return batch_loss.T, logits, unseen


def _network(activation: str, weights: Weights, side: int) -> Any:
    function = native(activations.resolve(activation).native(framework()))
    layers: list[Any] = [keras.Input((side, side, 1))]
    for _, bias in weights[:-1]:
        convolution = keras.layers.Conv2D(
            bias.shape[1], 3, padding="same", kernel_initializer="zeros"
        )
        layers += [convolution, keras.layers.Activation(function)]
    output = keras.layers.Dense(weights[-1][1].shape[1], kernel_initializer="zeros")
    return keras.Sequential([*layers, keras.layers.Flatten(), output])
