"""A claim about the worst draw: one outside refutes it, and few inside support nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from suite.claims.band import Band
from suite.judging import intervals
from suite.judging.band_to_verdict import Evidence, verdict_on
from suite.judging.per_seed import PerSeed
from suite.judging.verdicts import Verdict
from tests.judging.test_judge_claims import VALUE

RATE = 0.25
WORST = replace(VALUE, estimand="worst", rate=RATE, band=Band(0.0, 1.0))
NEEDED = intervals.draws_needed(RATE)


def verdict(*outside: float, draws: int = NEEDED) -> Verdict:
    """Return the verdict on draws of which these lie outside, and the others in 0.3 to 0.6."""
    inside = np.linspace(0.3, 0.6, draws - len(outside))
    numbers = PerSeed(np.arange(draws), np.array([*outside, *inside]))
    return verdict_on(WORST, "", Evidence(numbers), None)


@pytest.mark.parametrize("rate", [0.015, 0.1, RATE, 0.9])
def test_the_draws_needed_are_the_fewest_that_exclude_a_rate(rate: float) -> None:
    n = intervals.draws_needed(rate)
    assert intervals.share(0, n).high <= rate < intervals.share(0, n - 1).high


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_a_rate_lies_between_0_and_1(rate: float) -> None:
    with pytest.raises(ValueError, match="is not a rate between 0 and 1"):
        intervals.draws_needed(rate)


def test_enough_draws_inside_support_it_and_one_fewer_do_not() -> None:
    assert verdict().verdict == "supported"
    few = verdict(draws=NEEDED - 1)
    assert few.verdict == "undecided"
    assert few.reason.startswith(f"none of {NEEDED - 1} draws lies outside; {NEEDED} such draws")


@pytest.mark.parametrize("draws", [2, 200])
def test_one_draw_outside_refutes_it(draws: int) -> None:
    found = verdict(-0.5, draws=draws)
    assert (found.verdict, found.reason) == ("refuted", f"1 of {draws} draws lies outside")
    assert verdict(-0.5, math.nan).verdict == "refuted"


@pytest.mark.parametrize(
    ("outside", "estimate"),
    [((), 0.3), ((-0.1, 1.5), 1.5), ((-0.5, 1.1), -0.5), ((math.inf,), math.inf)],
)
def test_the_estimate_is_the_draw_nearest_to_an_edge_or_farthest_outside(
    outside: tuple[float, ...], estimate: float
) -> None:
    found = verdict(*outside)
    assert found.estimate == estimate
    assert (found.low, found.high) == (min((*outside, 0.3)), max((*outside, 0.6)))
