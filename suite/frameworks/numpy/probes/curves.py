"""Activations with the parameters of the catalogue, to which defaults are compared."""

from __future__ import annotations

from suite.catalogue import registry
from suite.catalogue.activations import ACTIVATIONS, resolve
from suite.types import Array


def default(activation: str, form: str, points: Array) -> tuple[Array, Array]:
    """Return value and slope by the catalogue's definition, float64; both forms are the same here.

    Raises UserError for an unknown name or form.
    """
    if form not in ("layer", "function"):
        raise registry.unknown("form of an activation", form, ("layer", "function"))
    function = resolve(ACTIVATIONS[activation].name)
    return function.value(points), function.slope(points)
