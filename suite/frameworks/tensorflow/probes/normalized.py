"""Deep networks of Keras' own dense, normalization and activation layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue import activations, optimizers
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import constant, keras, tf
from suite.types import Array, Weights


def propagate(
    activation: str,
    arrangement: str,
    normalization: str,
    residual: float,
    weights: Weights,
    inputs: Array,
    cotangent: Array,
    epsilon: float,
) -> tuple[Array, Array]:
    """Run a compiled program of both passes, whose arguments are the weights."""
    arguments = tf.nest.map_structure(constant, (weights, inputs, cotangent, np.float32(residual)))
    width, depth = inputs.shape[1], len(weights)
    program = _passes(activation, arrangement, normalization, bool(residual), width, depth, epsilon)
    signals, gradients = program(*arguments)
    return np.asarray(signals), np.asarray(gradients)


@lru_cache(maxsize=32)
def _passes(
    activation: str,
    arrangement: str,
    normalization: str,
    skips: bool,
    width: int,
    depth: int,
    epsilon: float,
) -> Any:
    """Compile both passes. The weights are arguments, so one layer of a kind serves all."""
    dense = keras.layers.Dense(width, kernel_initializer="zeros")
    dense.build((None, width))
    function = keras.layers.Activation(native(activations.resolve(activation).native("tensorflow")))
    normal = _normal(normalization, width, epsilon)
    start = [] if normal is None else [variable.numpy() for variable in normal.variables]
    trainable = 0 if normal is None else len(normal.trainable_variables)
    mode = {"training": True} if NORMALIZATIONS[normalization].keeps_statistics else {}

    def normalised(x: Any) -> Any:
        if normal is None:
            return x
        return normal.stateless_call(start[:trainable], start[trainable:], x, **mode)[0]

    def branch(kernel: Any, bias: Any, x: Any) -> Any:
        if arrangement == "blocks":
            return dense.stateless_call([kernel, bias], [], function(normalised(x)))[0]
        return function(normalised(dense.stateless_call([kernel, bias], [], x)[0]))

    def passes(weights: Any, inputs: Any, cotangent: Any, residual: Any) -> tuple[Any, Any]:
        x, stream = inputs, [inputs]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            for position, (kernel, bias) in enumerate(weights):
                branched = branch(kernel, bias, x)
                skip = skips and (arrangement == "blocks" or position > 0)
                x = x + residual * branched if skip else branched
                stream.append(x)
        gradients = tape.gradient(x, stream, cotangent)
        return tf.stack(stream[1:]), tf.stack(gradients)

    return tf.function(passes, autograph=False)


def shift(
    activation: str,
    normalization: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    optimizer: str,
    steps: int,
    epsilon: float,
) -> tuple[Array, Array, Array]:
    """Train in a loop, with the step of the layers below put in one layer at a time."""
    layers, model, gradients = _trained(
        activation, normalization, inputs.shape[1], weights[0][0].shape[1], len(weights), epsilon
    )
    for layer, (kernel, bias) in zip(layers, weights, strict=True):
        start = [kernel, bias, np.ones_like(bias), np.zeros_like(bias)]
        _set(layer, start[: len(layer)])
    stepper = native(optimizers.resolve(optimizer).native("tensorflow", "common"))()
    variables = model.trainable_variables
    x, y = tf.constant(inputs, tf.float32), tf.constant(labels[:, None], tf.float32)
    losses, before, after = [], [], []
    for _ in range(steps):
        loss, by_variable = gradients(x, y)
        losses.append(float(loss))
        place = {id(variable): i for i, variable in enumerate(variables)}
        before.append(
            np.stack([by_variable[place[id(layer[0])]].numpy() for layer in layers[1:-1]])
        )
        begun = [_copies(layer) for layer in layers]
        stepper.apply(by_variable, variables)
        ended = [_copies(layer) for layer in layers]
        for layer, values in zip(layers, begun, strict=True):
            _set(layer, values)
        turned = []
        for position in range(1, len(layers) - 1):
            _set(layers[position - 1], ended[position - 1])
            turned.append(gradients(x, y)[1][place[id(layers[position][0])]].numpy())
        after.append(np.stack(turned))
        for layer, values in zip(layers, ended, strict=True):
            _set(layer, values)
    return np.array(losses), np.array(before), np.array(after)


@lru_cache(maxsize=8)
def _trained(
    activation: str, normalization: str, features: int, width: int, layers: int, epsilon: float
) -> tuple[list[list[Any]], Any, Any]:
    """Return the trainable variables of each layer, kernel first, the model, and a compiled
    function of its loss and the gradients by all trainable variables."""
    function = native(activations.resolve(activation).native("tensorflow"))
    parts: list[Any] = [keras.Input((features,))]
    groups = []
    for _ in range(layers - 1):
        group: list[Any] = [keras.layers.Dense(width, kernel_initializer="zeros")]
        if (normal := _layer(normalization, epsilon)) is not None:
            group.append(normal)
        groups.append(group)
        parts += [*group, keras.layers.Activation(function)]
    groups.append([keras.layers.Dense(1, kernel_initializer="zeros")])
    model = keras.Sequential([*parts, *groups[-1]])
    criterion = keras.losses.BinaryCrossentropy(from_logits=True)

    def gradients(x: Any, y: Any) -> tuple[Any, list[Any]]:
        with tf.GradientTape() as tape:
            loss = criterion(y, model(x, training=True))
        return loss, tape.gradient(loss, [v.value for v in model.trainable_variables])

    variables = [[v for layer in group for v in layer.trainable_variables] for group in groups]
    return variables, model, tf.function(gradients, autograph=False)


def _layer(normalization: str, epsilon: float) -> Any:
    """Return Keras' layer of a normalization, or None where there is none."""
    declared = NORMALIZATIONS[normalization].native("tensorflow", {"epsilon": epsilon})
    return None if declared is None else native(declared)()


def _normal(normalization: str, features: int, epsilon: float) -> Any:
    """Return the same layer, built for so many features."""
    layer = _layer(normalization, epsilon)
    if layer is not None:
        layer.build((None, features))
    return layer


def _copies(variables: Sequence[Any]) -> list[Array]:
    return [variable.numpy() for variable in variables]


def _set(variables: Sequence[Any], values: Sequence[Array]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
