"""How clearly each claim would be decided: the margins of a stored run, scaled to a plan's seeds.

A margin is the distance from the estimate to the nearest edge of the band in standard errors. It
grows as the square root of the number of seeds, which also says how many seeds would decide a claim
if the estimate stayed where it is. A verdict with a margin near the threshold is fragile: another
root seed may leave it undecided, with a chance that ``fresh_roots`` computes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from suite import claims
from suite.claims.claim import Claim
from suite.judging.expected_runs import stored_plan
from suite.judging.fresh_roots import Family, chance_undecided, family
from suite.judging.intervals import Z, seeds_needed
from suite.judging.judge_folder import judge_run
from suite.judging.planned_cells import selected, sides_of
from suite.judging.promises import promised
from suite.judging.verdicts import Verdict, group_fields, read_verdicts
from suite.planning.grids import Plan
from suite.plugins import brought_claims
from suite.results.folder import Results
from suite.types import Cell

EDGE = 1e-6
"""A smaller margin is on the edge of the band: it would take more than 10^12 seeds to decide."""


@dataclass(frozen=True)
class Margin:
    """A verdict to come: ``margin`` in standard errors at ``seeds``, computed from ``stored``
    seeds.

    ``needed``: the seeds that would decide it; None where no number would because the estimate is
    on the edge of the band, and where it is unknown because the interval is infinite. ``least``:
    the fewest seeds that decide any claim of its kind. ``undecided``: the chance that it is
    undecided on a fresh root seed. ``promised``: whether the plan promises to decide it.
    """

    claim: str
    group: str
    verdict: str
    margin: float
    stored: int
    seeds: int
    needed: int | None
    least: int
    undecided: float
    promised: bool


@dataclass(frozen=True)
class Projection:
    """The margins of a plan's claims, the smallest first, and the claims that have none."""

    margins: Sequence[Margin]
    left_out: Mapping[str, int]
    """Reason -> the number of claims on the plan's studies that have no margin for it."""

    @property
    def family(self) -> Family:
        """All promised verdicts of the plan together."""
        return family(margin.undecided for margin in self.margins if margin.promised)


def project(plan: Plan, folder: Path, files: Sequence[Path] = ()) -> Projection:
    """Return the margins of a plan's claims, from the verdicts of a stored run.

    ``files``: project the claims of these files, judged now on the stored runs, instead of the
    shipped ones. A claim without a margin is counted with its reason. Raise UserError where the
    folder has no verdicts or they cannot be read, and for a claim that is not well stated.
    """
    asked = claims.read(files) if files else (*claims.shipped(), *brought_claims())
    by_id = {claim.id: claim for claim in asked if claim.study in plan.stacks}
    counts = {name: _seeds(plan, name) for name in plan.stacks}
    chosen = plan.selection.seeds is not None or plan.selection.overrides
    profile = None if chosen else plan.selection.profile
    projected: dict[str, list[Margin]] = {name: [] for name in by_id}
    reasons = dict.fromkeys(by_id, "not judged there")
    for verdict in _verdicts(folder, files):
        claim = by_id.get(verdict.claim)
        if claim is None:
            continue
        if claim.text_hash != verdict.text_hash:
            reasons[claim.id] = "judged there with another text"
        elif verdict.reason.endswith("was not run"):
            reasons[claim.id] = f"not judged there ({verdict.reason})"
        elif claim.centre == "every":
            reasons[claim.id] = "about every single seed, without a margin"
        elif not math.isnan(verdict.margin):
            seeds = _fewest_seeds(claim, verdict.group, counts[claim.study])
            kept = promised(claim, verdict.group, profile)
            projected[claim.id].append(_margin(claim, verdict, seeds, kept))
    left_out = Counter(reasons[name] for name, found in projected.items() if not found)
    if others := len(asked) - len(by_id):
        left_out["about other studies"] = others
    every = [margin for found in projected.values() for margin in found]
    return Projection(sorted(every, key=lambda margin: margin.margin), left_out)


def _verdicts(folder: Path, files: Sequence[Path]) -> Sequence[Verdict]:
    """Return the verdicts that a folder stores; those on the claims of the files are made now."""
    if not files:
        return read_verdicts(folder, required=("margin",))
    results = Results(folder)
    return judge_run(results, stored_plan(results.manifest()), files).verdicts


def _margin(claim: Claim, verdict: Verdict, seeds: int, promised: bool) -> Margin:
    """Return the margin of a verdict that has one, scaled to ``seeds``."""
    least = seeds_needed() if claim.centre == "median" else 1
    return Margin(
        claim.id,
        verdict.group,
        verdict.verdict,
        # Without seeds nothing is known, even where the stored margin is infinite.
        verdict.margin * math.sqrt(seeds / verdict.n) if seeds else 0.0,
        verdict.n,
        seeds,
        _needed(verdict.margin, verdict.n, least),
        least,
        chance_undecided(verdict, seeds),
        promised,
    )


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


def _fewest_seeds(claim: Claim, group: str, counts: Mapping[Cell, int]) -> int:
    """Return the fewest seeds of a cell that the claim selects in a group; 0 where the plan has
    none."""
    fields = group_fields(group)
    seeds = [
        [n for cell, n in counts.items() if selected(claim, side, fields, cell)]
        for side in sides_of(claim)
    ]
    return min((min(of_side, default=0) for of_side in seeds), default=0)
