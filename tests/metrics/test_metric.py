"""Two values of a metric count as equal within its tolerance or rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from suite.metrics import METRICS
from suite.metrics.metric import DECADES, DENORMAL, ROUNDING, Metric

PLAIN = Metric("plain", "nats", "no tolerance")
WIDE = Metric("wide", "nats", "a tolerance", tolerance=0.1)
INF = math.inf


@pytest.mark.parametrize(
    ("metric", "a", "b", "same"),
    [
        (PLAIN, 1.0, 1.0 + 0.9 * ROUNDING, True),
        (PLAIN, 1.0, 1.0 + 1.1 * ROUNDING, False),
        (PLAIN, 0.0, 1e-300, False),
        (PLAIN, 0.0, -0.0, True),
        (PLAIN, 1e308, -1e308, False),  # the difference is infinite
        (WIDE, 0.0, 0.0999, True),
        (WIDE, 0.0, 0.1001, False),
        (WIDE, 1e6, 1e6 + 9.0, True),  # rounding of a large value is more than the tolerance
        (WIDE, INF, INF, True),
        (WIDE, INF, -INF, False),
        (WIDE, INF, 1.0, False),
        (WIDE, math.nan, math.nan, True),
        (WIDE, math.nan, 0.0, False),
    ],
)
def test_equality_is_symmetric_and_handles_infinity_and_nan(
    metric: Metric, a: float, b: float, same: bool
) -> None:
    for first, second in ((a, b), (b, a)):
        assert metric.equal(np.array([first]), np.array([second])).tolist() == [same]


def test_a_relative_tolerance_holds_over_all_decades() -> None:
    """An absolute tolerance hides any change of a value that is smaller than it."""
    spans = Metric("spans", "1", "spans decades", tolerance=DENORMAL, relative=DECADES)
    sizes = np.array([1e-30, 1e-7, 1.0, 1e30])
    assert spans.equal(sizes, 1.009 * sizes).all()
    assert not spans.equal(sizes, 1.011 * sizes).any()
    assert not spans.equal(sizes, np.zeros(4)).any()
    assert spans.equal(np.array([1e-39]), np.zeros(1)).all()  # a denormal number may be flushed


def test_what_is_known_before_training_has_no_better_direction() -> None:
    """It cannot improve: a change of it must not be green as an improvement."""
    before = [metric for metric in METRICS if metric.name.startswith("initial_")]
    assert {"initial_accuracy", "initial_loss", "initial_risk"} <= {m.name for m in before}
    assert {metric.direction for metric in before} == {"neither"}
