"""Verdicts on pools keep their level whoever adds what and whenever he stops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from suite.claims.band import Band
from suite.judging.e_values import EValues, Tally, bets, tally
from suite.judging.e_values import together as joined
from suite.judging.time_uniform import STAKES, log_money_of_counts
from suite.judging.verdicts import REFUTED, SUPPORTED, UNDECIDED
from suite.pooling import judge_pool as judging
from suite.pooling.judge_pool import environments, everywhere, judge_pool
from suite.pooling.member import Member, Row
from suite.types import Array
from tests.support.fake_claims import NARROW
from tests.support.pools import FAMILY, counted, of_rows, together

CLAIM = FAMILY[1]
LEVEL = 0.8
"""Each false verdict may come in one of ten pools: often enough to be counted in 300."""
POOLS, FOLDERS = 300, 8
MOST = POOLS * (1 - LEVEL) / 2 + 3 * math.sqrt(POOLS * 0.1 * 0.9)
"""False verdicts of one kind that a correct judgement exceeds once in a thousand times, even where
it spends all that it may: 45 of 300."""


@pytest.fixture
def _only_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulations ask nothing else of a pool."""
    monkeypatch.setattr(judging, "difference", lambda tallies: None)


simulated = pytest.mark.usefixtures("_only_verdicts")


def folders(rng: np.random.Generator) -> list[Member]:
    """Return folders of 20 seeds whose true median lies on the edge of the band, so that each seed
    is below it with a probability of 1/2."""
    return [counted(CLAIM, root, [int(rng.binomial(20, 0.5))]) for root in range(FOLDERS)]


def copied(rng: np.random.Generator) -> list[Member]:
    """Return such folders, of which those that speak against the claim were measured again on three
    machines more."""
    found = []
    for member in folders(rng):
        below = member.rows[0].below
        again = range(3 if below[0] > 10 else 0)
        copies = [counted(CLAIM, member.root_seed, below, cpu=f"{cpu}") for cpu in again]
        found += [member, *copies]
    return found


def machines(rng: np.random.Generator) -> list[Member]:
    """Return folders of a machine each, each of which stopped at the moment, in 600 seeds, that
    looks worst for the claim. No rule for stopping is as bad: it knows the future."""
    found = []
    for root in range(FOLDERS):
        blocks = rng.binomial(20, 0.5, size=30)
        looks = [
            log_money_of_counts(int(below), 20 * (k + 1), 0.5)
            for k, below in enumerate(np.cumsum(blocks))
        ]
        worst = blocks[: int(np.argmax(looks)) + 1].tolist()
        found.append(counted(CLAIM, root, worst, cpu=str(root)))
    return found


Draw = Callable[[np.random.Generator], list[Member]]


def false_verdicts(draw: Draw, field: str, ruling: str) -> int:
    """Return in how many of the pools somebody who looks after each folder ever sees a verdict."""
    rng = np.random.default_rng(0)
    count = 0
    for _ in range(POOLS):
        members = draw(rng)
        given = (together(*members[: k + 1]) for k in range(len(members)))
        looks = (judge_pool(known, [CLAIM], LEVEL)[0] for known in given)
        count += any(getattr(look, field) == ruling for look in looks)
    return count


# On the edge the claim holds, and so does its opposite: both verdicts are false.
CASES = {
    "supported": (folders, "on_average", SUPPORTED),
    "refuted": (folders, "on_average", REFUTED),
    "refuted with copies": (copied, "on_average", REFUTED),
    "refuted somewhere": (machines, "everywhere", REFUTED),
}


@simulated
@pytest.mark.parametrize("case", CASES)
def test_whoever_stops_at_the_worst_moment_is_wrong_as_rarely_as_promised(case: str) -> None:
    assert false_verdicts(*CASES[case]) <= MOST


# --- the simulation sees mistakes ----------------------------------------------------------------


@simulated
def test_the_simulation_sees_seeds_that_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "once", lambda claim, copies: joined(copies))
    assert false_verdicts(*CASES["refuted with copies"]) > MOST


