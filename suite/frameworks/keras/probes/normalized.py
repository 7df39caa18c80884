"""Deep networks of Keras' own dense, normalization and activation layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from suite.catalogue import activations, optimizers
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import compiled, numbers, pulled, tensor
from suite.frameworks.keras.library import framework, keras
from suite.types import Array, Weights

_Values = list[Array]
"""The trainable values of a layer: kernel, bias, and gamma and beta where it is normalised."""


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
    """Differentiate by the inputs, and by zeros that are added to the output of each layer."""
    program = _passes(
        activation, arrangement, normalization, bool(residual), inputs.shape[1], epsilon
    )
    signals, gradients = program(
        [[tensor(part, "float32") for part in layer] for layer in weights],
        *(tensor(np.asarray(part), "float32") for part in (inputs, cotangent, residual)),
    )
    return numbers(signals), np.stack([numbers(gradient) for gradient in gradients])


@lru_cache(maxsize=32)
def _passes(
    activation: str,
    arrangement: str,
    normalization: str,
    skips: bool,
    width: int,
    epsilon: float,
) -> Callable[..., tuple[Any, list[Any]]]:
    """Return a function of weights, inputs, cotangent and residual; one layer of a kind serves
    all."""
    dense = keras.layers.Dense(width, kernel_initializer="zeros")
    dense.build((None, width))
    function = keras.layers.Activation(native(activations.resolve(activation).native(framework())))
    normal = _layer(normalization, epsilon)
    if normal is not None:
        normal.build((None, width))
    mode = {"training": True} if NORMALIZATIONS[normalization].keeps_statistics else {}

    def normalised(x: Any) -> Any:
        if normal is None:
            return x
        start, rest = (
            [variable.value for variable in variables]
            for variables in (normal.trainable_variables, normal.non_trainable_variables)
        )
        return normal.stateless_call(start, rest, x, **mode)[0]

    def branch(layer: Any, x: Any) -> Any:
        if arrangement == "blocks":
            return dense.stateless_call(layer, [], function(normalised(x)))[0]
        return function(normalised(dense.stateless_call(layer, [], x)[0]))

    def passes(weights: Any, inputs: Any, cotangent: Any, residual: Any) -> tuple[Any, list[Any]]:
        def stream(x: Any, *zeros: Any) -> Any:
            outputs = []
            for position, (layer, zero) in enumerate(zip(weights, zeros, strict=True)):
                branched = branch(layer, x)
                skip = skips and (arrangement == "blocks" or position > 0)
                x = (x + residual * branched if skip else branched) + zero
                outputs.append(x)
            return keras.ops.stack(outputs)

        none = keras.ops.zeros_like(inputs)
        last = keras.ops.stack([none] * (len(weights) - 1) + [cotangent])
        return pulled(stream, [inputs, *[none] * len(weights)], last)

    return compiled(passes)


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
    layers, gradients = _trained(
        activation, normalization, inputs.shape[1], weights[0][0].shape[1], len(weights), epsilon
    )
    for layer, (kernel, bias) in zip(layers, weights, strict=True):
        start = [kernel, bias, np.ones_like(bias), np.zeros_like(bias)]
        for variable, value in zip(layer, start, strict=False):
            variable.assign(value)
    stepper = native(optimizers.resolve(optimizer).native(framework(), "common"))()
    x, y = tensor(inputs, "float32"), tensor(labels[:, None], "float32")
    losses, before, after = [], [], []
    for _ in range(steps):
        begun = [_copies(layer) for layer in layers]
        loss, by_layer = gradients(_tensors(begun), x, y)
        losses.append(float(numbers(loss)))
        before.append(np.stack([numbers(layer[0]) for layer in by_layer[1:-1]]))
        stepper.apply(
            [gradient for layer in by_layer for gradient in layer],
            [variable for layer in layers for variable in layer],
        )
        ended = [_copies(layer) for layer in layers]
        turned = []
        for position in range(1, len(layers) - 1):
            mixed = [*ended[:position], *begun[position:]]
            turned.append(numbers(gradients(_tensors(mixed), x, y)[1][position][0]))
        after.append(np.stack(turned))
    return np.array(losses), np.array(before), np.array(after)


@lru_cache(maxsize=8)
def _trained(
    activation: str, normalization: str, features: int, width: int, layers: int, epsilon: float
) -> tuple[list[list[Any]], Callable[..., tuple[Any, list[list[Any]]]]]:
    """Return the trainable variables of each layer, kernel first, and a function of their values,
    inputs and labels that returns the loss and the gradients by all of them."""
    function = native(activations.resolve(activation).native(framework()))
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
    variables = [[v for layer in group for v in layer.trainable_variables] for group in groups]
    place = {id(variable): i for i, variable in enumerate(model.trainable_variables)}
    order = [place[id(variable)] for group in variables for variable in group]

    def gradients(values: Any, x: Any, y: Any) -> tuple[Any, list[list[Any]]]:
        rest = [variable.value for variable in model.non_trainable_variables]

        def loss(*flat: Any) -> Any:
            own = [value for _, value in sorted(zip(order, flat, strict=True), key=_first)]
            return criterion(y, model.stateless_call(own, rest, x, training=True)[0])

        value, flat = pulled(loss, [part for layer in values for part in layer])
        found = iter(flat)
        return value, [[next(found) for _ in layer] for layer in values]

    return variables, compiled(gradients)


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]


def _layer(normalization: str, epsilon: float) -> Any:
    """Return Keras' layer of a normalization, or None where there is none."""
    declared = NORMALIZATIONS[normalization].native(framework(), {"epsilon": epsilon})
    return None if declared is None else native(declared)()


def _copies(variables: Sequence[Any]) -> _Values:
    return [numbers(variable.value).copy() for variable in variables]


def _tensors(layers: Sequence[_Values]) -> list[list[Any]]:
    return [[tensor(value) for value in layer] for layer in layers]
