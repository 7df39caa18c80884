"""The plain training loop in Keras, on whatever backend, that a member of a stack is compared with.

Written as a user writes it: a model, ``compile`` and ``train_on_batch``, one network and one batch
at a time, and every choice of a task by the argument that Keras documents for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.frameworks.keras.library import keras
from suite.types import Array, TrainTask
from tests.support.framework_tasks import BATCH, POINTS, WIDTH, Values

STEPS = 3
"""Batches in an epoch."""
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": lambda rate, **more: keras.optimizers.SGD(rate(0.1), **more),
    "sgd(0.03, 0.9)": lambda rate, **more: keras.optimizers.SGD(rate(0.03), momentum=0.9, **more),
    "rmsprop": lambda rate, **more: keras.optimizers.RMSprop(
        rate(0.001), rho=0.9, epsilon=1e-7, **more
    ),
    "rmsprop(0.01, 0.8, 0.001, 0.5)": lambda rate, **more: keras.optimizers.RMSprop(
        rate(0.01), rho=0.8, epsilon=0.001, momentum=0.5, **more
    ),
    "adam": lambda rate, **more: keras.optimizers.Adam(rate(0.001), epsilon=1e-7, **more),
    "adam(0.01, 0.8, 0.99, 0.001)": lambda rate, **more: keras.optimizers.Adam(
        rate(0.01), beta_1=0.8, beta_2=0.99, epsilon=0.001, **more
    ),
}
DEFAULTS: dict[str, Callable[[], Any]] = {
    "sgd": lambda: keras.optimizers.SGD(),
    "rmsprop": lambda: keras.optimizers.RMSprop(),
    "adam": lambda: keras.optimizers.Adam(),
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
CLIPPING: dict[str, Mapping[str, float]] = {
    "none": {},
    "norm(0.25)": {"global_clipnorm": 0.25},
    "value(0.02)": {"clipvalue": 0.02},
}
SCHEDULES: dict[str, Callable[[float], Any]] = {
    "constant": lambda rate: rate,
    "step(2, 0.3)": lambda rate: _falling(rate, 2, 0.3),
    "step(1, 0.3)": lambda rate: _falling(rate, 1, 0.3),
    "exponential(0.6)": lambda rate: _falling(rate, 1, 0.6),
}


def _falling(rate: float, epochs: int, factor: float) -> Any:
    return keras.optimizers.schedules.ExponentialDecay(rate, epochs * STEPS, factor, staircase=True)


def build(task: TrainTask, member: int, dropout: bool = True) -> Any:
    """Return the network of one member with its first weights and dropout seeds; Keras draws a
    whole stack's masks in torch, where seeds are left out."""
    model = task.architecture
    own = np.random.SeedSequence(task.noise[member]).generate_state(max(model.depth, 1)) >> 1
    torch = keras.config.backend() == "torch"
    inputs = x = keras.Input((model.inputs,))
    for layer in range(model.depth):
        before = x
        x = keras.layers.Dense(WIDTH)(x)
        if model.normalization != "none":
            x = NORMALIZATIONS[model.normalization, task.settings]()(x)
        x = keras.layers.Activation(model.activation)(x)
        if model.dropout and dropout:
            seed = None if torch else int(own[layer])
            x = keras.layers.Dropout(model.dropout, seed=seed)(x)
        if model.residual and layer > 0:
            x = before + keras.ops.multiply(x, np.asarray(model.residual, x.dtype))
    network = keras.Model(inputs, keras.layers.Dense(model.outputs)(x))
    for dense, (kernel, bias) in zip(denses(network), task.weights, strict=True):
        dense.set_weights([kernel[member], bias[member]])
    return network


def denses(model: Any) -> list[Any]:
    """Return the dense layers of a model, from the inputs on."""
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def train_alone(
    task: TrainTask, member: int, before_epoch: Callable[[int], None] = lambda epoch: None
) -> Values:
    """Train one member alone by the plain loop, and return what ``values`` takes from a stack.

    ``before_epoch`` is called with each epoch, to seed what a user would seed.
    """
    model, dtype = build(task, member), keras.config.floatx()
    if task.settings == "default":
        optimizer = DEFAULTS[task.optimizer]()
    else:
        clipped = CLIPPING[task.clipping]
        optimizer = OPTIMIZERS[task.optimizer](SCHEDULES[task.schedule], **clipped)
    inputs, labels, heldout, heldout_labels = (
        values[member].astype(dtype)
        for values in (task.inputs, task.labels, task.heldout_inputs, task.heldout_labels)
    )
    labels, heldout_labels = labels[:, None], heldout_labels[:, None]

    def right(y: Any, outputs: Any) -> Any:
        if task.loss == "squared":
            return keras.ops.zeros_like(y)
        if task.loss == "categorical":
            side = keras.ops.cast(keras.ops.argmax(outputs, 1)[:, None], y.dtype)
            return keras.ops.cast(side == y, dtype)
        return keras.ops.cast((outputs > 0) == (y > 0.5), dtype)

    model.compile(optimizer, LOSSES[task.loss](), metrics=[right], jit_compile=False)
    batch_loss, batch_correct = [], []
    for epoch in range(1, task.record[-1] + 1):
        before_epoch(epoch)
        chosen = task.order(epoch)[member]
        for start in range(0, POINTS, BATCH):
            rows = chosen[start : start + BATCH]
            model.reset_metrics()
            loss, share = model.train_on_batch(inputs[rows], labels[rows])
            batch_loss.append(float(loss))
            batch_correct.append(round(float(share) * len(rows)))
    values = {"batch_loss": np.array(batch_loss), "batch_correct": np.array(batch_correct)}
    for prefix, x, y in (("", inputs, labels), ("heldout_", heldout, heldout_labels)):
        outputs = keras.ops.convert_to_numpy(model(x, training=False))
        values[f"{prefix}loss"] = np.asarray(
            keras.ops.convert_to_numpy(LOSSES[task.loss]()(y, outputs))
        )
        values[f"{prefix}logits"] = outputs if task.loss == "categorical" else outputs[:, 0]
    if task.gradients_on == "batch":
        first = task.order(task.record[-1] + 1)[member, : task.batch]
        inputs, labels = inputs[first], labels[first]
    still = build(task, member, dropout=False)
    for layer, trained in zip(
        [layer for layer in still.layers if layer.weights],
        [layer for layer in model.layers if layer.trainable_variables],
        strict=True,
    ):
        layer.set_weights(trained.get_weights())
    gradients = _gradients(still, LOSSES[task.loss](), inputs, labels)
    for i, dense in enumerate(denses(still)):
        values[f"kernel {i}"], values[f"bias {i}"] = dense.get_weights()
        both = (gradients[id(dense.kernel)], gradients[id(dense.bias)])
        values[f"gradient {i}"] = np.vstack(both)
    return values


def _gradients(model: Any, loss: Any, x: Array, y: Array) -> Mapping[int, Array]:
    """Return the gradient by each parameter, by its id, as a user of the backend takes it."""
    if keras.config.backend() == "torch":
        model.zero_grad()
        loss(y, model(x, training=True)).backward()
        return {id(v): v.value.grad.numpy() for v in model.trainable_variables}
    import jax

    def of(parameters: Any) -> Any:
        others = [variable.value for variable in model.non_trainable_variables]
        return loss(y, model.stateless_call(parameters, others, x, training=True)[0])

    gradients = jax.grad(of)([variable.value for variable in model.trainable_variables])
    pairs = zip(model.trainable_variables, gradients, strict=True)
    return {id(variable): np.asarray(gradient) for variable, gradient in pairs}