@simulated
def test_the_simulation_sees_products_that_are_no_e_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reciprocals of p-values, which are more than 1 on average."""

    def reciprocal(claim: object, seeds: Tally) -> Array:
        p = float(binom.sf(seeds.below - 1, seeds.n, 0.5))
        return np.repeat([[0.0], [0.0], [-math.log(p)], [0.0]], len(STAKES), axis=1)

    monkeypatch.setattr(judging, "bets", reciprocal)
    assert false_verdicts(*CASES["refuted"]) > MOST


@simulated
def test_the_simulation_sees_environments_that_share_no_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(apart: Sequence[EValues], level: float) -> str:
        return REFUTED if any(one.ruling(level) == REFUTED for one in apart) else UNDECIDED

    monkeypatch.setattr(judging, "everywhere", careless)
    assert false_verdicts(*CASES["refuted somewhere"]) > MOST


# --- the two questions ---------------------------------------------------------------------------


def test_one_machine_that_fails_does_not_hold_everywhere() -> None:
    good = [counted(CLAIM, root, [0] * 5, cpu="good") for root in range(3)]
    bad = counted(CLAIM, 9, [20] * 3, cpu="bad")
    found = judge_pool(together(*good, bad), [CLAIM])[0]
    assert (found.on_average, found.everywhere) == (SUPPORTED, REFUTED)
    assert found.contradicts
    assert found.heterogeneous
    assert (found.roots, found.folders, found.environments) == (4, 4, 2)
    alone = judge_pool(together(*good), [CLAIM])[0]
    assert (alone.on_average, alone.everywhere) == (SUPPORTED, SUPPORTED)
    assert not alone.contradicts
    assert alone.differs is None


def test_what_few_seeds_of_a_machine_say_is_not_everywhere() -> None:
    good = [counted(CLAIM, root, [0] * 5, cpu="good") for root in range(3)]
    few = counted(CLAIM, 9, [0], n=7, cpu="few")
    found = judge_pool(together(*good, few), [CLAIM])[0]
    assert (found.on_average, found.everywhere) == (SUPPORTED, UNDECIDED)


def test_more_environments_need_more_to_refute_everywhere() -> None:
    just = EValues(below=math.log(40_000.1))
    assert everywhere([]) == UNDECIDED
    assert everywhere([just]) == UNDECIDED  # K (K + 1) is 2
    enough = EValues(below=math.log(40_000.1 * 6))
    assert everywhere([enough, EValues()]) == REFUTED
    assert everywhere([enough, EValues(), EValues()]) == UNDECIDED


def test_folders_that_decide_nothing_decide_together() -> None:
    each = [counted(CLAIM, root, [2], n=20) for root in range(6)]
    assert {judge_pool(together(one), [CLAIM])[0].on_average for one in each} == {UNDECIDED}
    found = judge_pool(together(*each), [CLAIM])[0]
    assert found.on_average == SUPPORTED
    assert (found.n, found.below) == (120, 12)


def test_an_exact_claim_that_fails_anywhere_is_refuted() -> None:
    exact = replace(NARROW, kind="exact", centre="every", text_hash="exact")
    good = [counted(exact, root, [0], n=1, cpu=str(root)) for root in range(4)]
    bad = counted(exact, 0, [1], n=1, cpu="bad")
    assert judge_pool(together(*good), [exact])[0].everywhere == SUPPORTED
    found = judge_pool(together(*good, bad), [exact])[0]
    assert (found.on_average, found.everywhere) == (REFUTED, REFUTED)


def test_seeds_that_two_machines_have_count_once() -> None:
    one, two = (counted(CLAIM, 0, [6, 2], cpu=cpu) for cpu in ("a", "b"))
    alone = judge_pool(together(one), [CLAIM])[0]
    both = judge_pool(together(one, two), [CLAIM])[0]
    assert (both.n, both.below, both.support) == (alone.n, alone.below, alone.support)
    other_root = counted(CLAIM, 1, [6, 2], cpu="b")
    assert judge_pool(together(one, other_root), [CLAIM])[0].support > 1.5 * alone.support


def test_a_mean_keeps_its_numbers() -> None:
    mean = replace(CLAIM, centre="mean", bounds=(0.0, 1.0), band=Band(0.4, 0.6), text_hash="m")
    rng = np.random.default_rng(0)
    members = []
    for root in range(3):
        blocks = [tally(mean, rng.uniform(0.45, 0.55, 20)) for _ in range(2)]
        row = Row(
            claim=mean.id, text="m", n=(20, 20), values=tuple(block.values for block in blocks)
        )
        assert [block for _, block in row.blocks] == [
            replace(block, below=0, above=0) for block in blocks
        ]
        members.append(of_rows(root, [row], {"cpu": "a"}))
    found = judge_pool(together(*members), [mean])[0]
    assert found.on_average == SUPPORTED
    assert bets(mean, Tally(20, values=tuple([0.5] * 20))).shape[0] == 4


def test_environments_are_told_by_what_differs() -> None:
    places = [
        {"cpu": "x", "torch": "1", "suite": "0"},
        {"cpu": "y", "torch": "1", "suite": "0"},
        {"cpu": "x", "torch": "2", "suite": "0"},
    ]
    row = Row(claim=CLAIM.id, text=CLAIM.text_hash, n=(20,))
    members = together(*(of_rows(root, [row], place) for root, place in enumerate(places)))
    found = environments(members)
    assert found.common == {"suite": "0"}
    assert found.letters == {
        "A": {"cpu": "x", "torch": "1"},
        "B": {"cpu": "x", "torch": "2"},
        "C": {"cpu": "y", "torch": "1"},
    }
    assert sorted(map(found.letter, members.values())) == ["A", "B", "C"]
