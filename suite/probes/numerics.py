"""Single formulas of a framework at given points, for the study ``numerics``."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array


class Formulas(Protocol):
    """Activations, losses, softmax and normalization as functions of one number."""

    def evaluate(
        self, formula: str, points: Array, float_type: str, execution: str
    ) -> tuple[Array, Array]:
        """Return value and slope of a formula at (n,) points, each (n,) float64.

        ``formula``: an activation's canonical name or a name of
        ``suite.studies.numerics.formulas.FORMULAS``, which says what the number x stands for.
        ``float_type``: ``double``, ``single``, ``bfloat16`` or ``half``; the points are numbers
        of that type, and everything is computed in it. ``execution``: ``eager``, or ``compiled``
        with the framework's own compiler. The slope is the framework's own derivative of the sum
        of the values. Raises UserError for an unknown formula or execution.
        """
        ...
