"""What a profile promises is decided on a root seed that nobody has looked at."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suite import claims
from suite.claims.band import Band
from suite.judging import fresh_roots, intervals
from suite.judging.band_to_verdict import margin
from suite.judging.fresh_roots import WANTED, chance_undecided, family, weakest
from suite.judging.projected_margins import Projection, project
from suite.judging.promises import fragile, promised
from suite.judging.verdicts import read_verdicts
from suite.planning import grids
from suite.studies import HEADLINE, STUDIES
from tests.support import ROOT
from tests.support.verdicts import SUPPORTED

REFERENCE = ROOT / "results" / "reference"
PROFILES = {"quick": HEADLINE, "standard": STUDIES.names}


def projected(profile: str) -> Projection:
    """Return the projection of a whole profile from its committed reference."""
    plan = grids.plan(
        [STUDIES[name] for name in PROFILES[profile]],
        grids.Selection(profile, ("torch", "tensorflow")),
    )
    return project(plan, REFERENCE / profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_profile_promises_is_decided_on_any_root_seed(profile: str) -> None:
    """A promise that is too weak fails here: print the list again, as fragile.toml says."""
    found = projected(profile)
    weak = [m for m in found.margins if m.promised and m.undecided > (1 - WANTED) / 10]
    assert found.family.promised >= {"quick": 25, "standard": 500}[profile]
    assert found.family.least >= WANTED, [(m.claim, m.group) for m in weak]


def test_a_weak_promise_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = {"residual-scaled-bounded-64", "fw-rmsprop-long", "ln-breaks-healthy-start"}
    assert weak <= set(fragile())  # undecided on root seed 4711
    without = {claim: groups for claim, groups in fragile().items() if claim not in weak}
    monkeypatch.setattr("suite.judging.promises.fragile", lambda: without)
    assert projected("standard").family.least < WANTED


def test_the_list_names_verdicts_of_the_reference_and_shipped_claims() -> None:
    """An entry that names nothing would hide that its verdict is promised again."""
    stored = {(v.claim, v.group) for v in read_verdicts(REFERENCE / "standard")}
    listed = {(claim, group) for claim, groups in fragile().items() for group in groups}
    assert listed <= stored
    assert {claim for claim, _ in listed} <= {claim.id for claim in claims.shipped()}


def test_a_fragile_verdict_is_promised_by_no_profile() -> None:
    by_id = {claim.id: claim for claim in claims.shipped()}
    claim = by_id["residual-scaled-bounded-64"]
    for profile in ("quick", "standard", "full", None):
        assert not promised(claim, "framework=torch", profile)
    assert promised(claim, "framework=another", "full")


# --- the chance --------------------------------------------------------------------------------


def test_the_chance_is_that_of_the_posterior_drawn_at_random() -> None:
    """The slow twin: draw the true distance of the edge, then the seeds beyond it."""
    random = np.random.default_rng(13)
    for stored, seeds, standard_errors in ((20, 20, 7.0), (20, 40, 5.0), (100, 100, 5.5)):
        rank = intervals.ranks(stored)[0]
        places = np.sort(random.standard_normal((40_000, stored)))[:, stored - rank].mean()
        distance = standard_errors / intervals.Z * places
        count = 400_000
        scale = np.sqrt(random.chisquare(stored - 1, count) / (stored - 1))
        true = distance * scale + random.standard_normal(count) / math.sqrt(stored)
        beyond = random.binomial(seeds, np.vectorize(_upper_tail)(true))
        frequency = float(np.mean(beyond >= intervals.ranks(seeds)[0]))
        chance = fresh_roots._of_edge(standard_errors, stored, seeds)
        assert chance == pytest.approx(frequency, rel=0.05)


def _upper_tail(x: float) -> float:
    return math.erfc(x / math.sqrt(2)) / 2


@pytest.mark.parametrize("stored", [20, 60])
def test_the_chances_of_many_runs_add_up_to_what_happens_on_fresh_seeds(stored: int) -> None:
    """Edges at all distances; those that the stored run decided, as a promise needs."""
    random = np.random.default_rng(stored)
    expected = happened = 0.0
    for edge in np.linspace(0.2, 3.5, 1500):
        first, second = (intervals.median(random.standard_normal(stored)) for _ in range(2))
        band = Band(-math.inf, float(edge))
        if band.contains(first.high):
            expected += fresh_roots._of_edge(margin(band, first), stored, stored)
            happened += second.low <= edge < second.high
    assert happened > 30
    assert expected == pytest.approx(happened, rel=0.3)


def test_a_share_that_never_failed_may_fail() -> None:
    """20 of 20 say little about 20 more, and 60 of 60 much."""
    share = replace(
        SUPPORTED, centre="share", estimand="share", estimate=1.0, n=20, band=Band(0.5, math.inf)
    )
    few = chance_undecided(share, 20)
    assert 0.05 < few < 0.2
    assert chance_undecided(replace(share, n=60), 60) < 1e-5
    assert few > chance_undecided(replace(share, n=200), 20)


def test_what_no_sampling_moves_is_certain_and_what_has_no_seeds_is_not() -> None:
    assert chance_undecided(replace(SUPPORTED, centre="every", level=math.nan), 20) == 0.0
    same = replace(SUPPORTED, centre="median", estimate=1.0, low=1.0, high=1.0, n=20)
    assert chance_undecided(same, 20) == 0.0
    assert chance_undecided(same, 0) == 1.0
    wide = replace(same, low=0.5, high=1.5, band=Band(0.0, 2.0))
    assert chance_undecided(wide, 10) == 1.0  # a median of 10 has no interval at this level
    one = replace(wide, band=Band(0.0, math.inf))
    assert chance_undecided(wide, 20) == pytest.approx(2 * chance_undecided(one, 20))


def test_a_family_adds_and_multiplies_and_drops_its_weakest() -> None:
    found = family([0.1, 0.2, 0.0])
    assert found.promised == 3
    assert found.undecided == pytest.approx(0.3)
    assert found.least == pytest.approx(0.7)
    assert found.all_decided == pytest.approx(0.72)
    chances = [("a", "", 0.003), ("b", "x=1", 0.5), ("b", "x=2", 0.001), ("c", "", 0.004)]
    assert weakest(chances) == {"c": [""], "b": ["x=1"]}


def test_the_list_is_what_the_program_prints(tmp_path: Path) -> None:
    folders = [REFERENCE / name for name in PROFILES]
    text = (ROOT / "suite" / "judging" / "fragile.toml").read_text(encoding="utf-8")
    assert fresh_roots.main(folders) == text
