"""A small convolutional network in Keras, as its user writes it, one network after another.

One model and one traced step serve all members: their weights are loaded into it, and the
optimizer is put back to its start before each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.catalogue import activations, initializers, optimizers
from suite.catalogue.registry import native
from suite.frameworks.keras.starts import seeded
from suite.frameworks.tensorflow.backend import keras, python_random_kept, tf
from suite.types import Array, Layer, Weights


def draw(initializer: str, channels: int, filters: int, seed: int) -> Layer:
    """Draw a ``Conv2D``, float32, with a seed for its initializer."""
    declared = initializers.resolve(initializer).native("tensorflow")
    with python_random_kept():  # Keras draws the seeds that are not given from it
        start = {} if declared is None else {"kernel_initializer": native(declared)()}
        layer = keras.layers.Conv2D(filters, 3, padding="same", **start)
        layer.kernel_initializer = seeded(layer.kernel_initializer, seed)
        layer.build((None, None, None, channels))
    return layer.kernel.numpy(), layer.bias.numpy()


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
    """Train one network after another with one model and one traced epoch."""
    model = _network(activation, weights, inputs.shape[2])
    stepper = native(optimizers.resolve(optimizer).native("tensorflow"))()
    stepper.build(model.trainable_variables)
    fresh = [variable.numpy() for variable in stepper.variables]
    criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # no types
    def epoch(x: Any, y: Any) -> Any:
        """Train for one epoch of full batches (steps, batch, ...)."""

        def step(pair: Any) -> Any:
            images, classes = pair
            with tf.GradientTape() as tape:
                loss = criterion(classes, model(images, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            stepper.apply(gradients, model.trainable_variables)
            return loss

        return tf.map_fn(step, (x, y), fn_output_signature=tf.float32, parallel_iterations=1)

    trained = []
    for member in range(len(inputs)):
        model.set_weights([part[member] for layer in weights for part in layer])
        for variable, value in zip(stepper.variables, fresh, strict=True):
            variable.assign(value)
        x, y = inputs[member][..., None].astype(np.float32), labels[member].astype(np.int64)
        losses = []
        for rows in order[:, member].reshape(len(order), -1, batch):
            losses.append(epoch(tf.constant(x[rows]), tf.constant(y[rows])).numpy())
        logits, unseen = (
            model(tf.constant(images), training=False).numpy()
            for images in (x, heldout[member][..., None].astype(np.float32))
        )
        trained.append((np.concatenate(losses), logits, unseen))
    batch_loss, logits, unseen = (np.stack(values) for values in zip(*trained, strict=True))
    return batch_loss.T, logits, unseen


def _network(activation: str, weights: Weights, side: int) -> Any:
    function = native(activations.resolve(activation).native("tensorflow"))
    layers: list[Any] = [keras.Input((side, side, 1))]
    for _, bias in weights[:-1]:
        convolution = keras.layers.Conv2D(
            bias.shape[1], 3, padding="same", kernel_initializer="zeros"
        )
        layers += [convolution, keras.layers.Activation(function)]
    output = keras.layers.Dense(weights[-1][1].shape[1], kernel_initializer="zeros")
    return keras.Sequential([*layers, keras.layers.Flatten(), output])
