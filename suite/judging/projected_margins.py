"""How clearly each claim would be decided: the margins of a stored run, scaled to a plan's seeds.

A margin is the distance from the estimate to the nearest edge of the band in standard errors. It
grows as the square root of the number of seeds, which also says how many seeds would decide a claim
if the estimate stayed where it is. A verdict with a margin near the threshold is fragile: another
root seed may leave it undecided.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from suite.claims import shipped
from suite.claims.claim import Claim, Selector
from suite.judging.intervals import Z, seeds_needed
from suite.judging.verdicts import read_verdicts
from suite.planning.axes import AXES
from suite.planning.grids import Plan
from suite.types import Cell

EDGE = 1e-6
"""A smaller margin is on the edge of the band: it would take more than 10^12 seeds to decide."""


@dataclass(frozen=True)
class Margin:
    """A verdict to come: ``margin`` in standard errors at ``seeds``, computed from ``stored``
    seeds.

    ``needed``: the seeds that would decide it; None where no number would because the estimate is
    on the edge of the band, and where it is unknown because the interval is infinite. ``least``:
    the fewest seeds that decide any claim of its kind.
    """

    claim: str
    group: str
    verdict: str
    margin: float
    stored: int
    seeds: int
    needed: int | None
    least: int


def margins(plan: Plan, folder: Path) -> list[Margin]:
    """Return the margins of a plan's claims, the smallest first, from the verdicts of a stored run.

    Exact claims, claims whose text has changed since and those on other studies are left out.
    Raise UserError where the folder has no verdicts or they cannot be read.
    """
    counts = {name: _seeds(plan, name) for name in plan.stacks}
    claims = {claim.id: claim for claim in shipped() if claim.study in counts}
    projected = []
    for verdict in read_verdicts(folder, required=("margin",)):
        claim = claims.get(verdict.claim)
        unchanged = claim is not None and claim.text_hash == verdict.text_hash
        if claim is None or not unchanged or math.isnan(verdict.margin):
            continue
        seeds = _fewest_seeds(claim, counts[claim.study])
        least = seeds_needed() if claim.centre == "median" else 1
        projected.append(
            Margin(
                claim.id,
                verdict.group,
                verdict.verdict,
                # Without seeds nothing is known, even where the stored margin is infinite.
                verdict.margin * math.sqrt(seeds / verdict.n) if seeds else 0.0,
                verdict.n,
                seeds,
                _needed(verdict.margin, verdict.n, least),
                least,
            )
        )
    return sorted(projected, key=lambda margin: margin.margin)


def _needed(margin: float, stored: int, least: int) -> int | None:
    """Return the fewest seeds, at least ``least``, at which a margin of ``stored`` seeds is Z."""
    if margin < EDGE:
        return None
    return max(least, math.ceil(stored * (Z / margin) ** 2))


def _seeds(plan: Plan, study: str) -> dict[Cell, int]:
    """Return cell -> its number of seeds in the plan."""
    counts: dict[Cell, int] = {}
    for stack in plan.stacks[study]:
        for member in stack.members:
            counts[member.cell] = counts.get(member.cell, 0) + 1
    return counts


def _fewest_seeds(claim: Claim, counts: Mapping[Cell, int]) -> int:
    """Return the fewest seeds of a cell that the claim selects; 0 where the plan has none."""
    sides = [side for side in (claim.of, claim.versus) if side is not None]
    seeds = [[n for cell, n in counts.items() if _selected(claim, side, cell)] for side in sides]
    return min((min(of_side, default=0) for of_side in seeds), default=0)


def _selected(claim: Claim, selector: Selector, cell: Cell) -> bool:
    for axis, value in cell.values:
        if axis in selector:
            if value not in selector[axis]:
                return False
        elif axis not in claim.each and value != AXES[axis].default:
            return False
    return True
