"""The multilayer perceptron as a user of Keras writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite import activations, optimizers
from suite.frameworks.tensorflow.backend import keras
from suite.registry import native
from suite.types import Architecture


def layers(architecture: Architecture, settings: str) -> list[Any]:
    """The layers of the multilayer perceptron as a user of Keras writes it.

    ``settings`` concerns the normalization layers: ``common`` or ``default``. Kernels start at
    zero and dropout at seed 0, since both are set afterwards: left out, Keras would draw seeds
    for them from Python's global generator.
    """
    common = optimizers.NORMALIZATION if settings == "common" else {}
    epsilon = {key: value for key, value in common.items() if key == "epsilon"}
    function = native(activations.resolve(architecture.activation).native("tensorflow"))
    result = []
    for _, fan_out in architecture.shapes[:-1]:
        result.append(keras.layers.Dense(fan_out, kernel_initializer="zeros"))
        if architecture.normalization == "batch":
            result.append(keras.layers.BatchNormalization(**common))
        elif architecture.normalization == "layer":
            result.append(keras.layers.LayerNormalization(**epsilon))
        result.append(keras.layers.Activation(function))
        if architecture.dropout:
            result.append(keras.layers.Dropout(architecture.dropout, seed=0))
    result.append(keras.layers.Dense(architecture.outputs, kernel_initializer="zeros"))
    return result


def sequential(architecture: Architecture, layers: Sequence[Any]) -> Any:
    """A model of layers, built."""
    return keras.Sequential([keras.Input((architecture.inputs,)), *layers])
