"""Two small problems with a known answer, trained as a user of Keras writes them.

Clipping is the optimizer's own ``global_clipnorm``: ``clipnorm`` would clip each variable by its
own norm. One model serves all members, whose values are loaded into it one after another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import numbers, tensor
from suite.frameworks.keras.library import framework, keras
from suite.frameworks.keras.training import Trainer
from suite.types import Array, Weights


def noise(
    optimizer: str, threshold: float | None, weights: Weights, inputs: Array, targets: Array
) -> tuple[Array, Array, Weights]:
    """Train one network after another; the norm is of the gradients before the optimizer clips."""
    sizes = [kernel.shape[2] for kernel, _ in weights]
    layers = [keras.layers.Dense(size, kernel_initializer="zeros") for size in sizes]
    model = keras.Sequential(
        [keras.Input(inputs.shape[3:]), layers[0], keras.layers.ReLU(), layers[1]]
    )
    target, arguments = optimizers.resolve(optimizer).native(framework())
    clipping = {} if threshold is None else {"global_clipnorm": threshold}
    criterion = keras.losses.MeanSquaredError()

    def loss(values: Any, x: Any, y: Any) -> Any:
        return criterion(y[:, None], model.stateless_call(list(values), [], x, training=True)[0])

    trainer = Trainer(
        model.trainable_variables, native((target, {**arguments, **clipping}))(), loss
    )
    losses, norms = np.empty(targets.shape[:2], "f4"), np.empty(targets.shape[:2], "f4")
    trained: list[list[Array]] = []
    for member in range(len(targets)):
        trainer.start([part[member] for layer in weights for part in layer])
        for place, batch in enumerate(zip(inputs[member], targets[member], strict=True)):
            value, gradients = trainer.step(*map(tensor, batch))
            losses[member, place] = numbers(value)
            norms[member, place] = np.sqrt(
                sum(float((numbers(gradient) ** 2).sum()) for gradient in gradients)
            )
        trained.append([numbers(value).copy() for value in trainer.values])
    parts = [np.stack(values) for values in zip(*trained, strict=True)]
    return losses, norms, tuple(zip(parts[::2], parts[1::2], strict=True))


def quadratic(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    """Descend from all starts at once."""
    x = start.astype(np.float32)
    c = tensor(curvatures, "float32")
    trainer = Trainer(
        [keras.Variable(x)],
        native(optimizers.resolve(optimizer).native(framework()))(),
        lambda values: (c * values[0] ** 2).sum() / 2,
    )
    trainer.start([x])
    norms = [np.linalg.norm(x, axis=1)]
    for _ in range(steps):
        trainer.step()
        norms.append(np.linalg.norm(numbers(trainer.values[0]), axis=1))
    return np.array(norms)
