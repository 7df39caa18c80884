"""The band of a claim: which values of its quantity the claim allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from suite.text_tables import number


@dataclass(frozen=True)
class Band:
    """The closed interval of the values that a claim allows; an infinite edge leaves a side open.

    Its edges are in the unit of the claim's quantity and are fixed before the run. The limits of
    a confidence interval, which come from the run, are those of ``judging.intervals.Interval``.
    """

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Whether a value lies between the edges or on one of them; False for NaN."""
        return self.low <= value <= self.high

    @property
    def edges(self) -> tuple[float, ...]:
        """The finite edges."""
        return tuple(edge for edge in (self.low, self.high) if math.isfinite(edge))

    def __str__(self) -> str:
        """Return the band as people write it: ``>= 0.1``, ``<= 2`` or ``[-0.02, 0.02]``."""
        if math.isinf(self.high):
            return f">= {number(self.low)}"
        if math.isinf(self.low):
            return f"<= {number(self.high)}"
        return f"[{number(self.low)}, {number(self.high)}]"
