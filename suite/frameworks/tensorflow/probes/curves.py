"""Activations as Keras gives them to a user who sets nothing: as a layer and as a function."""

from __future__ import annotations

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array

_LAYERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU"}
"""What has a layer of its own. The others are ``Activation`` with their name."""


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Value and slope, by a tape, of an activation made without any argument.

    ``activation``: the catalogue's name without parameters. ``form``: ``layer`` or ``function``
    (of ``keras.activations``). Shape and precision of ``points``. Raises UserError for another
    name or form.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    entry = ACTIVATIONS[activation]
    x = tf.constant(points)
    if form == "function":
        parameters = (value or 0.0 for value in entry.parameters.values())
        chosen = registry.native((entry.native(*parameters)["tensorflow"][0], {}))
    elif activation in _LAYERS:
        chosen = getattr(keras.layers, _LAYERS[activation])(dtype=x.dtype.name)
    else:
        chosen = keras.layers.Activation(activation, dtype=x.dtype.name)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = chosen(x)
    return value.numpy(), tape.gradient(value, x).numpy()
