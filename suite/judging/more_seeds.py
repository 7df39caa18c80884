"""Which programs of a run until decided get further blocks of seeds, and how many.

After each look, the programs that a promised and undecided claim is about get seeds until it has a
quarter more of them, in whole blocks; a program that has them already, for another claim, gets
none. When to look and when to stop is free: the intervals that judge such a run hold at every look
(``suite.judging.time_uniform``). What a block is follows from the grid alone, so that seeds are
only ever added, and no claim changes a bit of another's runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from suite.claims.claim import Claim
from suite.judging.planned_cells import selected, sides_of
from suite.judging.verdicts import Verdict, group_fields
from suite.planning import grids
from suite.planning.grids import Plan, Program
from suite.studies import STUDIES

GROWTH = 1.25
"""Seeds of a claim at the next look, over those at this one. Steps of a quarter waste at most a
quarter, and need fifteen looks from 20 seeds to a thousand."""


def undecided(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the promised verdicts that more seeds might decide: those that are undecided for want
    of seeds, not of runs or of numbers."""
    return [
        verdict
        for verdict in verdicts
        if verdict.broken_promise
        and not (verdict.failed or verdict.missing)
        and (verdict.centre == "every" or not math.isnan(verdict.margin))
    ]


def next_look(seeds: int) -> int:
    """Return how many seeds a claim should have at the next look."""
    return math.ceil(seeds * GROWTH)


@dataclass(frozen=True)
class Needs:
    """The programs, by their position, that a verdict is about, and the most seeds of its smallest
    cell."""

    programs: frozenset[int]
    limit: int

    def seeds(self, programs: Sequence[Program], blocks: Sequence[int]) -> int:
        """Return the seeds that the verdict has once each program has so many blocks."""
        return min(self.limit, *(blocks[p] * programs[p].together for p in self.programs))


def needs(claim: Claim, group: str, programs: Sequence[Program]) -> Needs:
    """Return what a verdict needs; no program where the claim is about no planned cell."""
    fields, sides = group_fields(group), sides_of(claim)
    limits = {
        position: [
            limit
            for cell, limit in program.cells
            if any(selected(claim, side, fields, cell) for side in sides)
        ]
        for position, program in enumerate(programs)
    }
    concerned = {position: min(found) for position, found in limits.items() if found}
    return Needs(frozenset(concerned), min(concerned.values(), default=0))


def more_blocks(
    programs: Sequence[Program], now: Sequence[int], undecided: Iterable[Needs]
) -> list[int]:
    """Return the blocks of each program for the next look: those of ``now``, and more where an
    undecided verdict needs them and they may be added."""
    wanted = list(now)
    for verdict in undecided:
        if not verdict.programs:
            continue
        seeds = verdict.seeds(programs, now)
        if seeds < verdict.limit:
            for position in verdict.programs:
                program = programs[position]
                enough = math.ceil(next_look(seeds) / program.together)
                wanted[position] = max(wanted[position], min(enough, program.blocks))
    return wanted


def grown(plan: Plan, claims: Mapping[str, Claim], verdicts: Sequence[Verdict]) -> Plan:
    """Return a plan with further blocks for the verdicts that are undecided; the plan itself where
    none can be added.

    ``claims``: name -> claim. Costs of studies that do not grow are kept. Raise ValueError for a
    plan whose seeds were fixed beforehand.
    """
    until = plan.selection.until
    if until is None:
        raise ValueError("the seeds of this plan were fixed beforehand")
    by_study: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_study.setdefault(verdict.study, []).append(verdict)
    blocks = dict(until.blocks)
    for study, open_ in by_study.items():
        programs = grids.programs(STUDIES[study], plan.selection)
        now = until.blocks_of(study, programs)
        needed = [needs(claims[v.claim], v.group, programs) for v in open_]
        wanted = more_blocks(programs, now, needed)
        if wanted != now:
            blocks[study] = tuple(wanted)
    if blocks == until.blocks:
        return plan
    selection = replace(plan.selection, until=grids.Until(until.most, blocks))
    changed = [study for study, counts in blocks.items() if counts != until.blocks.get(study)]
    added = grids.plan([STUDIES[study] for study in changed], selection)
    return Plan(selection, {**plan.stacks, **added.stacks}, {**plan.costs, **added.costs})
