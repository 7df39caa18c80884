"""The four statistics that describe an array."""

from __future__ import annotations

import math
import statistics
import warnings

import numpy as np
import pytest

from suite.studies.common.describe import describe


def test_each_member_has_the_statistics_of_its_own_values() -> None:
    values = np.random.default_rng(0).normal(1.0, 2.0, (3, 4, 5))
    summary = describe(values, (1, 2))
    assert list(summary) == ["mean", "std", "mean_abs", "rms"]
    for member in range(3):
        flat = values[member].ravel().tolist()
        assert summary["mean"][member] == pytest.approx(statistics.fmean(flat))
        assert summary["std"][member] == pytest.approx(statistics.pstdev(flat))
        assert summary["mean_abs"][member] == pytest.approx(statistics.fmean(map(abs, flat)))
        square = statistics.fmean(x**2 for x in flat)
        assert summary["rms"][member] == pytest.approx(math.sqrt(square))


def test_statistics_are_computed_in_double_precision() -> None:
    """In float32 the square of 1e30 is inf, and 1e8 + 1 is 1e8."""
    assert describe(np.full((1, 4), 1e30, dtype=np.float32), 1)["rms"] == pytest.approx(1e30)
    values = np.array([[1e8, 1.0, -1e8, 1.0]], dtype=np.float32)
    assert describe(values, 1)["mean"].tolist() == [0.5]
    assert describe(values, 1)["mean"].dtype == np.float64


def test_a_broken_member_is_a_result_without_a_warning() -> None:
    values = np.ones((4, 2))
    values[1, 0], values[2, 0], values[3] = np.nan, np.inf, (np.inf, -np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summary = describe(values, 1)
    assert [summary[key][0] for key in summary] == [1.0, 0.0, 1.0, 1.0]
    assert all(np.isnan(summary[key][1]) for key in summary)
    assert summary["mean"][2] == summary["rms"][2] == np.inf
    assert np.isnan(summary["mean"][3])
    assert summary["mean_abs"][3] == np.inf
