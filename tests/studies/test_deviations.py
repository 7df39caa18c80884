"""Relative deviations handle zeros, infinities and NaN as their docstrings say."""

from __future__ import annotations

import numpy as np

from suite.studies.common import deviations


def test_a_ratio_of_zero_is_zero_and_of_a_missing_whole_infinite() -> None:
    ratio = deviations.ratio(np.array([0.0, 1.0, 3.0]), np.array([0.0, 0.0, 4.0]))
    np.testing.assert_array_equal(ratio, [0.0, np.inf, 0.75])


def test_a_deviation_is_relative_to_the_largest_exact_entry_of_its_member() -> None:
    exact = np.array([[0.0, 0.0], [0.0, 0.0], [2.0, -4.0], [1.0, 1.0]])
    measured = np.array([[0.0, 0.0], [0.0, 1e-9], [2.0, -3.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(deviations.relative(measured, exact), [0.0, np.inf, 0.25, np.nan])
