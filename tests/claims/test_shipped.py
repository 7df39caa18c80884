"""Every shipped claim is about cells that its profile runs, with the seeds that it needs."""

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


def frameworks(claim: Claim) -> tuple[str, ...]:
    """Return those of the default and, of a claim about others, these as well."""
    named = [name for side in (claim.of, claim.versus or {}) for name in side.get("framework", ())]
    return tuple(map(str, dict.fromkeys([*FRAMEWORKS, *named])))


@functools.cache
def cells(study: str, profile: str, names: tuple[str, ...] = FRAMEWORKS) -> dict[Cell, int]:
    return grids.cells(STUDIES[study], grids.Selection(profile, names))


@functools.cache
def planned(study: str, profile: str, names: tuple[str, ...] = FRAMEWORKS) -> pd.DataFrame:
    """Return a row for each cell of a profile: every metric is 0, or the cell is unsupported."""
    item = STUDIES[study]
    rows = []
    for cell in cells(study, profile, names):
        reason = item.unsupported(cell) or ""
        status = "unsupported" if reason else "ok"
        rows.append({**dict(cell.values), "seed": 0, "status": status, "reason": reason})
    metrics = next(spec.metrics for spec in item.tables if spec.name == "runs")
    return pd.DataFrame(rows).assign(**dict.fromkeys(metrics, 0.0))


def selected(claim: Claim, selector: Selector, profile: str) -> list[Cell]:
    """Return the cells of one side; on an axis that ``each`` leaves open, those of every value."""
    open_axes = {
        axis: {c[axis] for c in cells(claim.study, profile, frameworks(claim))}
        for axis in claim.each
    }
    axes: dict[str, tuple[Value, ...]] = {axis: tuple(values) for axis, values in open_axes.items()}
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
    """A claim about cells that no profile runs would never be judged."""
    if PROFILES.index(profile) >= PROFILES.index(claim.decides):
        verdicts = judge(
            [claim], {claim.study: planned(claim.study, profile, frameworks(claim))}, profile
        )
        assert [verdict.reason for verdict in verdicts if verdict.verdict == "not judged"] == []


@pytest.mark.parametrize("claim", SHIPPED, ids=lambda claim: claim.id)
def test_a_claim_has_the_seeds_that_its_profile_decides_it_with(claim: Claim) -> None:
    """A whole block has 20 seeds, and a median needs 16. An exact claim needs no second seed."""
    assert seeds_needed() <= BLOCK
    if claim.kind == "exact":
        return
    seeds = cells(claim.study, claim.decides, frameworks(claim))
    for selector in (claim.of, claim.versus or {}):
        if selector:
            least = min(seeds.get(cell, 0) for cell in selected(claim, selector, claim.decides))
            assert least >= BLOCK


def test_the_family_fits_the_level() -> None:
    """The level shares an error rate of 5 % among 1,000 verdicts, at least as many as the largest
    run has. An exact claim is not about a sample and cannot be wrong by chance."""
    frames = {study.name: planned(study.name, "full") for study in STUDIES}
    default = [claim for claim in SHIPPED if frameworks(claim) == FRAMEWORKS]
    verdicts = judge(default, frames, "full")
    assert all(verdict.verdict != "not judged" for verdict in verdicts)
    sampled = {claim.id for claim in SHIPPED if claim.kind == "sampled"}
    assert sum(verdict.claim in sampled for verdict in verdicts) <= 1000
