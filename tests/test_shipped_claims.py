"""Every shipped claim speaks of cells that its profile runs."""

from __future__ import annotations

import functools
import itertools

import pandas as pd
import pytest

from suite import claims, grids
from suite.claims import Claim
from suite.judge import judge
from suite.studies import STUDIES
from suite.types import PROFILES


@functools.cache
def planned(study: str, profile: str) -> pd.DataFrame:
    """One row for each cell of a profile, every metric 0, unsupported where the study says so."""
    item = STUDIES[study]
    rows = []
    for cell in grids.cells(item, grids.Selection(profile, ("torch", "tensorflow"))):
        reason = item.unsupported(cell) or ""
        status = "unsupported" if reason else "ok"
        rows.append({**dict(cell.values), "seed": 0, "status": status, "reason": reason})
    metrics = next(spec.metrics for spec in item.tables if spec.name == "runs")
    return pd.DataFrame(rows).assign(**dict.fromkeys(metrics, 0.0))


@pytest.mark.parametrize("claim", claims.shipped(), ids=lambda claim: claim.id)
def test_a_shipped_claim_is_judged_in_the_profile_that_decides_it(claim: Claim) -> None:
    """A claim about cells that no profile runs would stay ``not judged`` for ever."""
    frame = planned(claim.study, claim.decides)
    found = judge([claim], {claim.study: frame}, claim.decides)
    assert [one.reason for one in found if one.verdict == "not judged"] == []
    wanted = [claim.of[axis] for axis in claim.each if axis in claim.of]
    groups = {one.group for one in found}
    for values in itertools.product(*wanted):
        assert any(all(f"={v}" in group for v in values) for group in groups), values


@pytest.mark.parametrize("profile", PROFILES[:2])
def test_each_profile_keeps_the_claims_of_the_smaller_ones(profile: str) -> None:
    larger = PROFILES[PROFILES.index(profile) + 1]
    kept = [claim for claim in claims.shipped() if claim.decides == profile]
    for claim in kept:
        found = judge([claim], {claim.study: planned(claim.study, larger)}, larger)
        assert all(one.verdict != "not judged" for one in found), claim.id
