"""Results folders of the fake study on pretended machines, and members made of counts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from suite.claims.claim import Claim
from suite.commands.run import pipeline
from suite.measuring import environment, measure_stack
from suite.planning import grids
from suite.pooling.member import SCHEMA, Member, Row, name
from suite.pooling.pool import Members
from suite.studies import STUDIES
from tests.support import fake_study
from tests.support.fake_claims import NARROW, NEVER, WIDE

FAMILY = tuple(
    replace(claim, text_hash=f"{position:012}")
    for position, claim in enumerate((WIDE, NARROW, NEVER))
)


def measured(
    patch: pytest.MonkeyPatch, out: Path, root: int = 0, seeds: int = 40, cpu: str = "a processor"
) -> Path:
    """Measure the fake study on a root seed, as if on some processor, and return the folder."""
    patch.setattr(environment, "processor", lambda: cpu)
    patch.setattr(measure_stack, "processor", lambda: cpu)
    fixed = fake_study.plan(patch, (1, 2, 3), seeds)
    plan = grids.plan([STUDIES["fake"]], replace(fixed.selection, root=root))
    assert pipeline.run(plan, ["suite", "run", "fake"], out, 1, draw=False) in (0, 4)
    return out


def counted(
    claim: Claim,
    root: int,
    outside: Sequence[int],
    n: int = 20,
    cpu: str = "a processor",
    print: str = "",
) -> Member:
    """Return a member with as many seeds below the band in each block of n as ``outside`` says."""
    row = Row(
        claim=claim.id,
        text=claim.text_hash,
        n=(n,) * len(outside),
        below=tuple(outside),
        print=print,
    )
    return of_rows(root, [row], {"cpu": cpu})


def of_rows(root: int, rows: Sequence[Row], place: Mapping[str, str]) -> Member:
    """Return a member with these rows."""
    return Member(
        schema=SCHEMA,
        root_seed=root,
        profile="quick",
        added=False,
        environment=place,
        tree_hash="code",
        plans={"fake": "plan"},
        sums="",
        rows=tuple(rows),
    )


def together(*members: Member) -> Members:
    """Return members under the names of their files."""
    return dict(sorted((name(member), member) for member in members))
