"""Activations as JAX gives them to a user who sets nothing.

Flax' activations are those of ``jax.nn``, which are functions: it has no layers for them, so the
catalogue declares none.
"""

from __future__ import annotations

import jax
import numpy as np

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS
from suite.frameworks.jax_stack import in_precision
from suite.types import Array


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Call the function of ``jax.nn``; the slope is by reverse-mode differentiation.

    Raises Unsupported for an activation for which the catalogue declares no such form of JAX,
    which is every layer.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    entry = ACTIVATIONS[activation]
    if form == "layer":
        owner = f"{form} of {activation!r}"
        target, arguments = registry.of_framework(owner, entry.layers, "jax")
    else:
        target, arguments = entry.function("jax")
    # An item from outside has no default of the framework's: its parameters are what it declares.
    made = registry.native((target, {} if isinstance(target, str) else arguments))
    chosen = made(**arguments) if form == "layer" else made
    with in_precision("double" if points.dtype == np.float64 else "single"):
        value, pull = jax.vjp(chosen, jax.numpy.asarray(points))
        (slope,) = pull(jax.numpy.ones_like(value))
        return np.asarray(value), np.asarray(slope)
