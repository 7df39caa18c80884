"""What mean-field theory says of an activation: its fixed points, and the gain that holds them.

The map of one wide layer is q' = gain^2 E[phi(sqrt(q) z)^2] (``suite.theory.gains``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from suite.theory import gains, mean_field
from suite.theory.gains import FixedPoint
from suite.theory.mean_field import Phi

NEUTRAL = 1e-6
"""A response this near to 1 neither attracts nor repels: relu's at its unit gain, to rounding."""


@dataclass(frozen=True)
class VarianceMap:
    """The map of an activation.

    ``unit_gain``: the gain that maps q = 1 to itself, infinite where nothing comes through.
    ``response`` and ``chi`` are at q = 1 with this gain: the map attracts to q = 1 below a response
    of 1, and the gradient's mean square changes by ``chi`` per layer. ``points``: the fixed points
    by the rule of the kernels.
    """

    unit_gain: float
    response: float
    chi: float
    points: dict[str, tuple[FixedPoint, ...]]

    @property
    def verdict(self) -> str:
        """Whether the unit gain holds q = 1, in words."""
        if not math.isfinite(self.unit_gain):
            return "no gain holds q = 1: the activation is 0 on a standard normal input"
        if abs(self.response - 1.0) <= NEUTRAL:
            return "every q stays as it is: deviations neither grow nor decay"
        if self.response < 1.0:
            return (
                f"q = 1 attracts: a deviation shrinks to {self.response:.3g} of itself in a layer"
            )
        return f"no gain holds q = 1: it repels, a deviation grows {self.response:.3g}-fold a layer"


def variance_map(phi: Phi) -> VarianceMap:
    """Return the map of an activation, by quadrature over normal pre-activations."""
    at_one = mean_field.moments(phi, 1.0)
    gain = gains.unit_gain(phi) if at_one.square > 0 else math.inf
    rules = {"lecun_normal": 1.0, "he_normal": math.sqrt(2)}
    return VarianceMap(
        gain,
        gains.response(phi, 1.0) if at_one.square > 0 else math.nan,
        gain**2 * at_one.slope_square if math.isfinite(gain) else math.nan,
        {name: gains.fixed_points(phi, factor) for name, factor in rules.items()},
    )
