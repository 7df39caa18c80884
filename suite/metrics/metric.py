"""What a metric is: the name, unit, direction and worst value of one measured quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.types import Array, float64

ROUNDING = 1e-5
"""The relative difference below which two values are the same but for rounding: a hundred units
in the last place of single precision, over thousands of operations."""


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    ``direction``: ``higher`` or ``lower`` is better, or ``neither``. ``worst``: the value that a
    diverged run counts with. NaN: it has none, and a diverged run makes a claim about the metric
    undecided. None: divergence does not touch what was measured, which counts as it is.
    ``tolerance``: the difference below which two values count as the same when two results are
    compared. ``definition``: raised when what is measured changes under the same name; results of
    two definitions are not compared.
    """

    name: str
    unit: str
    meaning: str
    direction: str = "neither"
    worst: float | None = math.nan
    tolerance: float = 0.0
    definition: int = 1

    @property
    def defined(self) -> str:
        """Unit and definition: what two results must share for the metric to be compared."""
        return f"{self.unit}; {self.definition}"

    def counted(self, values: Array, diverged: Array) -> Array:
        """The values that summary and claims count: where a run diverged, the worst."""
        return values if self.worst is None else np.where(diverged, self.worst, values)

    def alike(self, a: Array, b: Array) -> Array:
        """Where two values of the metric are the same, as bool: no farther apart than the
        tolerance or rounding, equal infinities, or both NaN."""
        a, b = float64(a), float64(b)
        with np.errstate(invalid="ignore", over="ignore"):
            size = np.maximum(np.abs(a), np.abs(b))
            near = np.abs(a - b) <= np.maximum(self.tolerance, ROUNDING * size)
        # Of an infinite and a finite value the difference is no larger than the size.
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        return np.asarray(same | (near & np.isfinite(a) & np.isfinite(b)))

    @property
    def uncountable(self) -> bool:
        """Whether a diverged run has no value at all."""
        return self.worst is not None and math.isnan(self.worst)
