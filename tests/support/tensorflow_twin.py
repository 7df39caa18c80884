"""The plain training loop in Keras that a member of a stack is compared with.

Written as a user writes it: a model, a GradientTape, apply_gradients, one network and one batch at
a time, and every choice of a task by the class that Keras documents for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array, TrainTask
from tests.support.framework_tasks import POINTS, WIDTH, Values

OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "sgd(0.03,0.9)": lambda: keras.optimizers.SGD(0.03, momentum=0.9),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-7),
    "rmsprop(0.01,0.8,0.001,0.5)": lambda: keras.optimizers.RMSprop(
        0.01, rho=0.8, epsilon=0.001, momentum=0.5
    ),
    "adam": lambda: keras.optimizers.Adam(0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7),
    "adam(0.01,0.8,0.99,0.001)": lambda: keras.optimizers.Adam(
        0.01, beta_1=0.8, beta_2=0.99, epsilon=0.001
    ),
}
DEFAULTS: dict[str, Callable[[], Any]] = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
}
NORMALIZATIONS: dict[tuple[str, str], Callable[[], Any]] = {
    ("batch", "common"): lambda: keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
    ("batch", "default"): lambda: keras.layers.BatchNormalization(),
    ("layer", "common"): lambda: keras.layers.LayerNormalization(epsilon=1e-5),
    ("layer", "default"): lambda: keras.layers.LayerNormalization(),
}
LOSSES: dict[str, Callable[[], Any]] = {
    "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "squared": lambda: keras.losses.MeanSquaredError(),
}
CLIPPING: dict[str, Callable[[list[Any]], list[Any]]] = {
    "none": lambda gradients: gradients,
    "norm(0.25)": lambda gradients: tf.clip_by_global_norm(gradients, 0.25)[0],
    "value(0.02)": lambda gradients: [tf.clip_by_value(g, -0.02, 0.02) for g in gradients],
}
SCHEDULES: dict[str, Callable[[int], float]] = {
    "constant": lambda epoch: 1.0,
    "step(1,0.3)": lambda epoch: 0.3 ** (epoch - 1),
    "step(2,0.3)": lambda epoch: 0.3 ** ((epoch - 1) // 2),
    "exponential(0.6)": lambda epoch: 0.6 ** (epoch - 1),
}
"""The factor of the learning rate in an epoch, from 1."""


class Masks:
    """The dropout layers of one member, whose seeds are split from the member's."""

    def __init__(self, task: TrainTask, member: int) -> None:
        count = max(task.architecture.depth, 1)
        words = np.random.SeedSequence(task.noise[member]).generate_state(count)
        self.rate, self.seeds = task.architecture.dropout, iter(words >> 1)

    def layer(self) -> Any:
        return keras.layers.Dropout(self.rate, seed=int(next(self.seeds)))


def build(task: TrainTask, member: int) -> Any:
    """Return the network of one member, with its first weights and dropout seeds."""
    model, masks = task.architecture, Masks(task, member)
    inputs = x = keras.Input((model.inputs,))
    for layer in range(model.depth):
        before = x
        x = keras.layers.Dense(WIDTH)(x)
        if model.normalization != "none":
            x = NORMALIZATIONS[model.normalization, task.settings]()(x)
        x = keras.layers.Activation("tanh")(x)
        if model.dropout:
            x = masks.layer()(x)
        if model.residual and layer > 0:
            x = before + keras.ops.multiply(x, np.asarray(model.residual, x.dtype))
    network = keras.Model(inputs, keras.layers.Dense(model.outputs)(x))
    for dense, (kernel, bias) in zip(denses(network), task.weights, strict=True):
        dense.set_weights([kernel[member], bias[member]])
    return network


def denses(model: Any) -> list[Any]:
    """Return the dense layers of a model, from the inputs on."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def still(model: Any, inputs: Array) -> Any:
    """Return the outputs with batch statistics and without dropout, by a rate of 0."""
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in dropouts]
    for layer in dropouts:
        layer.rate = 0.0
    outputs = model(inputs, training=True)
    for layer, rate in zip(dropouts, rates, strict=True):
        layer.rate = rate
    return outputs


def hits(task: TrainTask, outputs: Array, labels: Array) -> int:
    """Return the number of points on the right side; labels (N, 1)."""
    if task.loss == "binary":
        return int(np.sum((outputs > 0) == (labels == 1)))
    if task.loss == "categorical":
        return int(np.sum(outputs.argmax(axis=1) == labels[:, 0]))
    return 0


def train_alone(task: TrainTask, member: int) -> Values:
    """Train one member alone by the plain loop, and return what ``values`` takes from a stack."""
    model = build(task, member)
    optimizer = (OPTIMIZERS if task.settings == "common" else DEFAULTS)[task.optimizer]()
    first_rate = float(optimizer.learning_rate)
    loss_function = LOSSES[task.loss]()
    dtype = "float64" if task.precision == "double" else "float32"
    inputs, labels, heldout, heldout_labels = (
        values[member].astype(dtype)
        for values in (task.inputs, task.labels, task.heldout_inputs, task.heldout_labels)
    )
    labels, heldout_labels = labels[:, None], heldout_labels[:, None]
    batch_loss, batch_correct = [], []
    for epoch in range(1, task.record[-1] + 1):
        optimizer.learning_rate = first_rate * SCHEDULES[task.schedule](epoch)
        chosen = task.order(epoch)[member]
        for start in range(0, POINTS, task.batch):
            x, y = (values[chosen[start : start + task.batch]] for values in (inputs, labels))
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                loss = loss_function(y, outputs)
            variables = model.trainable_variables
            gradients = CLIPPING[task.clipping](tape.gradient(loss, variables))
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            batch_loss.append(float(loss))
            batch_correct.append(hits(task, outputs.numpy(), y))
    values = {"batch_loss": np.array(batch_loss), "batch_correct": np.array(batch_correct)}
    for prefix, x, y in (("", inputs, labels), ("heldout_", heldout, heldout_labels)):
        outputs = model(x, training=False)
        values[f"{prefix}loss"] = loss_function(y, outputs).numpy()
        values[f"{prefix}logits"] = outputs.numpy()
        if task.loss != "categorical":
            values[f"{prefix}logits"] = outputs.numpy()[:, 0]
    if task.gradients_on == "batch":
        first = task.order(task.record[-1] + 1)[member, : task.batch]
        inputs, labels = inputs[first], labels[first]
    with tf.GradientTape() as tape:
        loss = loss_function(labels, still(model, inputs))
    gradients = tape.gradient(loss, [(dense.kernel, dense.bias) for dense in denses(model)])
    for i, (dense, (by_kernel, by_bias)) in enumerate(zip(denses(model), gradients, strict=True)):
        values[f"kernel {i}"], values[f"bias {i}"] = dense.get_weights()
        values[f"gradient {i}"] = np.vstack((by_kernel, by_bias))
    return values
