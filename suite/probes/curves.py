"""Activations as a framework gives them without arguments, for the study ``curves``."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array


class DefaultForms(Protocol):
    """The default form of each activation."""

    def default(self, activation: str, form: str, points: Array) -> tuple[Array, Array]:
        """Return value and slope at ``points`` of an activation made without any argument.

        ``activation``: the catalogue's name without parameters. ``form``: ``layer`` or
        ``function``, the two ways to write it. Both arrays have the shape of ``points``, and in a
        framework their precision. Raises UserError for another name or form, and
        for an activation that the framework has no layer or function for.
        """
        ...
