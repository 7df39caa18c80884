"""What a metric is: the name, unit, direction and worst value of one measured quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.types import Array


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    ``direction``: ``higher`` or ``lower`` is better, or ``neither``. ``worst``: the value that a
    diverged run counts with. NaN: it has none, and a diverged run makes a claim about the metric
    undecided. None: divergence does not touch what was measured, which counts as it is.
    ``tolerance``: the difference below which two values count as the same when two results are
    compared.
    """

    name: str
    unit: str
    meaning: str
    direction: str = "neither"
    worst: float | None = math.nan
    tolerance: float = 0.0

    def counted(self, values: Array, diverged: Array) -> Array:
        """The values that summary and claims count: where a run diverged, the worst."""
        return values if self.worst is None else np.where(diverged, self.worst, values)

    @property
    def uncountable(self) -> bool:
        """Whether a diverged run has no value at all."""
        return self.worst is not None and math.isnan(self.worst)
