"""The watch of ``suite selftest``, long: 400,000 true claims, each looked at after 1,000 seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from suite.judging.intervals import LEVEL
from suite.selftest import watch
from suite.selftest.control import LAWS

pytestmark = pytest.mark.soak

ROUNDS, CLAIMS, SEEDS = 50, 2000, 1000


def test_the_worst_moment_of_many_true_claims() -> None:
    """At most 20 false verdicts are expected; intervals for a fixed number of seeds have ten times
    as many."""
    rng = np.random.default_rng(2026)
    found, naive = 0, 0
    for _ in range(ROUNDS):
        for draw in LAWS.values():
            numbers = watch._true(draw(rng, (2, CLAIMS, SEEDS)))
            found += watch.refuted(numbers, LEVEL)
            naive += watch.refuted(numbers, LEVEL, watch.fixed)
    claims = ROUNDS * len(LAWS) * CLAIMS
    most = int(stats.binom.ppf(1 - 1e-4, claims, 1 - LEVEL))
    assert found <= most < naive
