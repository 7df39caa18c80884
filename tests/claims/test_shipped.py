"""Every shipped claim speaks of cells that its profile runs, with the seeds that it needs."""

from __future__ import annotations

import functools
import itertools

import pandas as pd
import pytest

from suite import claims
from suite.claims.claim import Claim, Selector
from suite.judging.intervals import seeds_needed
from suite.judging.judge_claims import judge
from suite.planning import grids
from suite.planning.axes import make_cell
from suite.studies import STUDIES
from suite.types import BLOCK, PROFILES, Cell, Value

FRAMEWORKS = ("torch", "tensorflow")
SHIPPED = claims.shipped()


@functools.cache
def cells(study: str, profile: str) -> dict[Cell, int]:
    return grids.cells(STUDIES[study], grids.Selection(profile, FRAMEWORKS))


@functools.cache
def planned(study: str, profile: str) -> pd.DataFrame:
    """One row for each cell of a profile, every metric 0, unsupported where the study says so."""
    item = STUDIES[study]
    rows = []
    for cell in cells(study, profile):
        reason = item.unsupported(cell) or ""
        status = "unsupported" if reason else "ok"
        rows.append({**dict(cell.values), "seed": 0, "status": status, "reason": reason})
    metrics = next(spec.metrics for spec in item.tables if spec.name == "runs")
    return pd.DataFrame(rows).assign(**dict.fromkeys(metrics, 0.0))


def selected(claim: Claim, selector: Selector, profile: str) -> list[Cell]:
    """The cells of one side: on an open axis of ``each``, those of each value that is there."""
    left = {axis: {c[axis] for c in cells(claim.study, profile)} for axis in claim.each}
    axes: dict[str, tuple[Value, ...]] = {axis: tuple(there) for axis, there in left.items()}
    axes |= {axis: values for axis, values in claim.of.items() if axis in claim.each}
    axes |= selector
    study = STUDIES[claim.study]
    return [
        make_cell(study, dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    ]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("claim", SHIPPED, ids=lambda claim: claim.id)
def test_a_shipped_claim_is_judged_from_the_profile_on_that_decides_it(
    claim: Claim, profile: str
) -> None:
    """A claim about cells that no profile runs would stay ``not judged`` for ever."""
    if PROFILES.index(profile) >= PROFILES.index(claim.decides):
        found = judge([claim], {claim.study: planned(claim.study, profile)}, profile)
        assert [one.reason for one in found if one.verdict == "not judged"] == []


@pytest.mark.parametrize("claim", SHIPPED, ids=lambda claim: claim.id)
def test_a_claim_has_the_seeds_that_its_profile_decides_it_with(claim: Claim) -> None:
    """A whole block: 20, of which a median needs 16. What is exact needs no second seed."""
    assert seeds_needed() <= BLOCK
    if claim.kind == "exact":
        return
    held = cells(claim.study, claim.decides)
    for selector in (claim.of, claim.versus or {}):
        if selector:
            least = min(held.get(cell, 0) for cell in selected(claim, selector, claim.decides))
            assert least >= BLOCK


def test_the_family_fits_the_level() -> None:
    """The level shares 5 % among 1,000 verdicts: those of all claims on the largest run. An exact
    claim is no sample and cannot be wrong by chance."""
    frames = {study.name: planned(study.name, "full") for study in STUDIES}
    found = judge(SHIPPED, frames, "full")
    assert all(one.verdict != "not judged" for one in found)
    sampled = {claim.id for claim in SHIPPED if claim.kind == "sampled"}
    assert sum(one.claim in sampled for one in found) <= 1000
