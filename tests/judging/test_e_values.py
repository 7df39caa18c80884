"""E-values say of one run what its interval for every look says, and of several runs more."""

from __future__ import annotations

import itertools
import math
from dataclasses import astuple, replace

import numpy as np
import pytest

from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.judging.band_to_verdict import Evidence, verdict_on
from suite.judging.e_values import EValues, bets, e_values, once, tally, together
from suite.judging.per_seed import numbered
from suite.judging.rules import EVERY_LOOK, FIXED
from suite.judging.time_uniform import threshold
from suite.types import Array

MEDIAN = Claim(
    id="made-up",
    statement="",
    source="",
    study="training",
    metric="heldout_accuracy",
    estimand="value",
    of={},
    band=Band(0.4, 0.6),
    expected="open",
    because="",
    decides="quick",
    file="",
    text_hash="",
)
KINDS = {
    "median": MEDIAN,
    "share": replace(MEDIAN, estimand="share", centre="share", above=0.3),
    "mean": replace(MEDIAN, centre="mean", bounds=(0.0, 1.0)),
    "difference of means": replace(
        MEDIAN, centre="mean", bounds=(0.0, 1.0), estimand="difference", band=Band(-0.2, 0.2)
    ),
    "worst": replace(MEDIAN, estimand="worst", centre="every", rate=0.2),
    "exact": replace(MEDIAN, kind="exact", centre="every"),
}
BANDS = [Band(0.4, 0.6), Band(0.5, math.inf), Band(-math.inf, 0.5), Band(0.0, 0.3), Band(0.0, 0.0)]


def evidence(claim: Claim, *runs: Array) -> EValues:
    """Return the e-values of runs of independent seeds together."""
    return e_values(together([bets(claim, tally(claim, numbers)) for numbers in runs]))


def samples() -> list[Array]:
    """Return numbers of seeds that decide most claims, with ties, some on the edges of bands."""
    rng = np.random.default_rng(0)
    spread = [rng.beta(a, b, size=n) for a, b in ((1, 1), (9, 9), (1, 20)) for n in (1, 20, 300)]
    tied = [rng.integers(0, 11, size=n) / 10 for n in (20, 200)]
    return [*spread, *tied, np.full(60, 0.5), np.full(60, 0.6), np.zeros(60), np.ones(60)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_is_that_of_the_interval_for_every_look(kind: str) -> None:
    seen = set()
    for numbers, band in itertools.product(samples(), BANDS):
        claim = replace(KINDS[kind], band=band)
        by_interval = verdict_on(claim, "", Evidence(numbered(numbers)), None, EVERY_LOOK).verdict
        assert evidence(claim, numbers).ruling() == by_interval
        seen.add(by_interval)
    assert seen >= {"supported", "refuted"}


def test_infinite_numbers_are_data() -> None:
    never = np.full(60, np.inf)
    assert evidence(replace(MEDIAN, band=Band(2.0, math.inf)), never).ruling() == "supported"
    assert evidence(replace(MEDIAN, band=Band(-math.inf, 2.0)), never).ruling() == "refuted"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_unknown_is_no_evidence(kind: str) -> None:
    for numbers in ([], [0.5, math.nan]):
        none = evidence(KINDS[kind], np.array(numbers))
        assert astuple(none) == pytest.approx(astuple(EValues()))


@pytest.mark.parametrize("kind", ["median", "share", "mean"])
def test_runs_that_decide_nothing_alone_decide_together(kind: str) -> None:
    rng = np.random.default_rng(3)
    claim = replace(KINDS[kind], band=Band(0.5, math.inf))
    runs = [np.clip(rng.normal(0.75, 0.15, size=40), 0, 1) for _ in range(4)]
    if kind == "share":
        runs = [np.where(numbers > 0.5, 1.0, 0.0) for numbers in runs]
    short = [numbers[:12] for numbers in runs]
    assert {evidence(claim, numbers).ruling() for numbers in short} == {"undecided"}
    assert evidence(claim, *short).ruling() == "supported"


@pytest.mark.parametrize("kind", KINDS)
def test_how_seeds_are_divided_among_runs_is_of_no_account(kind: str) -> None:
    for numbers in samples():
        parts = np.array_split(numbers, 3)
        together_, whole = (
            astuple(found)
            for found in (evidence(KINDS[kind], *parts), evidence(KINDS[kind], numbers))
        )
        assert together_ == pytest.approx(whole)


def test_one_seed_outside_is_never_outvoted() -> None:
    inside, outside = (np.array([value]) for value in (0.5, 0.7))
    assert evidence(KINDS["exact"], *[inside] * 9).ruling() == "supported"
    assert evidence(KINDS["exact"], *[inside] * 9, outside).ruling() == "refuted"


def test_what_is_lost_stays_lost_whatever_is_added_and_in_which_groups() -> None:
    lost, sure = np.array([-np.inf, 1.0]), np.array([np.inf, 2.0])
    assert together([lost, sure]).tolist() == [-np.inf, 3.0]
    assert together([together([lost, sure]), sure]).tolist() == [-np.inf, 5.0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seeds_twice_count_once_and_the_less_favourable_of_them(kind: str) -> None:
    claim = replace(KINDS[kind], band=Band(0.4, 1.0))
    many, few = np.full(30, 0.7), np.full(20, 0.1)
    one, other = (bets(claim, tally(claim, numbers)) for numbers in (many, few))
    assert e_values(once(claim, [one, one])) == e_values(one)
    both = e_values(once(claim, [one, other]))
    assert both == e_values(once(claim, [other, one]))
    for name in ("not_below", "not_above"):
        least = min(getattr(e_values(each), name) for each in (one, other))
        assert getattr(both, name) <= least + 1e-12
    # A seed outside the band ends the matter, whichever folder has it.
    assert both.ruling() == ("refuted" if claim.centre == "every" else "undecided")


def test_a_worst_needs_as_many_draws_as_ever() -> None:
    """To watch for the first draw outside costs nothing."""
    claim = KINDS["worst"]
    verdicts = {
        n: [
            verdict_on(claim, "", Evidence(numbered(np.full(n, 0.5))), None, rule).verdict
            for rule in RULES
        ]
        for n in (47, 48)
    }
    assert verdicts == {47: ["undecided"] * 2, 48: ["supported"] * 2}


RULES = (FIXED, EVERY_LOOK)


@pytest.mark.parametrize("runs", [1, 2, 5])
def test_evidence_against_the_truth_is_1_on_average(runs: int) -> None:
    """So a product of runs that stopped when they liked reaches 40,000 once in 40,000 at most."""
    rng = np.random.default_rng(runs)
    claim = replace(MEDIAN, band=Band(0.5, math.inf))  # the truth, 0.5, is on the edge
    products = []
    for _ in range(2000):
        parts = []
        for _ in range(runs):
            numbers = rng.random(30)
            looks = [bets(claim, tally(claim, numbers[:n])) for n in (10, 20, 30)]
            # Stop at the first look that is in favour of what is false.
            found = (look for look in looks if e_values(look).below > 0.5)
            parts.append(next(found, looks[-1]))
        products.append(math.exp(e_values(together(parts)).below))
    assert np.mean(products) < 1.25
    assert max(products) < math.exp(threshold())
