"""Binary floating-point types, the points at which formulas are measured, and errors in ulps.

Every number of every type here is a Python float, so points and results travel as float64. An
exact result is a ``Scaled`` number or a float64 that is far more precise than the type.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from suite.catalogue.registry import Registry
from suite.types import Array


@dataclass(frozen=True)
class FloatType:
    """An IEEE 754 binary format, or bfloat16, which has the same rules.

    ``digits``: bits of the significand, the leading one included. ``lowest`` and ``highest``:
    the exponents of 2 of the smallest normal number and of the largest numbers.
    """

    name: str
    digits: int
    lowest: int
    highest: int

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return math.ldexp(2.0**self.digits - 1.0, self.highest - self.digits + 1)

    @property
    def smallest_normal(self) -> float:
        """The smallest positive number with a full significand."""
        return math.ldexp(1.0, self.lowest)

    @property
    def smallest(self) -> float:
        """The smallest positive number, a denormal one."""
        return math.ldexp(1.0, self.lowest - self.digits + 1)

    @property
    def epsilon(self) -> float:
        """The distance from 1 to the next number."""
        return math.ldexp(1.0, 1 - self.digits)

    def spacing(self, values: Array) -> Array:
        """Return the unit in the last place at each value, (n,) float64.

        Goldberg 1991, section 1.2: 2^(e - digits + 1) for a value of exponent e, and the
        distance of the denormal numbers below the smallest normal one.
        """
        _, exponents = np.frexp(values)
        unit: Array = np.ldexp(1.0, np.maximum(exponents - 1, self.lowest) - self.digits + 1)
        return unit

    def rounded(self, values: Array) -> Array:
        """Return the nearest numbers of the type, ties to even, (n,) float64.

        Beyond the largest number by half a unit or more it is infinity. The values are float64;
        what they lost against the exact result is the caller's to answer for.
        """
        values = np.asarray(values, dtype=np.float64)
        unit = self.spacing(np.where(np.isfinite(values), values, 1.0))
        with np.errstate(over="ignore", invalid="ignore"):
            nearest = np.where(np.isfinite(values), np.rint(values / unit) * unit, values)
        return np.where(np.abs(nearest) > self.largest, np.copysign(np.inf, nearest), nearest)

    def nearest(self, exact: Fraction) -> float:
        """Return the number of the type that is nearest to an exact one, ties to even."""
        if not exact:
            return 0.0
        size = abs(exact)
        exponent = size.numerator.bit_length() - size.denominator.bit_length()
        if size < Fraction(2) ** exponent:
            exponent -= 1
        unit = max(exponent, self.lowest) - self.digits + 1
        whole = round(size / Fraction(2) ** unit)  # Python rounds ties to even
        value = (
            math.inf if whole.bit_length() + unit - 1 > self.highest else math.ldexp(whole, unit)
        )
        return value if exact > 0 else -value


FLOATS = Registry(
    "precision",
    [
        FloatType("double", 53, -1022, 1023),
        FloatType("single", 24, -126, 127),
        FloatType("bfloat16", 8, -126, 127),
        FloatType("half", 11, -14, 15),
    ],
)


NEAR = 16.0
"""Points stand densely up to this magnitude: every formula of the catalogue has its bends there."""
STEP = 1.0 / 32.0


def points(kind: FloatType) -> Array:
    """Return the points of a type, ascending, without NaN and infinities: (n,) float64.

    Both signs of: every exponent of the type with the significands 1 and about 1.4 (the smallest
    and the largest numbers among them), every denormal power of two, every power of ten, and
    steps of 1/32 up to 16. And 0.
    """
    exponents = np.arange(kind.lowest - kind.digits + 1, kind.highest + 1)
    powers = np.ldexp(1.0, exponents)
    tens = 10.0 ** np.arange(-323, 309)
    positive = np.concatenate(
        [
            powers,
            np.minimum(powers, kind.largest / 2) * math.sqrt(2),
            tens[(tens >= kind.smallest) & (tens <= kind.largest)],
            np.arange(STEP, NEAR + STEP, STEP),
            [kind.largest],
        ]
    )
    positive = kind.rounded(positive)
    return np.unique(np.concatenate([-positive, [0.0], positive[positive > 0]]))
