"""Slopes from finite differences: how exact they are, at kinks, at extremes, and where they end."""

from __future__ import annotations

import numpy as np
import pytest

from suite.catalogue import differences
from suite.catalogue.activations import ACTIVATIONS, Activation, Resolved, resolve
from suite.catalogue.floats import FLOATS, points


@pytest.mark.parametrize("name", ACTIVATIONS.names)
def test_the_error_is_honest_and_small(name: str) -> None:
    """Against the formula for the slope, at the points of the study ``numerics``."""
    entry = resolve(name)
    x = points(FLOATS["single"])
    with np.errstate(all="ignore"):
        found = differences.slope(entry.value, x, entry.entry.kinks)
        exact = entry.slope(x)
    assert found.value.shape == found.error.shape == x.shape
    away = np.abs(found.value - exact)
    assert (away <= 10.0 * found.error + 1e-12).all()  # softsign's second derivative jumps at 0
    assert found.error.max() < 1e-8
    usual = (np.abs(x) <= 16) & ~np.isin(x, entry.entry.kinks)
    assert away[usual].max() < 1e-10


def test_no_difference_is_taken_across_a_kink() -> None:
    """Beside the kink of a function with a jump in its slope, and at it from the left."""
    x = np.array([1.0 - 1e-9, 1.0, 1.0 + 1e-9])
    found = differences.slope(lambda t: np.where(t > 1.0, 5.0 * (t - 1.0), 1.0 - t), x, (1.0,))
    np.testing.assert_allclose(found.value, [-1.0, -1.0, 5.0], rtol=1e-9)
    across = differences.slope(lambda t: np.where(t > 1.0, 5.0 * (t - 1.0), 1.0 - t), x[1:2], ())
    np.testing.assert_allclose(across.value, 2.0)


def test_a_function_that_overflows_has_a_slope_where_it_is_finite() -> None:
    found = differences.slope(np.exp, np.array([709.0, 800.0, np.finfo(float).max]), ())
    np.testing.assert_allclose(found.value[0], np.exp(709.0), rtol=1e-8)
    assert np.isnan(found.value[1:]).all()
    assert np.isinf(found.error[1:]).all()


def test_a_wave_has_its_slope_far_from_0() -> None:
    """At 2^16 steps of powers of two span many periods; some of them agree with each other."""
    x = points(FLOATS["single"])
    x = x[np.abs(x) < 1e6]
    found = differences.slope(lambda t: t + np.sin(t) ** 2, x, ())
    assert (np.abs(found.value - 1.0 - np.sin(2.0 * x)) <= 10.0 * found.error + 1e-12).all()
    assert found.error.max() < 1e-6


def test_an_entry_without_a_slope_says_so_and_has_one() -> None:
    entry = Activation("my:sine", "a test", lambda x, a: np.sin(a * x), parameters={"a": 1.0})
    assert entry.slope_from == "finite differences"
    assert ACTIVATIONS["tanh"].slope_from == "definition"
    x = np.linspace(-3.0, 3.0, 12).reshape(3, 4)
    slope = Resolved("my:sine(2)", entry, (2.0,)).slope(x)
    np.testing.assert_allclose(slope, 2.0 * np.cos(2.0 * x), atol=1e-11)
    np.testing.assert_array_equal(entry(x), np.sin(x))
    np.testing.assert_array_equal(entry(x, 2.0), np.sin(2.0 * x))
