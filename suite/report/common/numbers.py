"""Numbers, intervals and bands as the page writes them."""

from __future__ import annotations

import math

from suite.claims.band import Band


def number(value: float) -> str:
    """Return a number with three significant digits, ∞ and − as signs; empty when it is unknown.

    All digits before the point are kept.
    """
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    form = ".2e" if 0 < size < 1e-3 or size >= 1e6 else ".0f" if size >= 999.5 else ".3g"
    mantissa, _, exponent = format(value, form).partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def interval(low: float, high: float) -> str:
    """Return ``[low, high]``, with a round bracket at an infinite end; empty where both are
    unknown."""
    left, right = number(low), number(high)
    if not left and not right:
        return ""
    return f"{'(' if '∞' in left else '['}{left}, {right}{')' if '∞' in right else ']'}"


def band(given: Band) -> str:
    """Return a band with the signs of a page: ``≥ 0.1``, ``≤ 2`` or ``[−0.02, 0.02]``."""
    if math.isinf(given.high):
        return f"≥ {number(given.low)}"
    if math.isinf(given.low):
        return f"≤ {number(given.high)}"
    return interval(given.low, given.high)
