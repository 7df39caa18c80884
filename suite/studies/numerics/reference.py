"""Exact results of the formulas at the points of a type, kept for the life of the process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from suite.catalogue.floats import FLOATS, points
from suite.studies.numerics import exact, formulas
from suite.studies.numerics.errors import Exact


@functools.cache
def results(formula: str, float_type: str) -> Mapping[str, Exact]:
    """Return ``value`` and ``slope`` of a formula at ``points`` of a type.

    For single, half and bfloat16 they are the float64 definition, whose own error is below 1e-5
    units in the last place of single precision; for double they come from mpmath. The formula
    must have a form in arbitrary precision then.
    """
    entry = formulas.resolve(formula)
    x = points(FLOATS[float_type])
    if float_type != "double":
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return {
                "value": Exact(entry.value(x), np.zeros(len(x))),
                "slope": Exact(entry.slope(x), np.zeros(len(x))),
            }
    from mpmath import MPContext

    assert entry.exact is not None, formula
    context = MPContext()
    context.prec = exact.PRECISION
    pairs = [entry.exact(context, context.mpf(float(at)), *entry.parameters) for at in x]
    return {
        side: _split([pair[place] for pair in pairs])
        for place, side in enumerate(("value", "slope"))
    }


def _split(numbers: list[exact.Number]) -> Exact:
    """Return numbers of mpmath as the nearest float64 and what that lacks."""
    double = FLOATS["double"]
    near = np.array([double.nearest(_fraction(number)) for number in numbers])
    rest = np.array(
        [
            float(number - type(number)(close)) if np.isfinite(close) else 0.0
            for number, close in zip(numbers, near, strict=True)
        ]
    )
    return Exact(near, rest)


def _fraction(number: exact.Number) -> Fraction:
    """Return a number of mpmath as a fraction; one below every double as 0."""
    sign, mantissa, exponent, size = number._mpf_
    if not mantissa or exponent + size < -1200:
        return Fraction(0)
    if exponent + size > 1200:
        return Fraction((-1 if sign else 1) * 2**1200)
    scale = Fraction(2**exponent) if exponent >= 0 else Fraction(1, 2**-exponent)
    return (-1 if sign else 1) * int(mantissa) * scale
