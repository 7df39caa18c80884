"""Activations with the parameters of the catalogue, with which the defaults are compared."""

from __future__ import annotations

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS, resolve
from suite.types import Array


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Evaluate the definition in float64, which has one form only."""
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    function = resolve(ACTIVATIONS[activation].name)
    return function.value(points), function.slope(points)
