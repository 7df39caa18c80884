"""Two small problems with a known answer, trained as a user of Keras writes them.

Clipping is the optimizer's own ``global_clipnorm``: ``clipnorm`` would clip each variable by its
own norm. One traced step serves all members, whose values are loaded into it one after another;
plain gradient descent has no state of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array, Weights


def noise(
    optimizer: str, threshold: float | None, weights: Weights, inputs: Array, targets: Array
) -> tuple[Array, Array, Weights]:
    """Train one network after another with one traced step."""
    sizes = [kernel.shape[2] for kernel, _ in weights]
    layers = [keras.layers.Dense(size, kernel_initializer="zeros") for size in sizes]
    model = keras.Sequential(
        [keras.Input(inputs.shape[3:]), layers[0], keras.layers.ReLU(), layers[1]]
    )
    target, arguments = optimizers.resolve(optimizer).native("tensorflow")
    clipping = {} if threshold is None else {"global_clipnorm": threshold}
    stepper = native((target, {**arguments, **clipping}))()
    stepper.build(model.trainable_variables)
    criterion = keras.losses.MeanSquaredError()

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # no types
    def step(batch: Any) -> Any:
        x, y = batch
        with tf.GradientTape() as tape:
            loss = criterion(y[:, None], model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        norm = tf.linalg.global_norm(gradients)
        stepper.apply(gradients, model.trainable_variables)
        return loss, norm

    losses, norms = np.empty(targets.shape[:2], "f4"), np.empty(targets.shape[:2], "f4")
    trained: list[list[Array]] = []
    for member in range(len(targets)):
        model.set_weights([part[member] for layer in weights for part in layer])
        for place, batch in enumerate(zip(inputs[member], targets[member], strict=True)):
            loss, norm = step(tuple(map(tf.constant, batch)))
            losses[member, place], norms[member, place] = loss, norm
        trained.append(model.get_weights())
    parts = [np.stack(values) for values in zip(*trained, strict=True)]
    return losses, norms, tuple(zip(parts[::2], parts[1::2], strict=True))


def quadratic(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    """Descend from all starts at once in one compiled loop."""
    x = keras.Variable(start.astype(np.float32))
    c = tf.constant(curvatures, tf.float32)
    stepper = native(optimizers.resolve(optimizer).native("tensorflow"))()
    stepper.build([x])

    def step(_: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(c * x.value**2) / 2
        stepper.apply([tape.gradient(loss, x.value)], [x])
        return tf.norm(x.value, axis=1)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # no types
    def descend() -> Any:
        return tf.map_fn(
            step, tf.range(steps), fn_output_signature=tf.float32, parallel_iterations=1
        )

    first = tf.norm(x.value, axis=1).numpy()
    return np.vstack([first, descend().numpy()])
