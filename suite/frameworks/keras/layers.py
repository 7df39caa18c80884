"""The multilayer perceptron as a user of Keras writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.catalogue.registry import native
from suite.frameworks.keras.library import keras
from suite.types import Architecture


def layers(
    framework: str, architecture: Architecture, settings: str, masks: int | None = 0
) -> list[list[Any]]:
    """Return the layers of each hidden layer as a user of Keras writes it, then the output layer.

    ``settings`` concerns the normalization layers: ``common`` or ``default``. Kernels start at
    zero and dropout at the seed ``masks``, since both are set afterwards: left out (None for a
    seed), Keras would draw seeds for them from Python's global generator. Raises UserError for an
    unknown activation, normalization or settings.
    """
    entry = NORMALIZATIONS[architecture.normalization]
    normalization = entry.native(framework, entry.values(settings))
    function = native(activations.resolve(architecture.activation).native(framework))
    result = []
    for _, fan_out in architecture.shapes[:-1]:
        hidden = [keras.layers.Dense(fan_out, kernel_initializer="zeros")]
        if normalization is not None:
            hidden.append(native(normalization)())
        hidden.append(keras.layers.Activation(function))
        if architecture.dropout:
            hidden.append(keras.layers.Dropout(architecture.dropout, seed=masks))
        result.append(hidden)
    result.append([keras.layers.Dense(architecture.outputs, kernel_initializer="zeros")])
    return result


def network(architecture: Architecture, layers: Sequence[Sequence[Any]]) -> Any:
    """Return a built model of the layers: sequential, or functional with residual connections."""
    inputs = keras.Input((architecture.inputs,))
    if not architecture.residual:
        return keras.Sequential([inputs, *(layer for part in layers for layer in part)])
    return keras.Model(inputs, forward(architecture, layers, inputs, lambda layer, x: layer(x)))


def forward(
    architecture: Architecture,
    layers: Sequence[Sequence[Any]],
    x: Any,
    call: Callable[[Any, Any], Any],
) -> Any:
    """Return the outputs for inputs ``x``: ``call`` applies one layer to what enters it."""
    for position, part in enumerate(layers):
        before = x
        for layer in part:
            x = call(layer, x)
        if architecture.residual and 0 < position < architecture.depth:
            # Rescaling turns a Python number into single precision, whatever Keras is set to.
            scaled = keras.layers.Rescaling(np.float64(architecture.residual))(x)
            x = keras.layers.Add()([before, scaled])
    return x
