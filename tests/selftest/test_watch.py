"""The watch lets true claims be, and sees intervals that an adversary breaks."""

from __future__ import annotations

import numpy as np

from suite.judging.intervals import LEVEL
from suite.judging.time_uniform import median
from suite.selftest import watch
from suite.selftest.control import VISIBLE


def test_true_claims_stand_and_the_planted_intervals_fail() -> None:
    found = watch.watches(claims=100, seeds=300)
    assert [control.name for control in found if not control.passed] == []
    *sound, planted = found
    assert planted.differences > 3 * (1 - planted.level) * planted.repetitions
    assert sum(control.repetitions for control in sound[:1]) == 400


def test_the_counts_are_those_of_the_intervals() -> None:
    numbers = np.random.default_rng(5).standard_cauchy((60, 80))
    by_interval = sum(
        any(not (limits := median(row[:n], 0.7)).low <= 0 <= limits.high for n in range(1, 81))
        for row in numbers
    )
    assert watch.refuted(numbers, 0.7) == by_interval > 0


def test_the_judge_refutes_what_is_false() -> None:
    """Silence about true claims would mean nothing if it were silent about all."""
    false = np.random.default_rng(6).normal(2.0, 1.0, (50, 60))
    assert watch.judged(false) == watch.refuted(false, LEVEL) == 50


def test_who_does_not_look_again_sees_less() -> None:
    numbers = np.random.default_rng(7).normal(size=(500, 200))
    once = sum(not (limits := median(row, VISIBLE)).low <= 0 <= limits.high for row in numbers)
    assert watch.refuted(numbers, VISIBLE) > once
