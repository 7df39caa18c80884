"""How many seeds a run until decided would take: the verdicts of a stored run, at every look.

Each verdict's chance to be undecided after n fresh seeds (``fresh_roots``) says how likely it is
that the look at n is not its last. A program goes on as long as one of the verdicts about it is
undecided; they are taken to be independent, which over- rather than underestimates the seeds, since
verdicts that share draws tend to be decided together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from suite import claims
from suite.judging.fresh_roots import chance_undecided
from suite.judging.intervals import draws_needed
from suite.judging.more_seeds import Needs, more_blocks, needs
from suite.judging.promises import promised
from suite.judging.rules import EVERY_LOOK, Rule, rule_of
from suite.judging.verdicts import NOT_JUDGED, SUPPORTED, Verdict, read_verdicts
from suite.planning import grids
from suite.planning.grids import Plan, Program
from suite.plugins import brought_claims
from suite.results.folder import Results
from suite.studies import STUDIES

LIKELY = 0.9
NEGLIGIBLE = 1e-4
"""A smaller chance that a verdict is still undecided ends its looks."""


@dataclass(frozen=True)
class Projected:
    """A promised verdict of a run until decided.

    ``expected``: its seeds on average at the look that decides it; ``likely``: those that are
    enough with a probability of 90 %, None where the most that there may be are not; ``undecided``:
    the chance that they are not enough.
    """

    claim: str
    group: str
    verdict: str
    stored: int
    expected: float
    likely: int | None
    undecided: float


@dataclass(frozen=True)
class Total:
    """What a plan takes: runs, and seconds on one core."""

    runs: float
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """The promised verdicts, those that need most seeds first; what the run would take on average,
    what its first look takes, and what the profile takes with its own seeds."""

    verdicts: Sequence[Projected]
    expected: Total
    first: Total
    fixed: Total


@dataclass(frozen=True)
class _Awaited:
    """A promised verdict, and its chances to be undecided at the looks so far."""

    verdict: Verdict
    rate: float | None
    needs: Needs
    looks: list[tuple[int, float]]
    """Seeds at a look, and the chance that it is undecided there."""


def forecast(plan: Plan, folder: Path) -> Forecast:
    """Return what a plan until decided would take, from the verdicts of a stored run.

    Raise UserError where the folder has no verdicts or they cannot be read, and ValueError for a
    plan with fixed seeds.
    """
    until, profile = plan.selection.until, plan.selection.profile
    if until is None:
        raise ValueError("the seeds of this plan are fixed")
    rule = rule_of(Results(folder).manifest())
    by_id = {claim.id: claim for claim in (*claims.shipped(), *brought_claims())}
    programs = {name: grids.programs(STUDIES[name], plan.selection) for name in plan.stacks}
    awaited: dict[str, list[_Awaited]] = {name: [] for name in plan.stacks}
    for verdict in read_verdicts(folder, required=("margin",)):
        claim = by_id.get(verdict.claim)
        if claim is None or claim.study not in plan.stacks or verdict.verdict == NOT_JUDGED:
            continue
        if claim.text_hash == verdict.text_hash and promised(claim, verdict.group, profile):
            found = needs(claim, verdict.group, programs[claim.study])
            if found.programs:
                awaited[claim.study].append(_Awaited(verdict, claim.rate, found, []))
    runs, seconds = 0.0, 0.0
    for name, chosen in programs.items():
        chances = _followed(chosen, awaited[name], rule)
        of_runs, of_seconds = _weighed(name, chosen, chances)
        runs, seconds = runs + of_runs, seconds + of_seconds
    fixed = grids.plan([STUDIES[name] for name in plan.stacks], _fixed(plan))
    every = [one for of_study in awaited.values() for one in of_study]
    verdicts = sorted(map(_projected, every), key=lambda one: -one.expected)
    return Forecast(verdicts, Total(runs, seconds), _total(plan), _total(fixed))


def _fixed(plan: Plan) -> grids.Selection:
    selection = plan.selection
    return grids.Selection(selection.profile, selection.frameworks, root=selection.root)


def _total(plan: Plan) -> Total:
    counts = [plan.count(name) for name in plan.stacks]
    return Total(sum(c["runs"] for c in counts), sum(c["seconds"] for c in counts))


def _followed(
    programs: Sequence[Program], awaited: Sequence[_Awaited], rule: Rule
) -> list[list[float]]:
    """Return for each program the chance that each of its blocks is measured, and note in each
    verdict its chances at the looks."""
    blocks = [1] * len(programs)
    chances = [[1.0] for _ in programs]
    open_ = list(awaited)
    while open_:
        for one in open_:
            seeds = one.needs.seeds(programs, blocks)
            if not one.looks or one.looks[-1][0] != seeds:
                one.looks.append((seeds, _chance(one, seeds, rule)))
        open_ = [one for one in open_ if one.looks[-1][1] > NEGLIGIBLE]
        further = more_blocks(programs, blocks, [one.needs for one in open_])
        for position, (now, wanted) in enumerate(zip(blocks, further, strict=True)):
            decided = math.prod(
                1 - one.looks[-1][1] for one in open_ if position in one.needs.programs
            )
            chances[position] += [min(chances[position][-1], 1 - decided)] * (wanted - now)
        if further == blocks:
            break
        blocks = further
    return chances


def _chance(one: _Awaited, seeds: int, stored_by: Rule) -> float:
    """Return the chance that a verdict is undecided after so many seeds. Support of a worst takes a
    known number of draws."""
    if one.rate is not None and one.verdict.verdict == SUPPORTED:
        return float(seeds < draws_needed(one.rate))
    return chance_undecided(one.verdict, seeds, stored_by, EVERY_LOOK)


def _weighed(
    study: str, programs: Sequence[Program], chances: Sequence[Sequence[float]]
) -> tuple[float, float]:
    """Return the runs and the seconds of a study, each block weighed with its chance."""
    runs = seconds = 0.0
    for program, of_program in zip(programs, chances, strict=True):
        # All blocks but the first are alike: only some cells have less than a block.
        sizes = []
        for index in range(min(2, len(of_program))):
            stacks = program.block(index)
            costs = [grids.cost(STUDIES[study], stack).seconds for stack in stacks]
            sizes.append((sum(len(stack.members) for stack in stacks), math.fsum(costs)))
        for index, chance in enumerate(of_program):
            of_runs, of_seconds = sizes[min(index, 1)]
            runs, seconds = runs + chance * of_runs, seconds + chance * of_seconds
    return runs, seconds


def _projected(one: _Awaited) -> Projected:
    """Return the seeds of a verdict. It has them all where it was undecided at the look before."""
    verdict, looks = one.verdict, one.looks
    expected, before, chance_before = 0.0, 0, 1.0
    for seeds, chance in looks:
        expected += chance_before * (seeds - before)
        before, chance_before = seeds, min(chance, chance_before)
    likely = next((seeds for seeds, chance in looks if chance <= 1 - LIKELY), None)
    return Projected(
        verdict.claim,
        verdict.group,
        verdict.verdict,
        verdict.n,
        expected,
        likely,
        looks[-1][1] if looks[-1][1] > NEGLIGIBLE else 0.0,
    )
