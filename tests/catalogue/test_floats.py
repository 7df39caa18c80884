"""Floating-point types: rounding, spacing and points agree with types that exist."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from suite.catalogue.floats import FLOATS, points

NUMPY: Mapping[str, type[np.floating[Any]]] = {
    "double": np.float64,
    "single": np.float32,
    "half": np.float16,
}


@pytest.mark.parametrize("name", NUMPY)
def test_rounding_is_that_of_numpy(name: str) -> None:
    kind, rng = FLOATS[name], np.random.default_rng(0)
    exponents = rng.integers(kind.lowest - kind.digits - 1, min(kind.highest + 2, 1023), 5000)
    values = rng.standard_normal(5000) * np.exp2(exponents.astype(float))
    values = np.concatenate([values, [0.0, np.inf, -np.inf, kind.largest, kind.smallest / 2]])
    with np.errstate(over="ignore"):
        expected = values.astype(NUMPY[name]).astype(np.float64)
    np.testing.assert_array_equal(kind.rounded(values), expected)
    for value, rounded in zip(values[:500], expected[:500], strict=True):
        assert kind.nearest(Fraction(float(value))) == rounded
    info = np.finfo(NUMPY[name])
    assert kind.largest == float(info.max)
    assert kind.epsilon == float(info.eps)
    assert kind.smallest_normal == float(info.smallest_normal)
    assert kind.smallest == float(info.smallest_subnormal)
    ones = np.array([1.0, 1.5, kind.smallest])
    np.testing.assert_array_equal(kind.spacing(ones), np.spacing(ones.astype(NUMPY[name])))


def test_ties_go_to_even() -> None:
    half = FLOATS["half"]
    tie = Fraction(2049, 2048)  # between 1 and 1 + 2^-10
    assert half.nearest(tie) == 1.0
    assert half.nearest(-tie - Fraction(1, 1024)) == -1.0 - 2 * half.epsilon
    np.testing.assert_array_equal(half.rounded(np.array([float(tie)])), [1.0])


@pytest.mark.parametrize("name", FLOATS.names)
def test_the_points_are_numbers_of_the_type_over_its_whole_range(name: str) -> None:
    kind = FLOATS[name]
    x = points(kind)
    np.testing.assert_array_equal(kind.rounded(x), x)
    assert (np.diff(x) > 0).all()
    np.testing.assert_array_equal(x, -x[::-1])
    assert {0.0, kind.largest, kind.smallest, kind.smallest_normal, 1.0, 0.5, 6.0} <= set(x)
    _, exponents = np.frexp(x[x > 0])
    assert set(exponents - 1) == set(range(kind.lowest - kind.digits + 1, kind.highest + 1))
