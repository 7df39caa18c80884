"""Activations as Keras gives them to a user who sets nothing: as a layer and as a function."""

from __future__ import annotations

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS
from suite.frameworks.keras.differentiate import in_precision, numbers, pulled, tensor
from suite.frameworks.keras.library import framework
from suite.types import Array


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Make the layer, or call the function of ``keras.activations``.

    Raises Unsupported for an activation for which the catalogue declares no such form of Keras.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    entry = ACTIVATIONS[activation]
    if form == "layer":
        owner = f"{form} of {activation!r}"
        target, arguments = registry.of_framework(owner, entry.layers, framework())
    else:
        target, arguments = entry.function(framework())
    # An item from outside has no default of the framework's: its parameters are what it declares.
    made = registry.native((target, {} if isinstance(target, str) else arguments))
    with in_precision("double" if points.dtype == float else "single"):
        chosen = made(**arguments, dtype=points.dtype.name) if form == "layer" else made
        value, (slope,) = pulled(chosen, [tensor(points)])
        # Keras on JAX computes tanh in single precision whatever it is given.
        return numbers(value).astype(points.dtype), numbers(slope).astype(points.dtype)
