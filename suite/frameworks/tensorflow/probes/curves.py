"""Activations as Keras gives them to a user who sets nothing: as a layer and as a function."""

from __future__ import annotations

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS
from suite.frameworks.tensorflow.backend import tf
from suite.types import Array


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Make the layer, or call the function of ``keras.activations``; the slope is by a tape.

    Raises Unsupported for an activation for which the catalogue declares no such form of Keras.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    entry = ACTIVATIONS[activation]
    if form == "layer":
        owner = f"{form} of {activation!r}"
        target, arguments = registry.of_framework(owner, entry.layers, "tensorflow")
    else:
        target, arguments = entry.function("tensorflow")
    x = tf.constant(points)
    # An item from outside has no default of the framework's: its parameters are what it declares.
    made = registry.native((target, {} if isinstance(target, str) else arguments))
    chosen = made(**arguments, dtype=x.dtype.name) if form == "layer" else made
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = chosen(x)
    return value.numpy(), tape.gradient(value, x).numpy()
