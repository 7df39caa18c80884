"""The definition of a metric: name, unit, direction and worst value of one measured quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.types import Array, float64

ROUNDING = 1e-5
"""The relative difference below which two values differ only by rounding: a hundred units in the
last place of single precision, accumulated over thousands of operations."""
ROUNDED_ZERO = 1e-12
"""What rounding leaves of a quantity of order 1 that is computed in double precision and is 0 in
exact arithmetic: some thousand units in the last place. Another library of linear algebra rounds to
another value of this size, so that a relative difference means nothing there. Of a deviation that
is measured in single precision, relative to what it deviates from, ``ROUNDING`` is left."""

DECADES = 0.01
"""The relative tolerance of a quantity whose values span decades."""
DENORMAL = 1e-38
"""The absolute tolerance of such a quantity: a processor may flush denormal numbers to 0."""


@dataclass(frozen=True)
class Share:
    """The share of the runs of a cell that end ok and reach a value: a row of the summary."""

    name: str
    metric: str
    """What has to be at least ``least``."""
    least: float
    studies: tuple[str, ...]
    """Whose summary has it."""
    meaning: str
    unit: str = "share"


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    ``direction`` says whether ``higher`` or ``lower`` values are better, or ``neither``.
    ``worst`` is the value with which a diverged run counts: NaN if it has no value, so that a
    diverged run leaves a claim about the metric undecided; None if divergence does not affect the
    measured value, which then counts as it is. Two values count as equal when two results
    are compared if their difference is at most ``tolerance``, or at most the share ``relative``
    of the larger one: a quantity whose values span decades has a relative tolerance, because an
    absolute one hides every change of its small values, and one that can be 0 in exact arithmetic
    needs an absolute one (``ROUNDED_ZERO``). ``definition`` is a number that is raised
    when the measured quantity changes under the same name; results of different definitions are
    not compared.
    ``plain`` names the metric that says in plain terms what moves this one; ``reads`` is a sentence
    with ``{}`` for a value.
    """

    name: str
    unit: str
    meaning: str
    direction: str = "neither"
    worst: float | None = math.nan
    tolerance: float = 0.0
    relative: float = ROUNDING
    definition: int = 1
    plain: str = ""
    reads: str = ""

    @property
    def defined(self) -> str:
        """The unit and definition, which two results must share to be compared."""
        return f"{self.unit}; {self.definition}"

    def counted(self, values: Array, diverged: Array) -> Array:
        """Return the values for summary and claims, with ``worst`` where a run diverged."""
        return values if self.worst is None else np.where(diverged, self.worst, values)

    def tolerated(self, size: Array) -> Array:
        """Return the largest difference of two values that count as equal, in the shape of
        ``size``, the magnitude of the larger one."""
        return np.asarray(np.maximum(self.tolerance, self.relative * size))

    def equal(self, a: Array, b: Array) -> Array:
        """Return, as booleans, where two values of the metric count as equal.

        They do if they differ by at most what is tolerated, if they are equal infinities, or if
        both are NaN."""
        a, b = float64(a), float64(b)
        with np.errstate(invalid="ignore", over="ignore"):
            size = np.maximum(np.abs(a), np.abs(b))
            near = np.abs(a - b) <= self.tolerated(size)
        # An infinite and a finite value would pass as near: both sides of the test are inf.
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        return np.asarray(same | (near & np.isfinite(a) & np.isfinite(b)))

    @property
    def uncountable(self) -> bool:
        """Whether a diverged run has no value at all."""
        return self.worst is not None and math.isnan(self.worst)
