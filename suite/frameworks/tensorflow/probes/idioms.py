"""Idioms of Keras code, and how printed code ends today: each mechanism in a few lines."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from suite.catalogue import registry
from suite.frameworks.tensorflow.backend import keras, python_random_kept, tf
from suite.types import Array


def initialise(idiom: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Start a network in a loop over its layers that assigns the kernels (``init_loop``) or by the
    argument ``kernel_initializer`` (``init_argument``). Each layer has a seed of its own, made from
    ``seed``."""
    states = np.random.SeedSequence(seed).generate_state(len(shapes)) >> 1
    starts = [keras.initializers.GlorotUniform(seed=int(state)) for state in states]
    units = [fan_out for _, fan_out in shapes]
    with python_random_kept():
        if idiom == "init_loop":
            dense = [keras.layers.Dense(size, activation="relu") for size in units]
        elif idiom == "init_argument":
            dense = [
                keras.layers.Dense(size, activation="relu", kernel_initializer=start)
                for size, start in zip(units, starts, strict=True)
            ]
        else:
            raise registry.unknown("idiom", idiom, ("init_loop", "init_argument"))
        network = keras.Sequential([keras.Input((shapes[0][0],)), *dense])
    if idiom == "init_loop":
        for layer, start in zip(network.layers, starts, strict=True):
            layer.kernel.assign(start(layer.kernel.shape))
    return [layer.kernel.numpy() for layer in network.layers]


def compare(layer_kind: str, inputs: Array, seed: int) -> tuple[Array, Array, int, int]:
    """Call ``layer(x)`` and ``layer.call(x)``, and count the losses that each registers.

    The layer has a penalty on its activity: Keras' ``__call__`` collects it, as torch's runs hooks.
    """
    makes: Mapping[str, Callable[[], Any]] = {
        "dense": lambda: keras.layers.Dense(
            inputs.shape[1],
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            activity_regularizer="l2",
        ),
        "norm": lambda: keras.layers.BatchNormalization(activity_regularizer="l2"),
    }
    if layer_kind not in makes:
        raise registry.unknown("kind of layer", layer_kind, makes)
    training = {"training": True} if layer_kind == "norm" else {}
    results, collected = [], []
    for method in ("__call__", "call"):
        layer = makes[layer_kind]()
        layer.build(inputs.shape)
        results.append(getattr(layer, method)(tf.constant(inputs), **training).numpy())
        collected.append(len(layer.losses))
    return results[0], results[1], collected[0], collected[1]


def attempt(case: str) -> tuple[float, str]:
    """Run a mechanism of printed code; Python's generator is put back."""
    if case not in _CASES:
        raise registry.unknown("case", case, _CASES)
    try:
        with python_random_kept():
            return _CASES[case](), ""
    except (AttributeError, TypeError, ValueError) as error:  # what printed code ends with
        # Keras wraps an error of a user's method in a note of the call, and prints the error bold.
        bold = re.search(r"\x1b\[1m(.*?)\x1b\[0m", str(error), re.DOTALL)
        said = bold.group(1) if bold else str(error)
        return math.nan, f"{type(error).__name__}: {said.partition(' <')[0].rstrip(':')}"


class _Net(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A network whose ``call`` uses a layer of the given name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layer = keras.layers.Dense(2)
        self.used = name

    def call(self, x: Any) -> Any:
        return getattr(self, self.used)(x)


def _asks(name: str) -> float:
    _Net(name)(tf.ones((1, 2)))
    return math.nan


def _object(method: str) -> float:
    """Call an object whose class has one method of this name."""
    made: Any = type("A", (), {method: lambda self: None})()
    made()
    return math.nan


def _model() -> Any:
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def _second_model(renew: bool) -> float:
    """Return whether a second model moves, by the optimizer of the first or by one of its own."""
    optimizer = keras.optimizers.RMSprop()
    for _ in range(2):
        model = _model()
        if renew:
            optimizer = keras.optimizers.RMSprop()
        before = model.layers[0].kernel.numpy()
        variables = model.trainable_weights
        optimizer.apply_gradients([(tf.ones_like(v), v) for v in variables])
    return float((model.layers[0].kernel.numpy() != before).any())


class _Capture(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """A callback that keeps the model that it is given, under ``name``."""

    def __init__(self, name: str, model: Any) -> None:
        super().__init__()
        setattr(self, name, model)


def _captures(name: str) -> float:
    _Capture(name, _model())
    return math.nan


def _named(attribute: str, part: str) -> float:
    """Return the share of the kernels whose name or path contains a text."""
    kernels = [layer.kernel for layer in keras.Sequential([_model(), _model()]).layers[0].layers]
    return sum(part in getattr(kernel, attribute) for kernel in kernels) / len(kernels)


def _loop_for_other_layers() -> float:
    """Return the share of dense kernels that a loop for convolutions draws again."""
    network = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(2))])
    before = [layer.kernel.numpy() for layer in network.layers]
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))
    after = [layer.kernel.numpy() for layer in network.layers]
    moved = [bool((a != b).any()) for a, b in zip(after, before, strict=True)]
    return sum(moved) / len(moved)


def _unbuilt(call: bool) -> float:
    """Apply a layer that does not know its inputs yet."""
    layer = keras.layers.Dense(2)
    layer(tf.ones((1, 2))) if call else layer.call(tf.ones((1, 2)))
    return math.nan


_CASES: Mapping[str, Callable[[], float]] = {
    "net_lost_layer": lambda: _asks("layer1"),
    "net_own_layer": lambda: _asks("layer"),
    "object_call": lambda: _object("call"),
    "object_dunder_call": lambda: _object("__call__"),
    "optimizer_reused": lambda: _second_model(renew=False),
    "optimizer_renewed": lambda: _second_model(renew=True),
    "callback_model": lambda: _captures("model"),
    "callback_own_name": lambda: _captures("watched"),
    "weight_name": lambda: _named("name", "/kernel:"),
    "weight_path": lambda: _named("path", "/kernel"),
    "loop_other_layers": _loop_for_other_layers,
    "unbuilt_forward": lambda: _unbuilt(call=False),
    "unbuilt_call": lambda: _unbuilt(call=True),
}
