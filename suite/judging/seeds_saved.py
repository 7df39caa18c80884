"""What a run until decided would have saved: a stored run of a profile, judged on its first seeds.

The seeds of a stored run are looked at as a run until decided would have: after the first block,
and then after further blocks of the programs that a promised and undecided verdict is about. Where
a verdict needs more seeds than are stored, the stored ones are repeated, and it is counted: that is
what would happen if the law of the stored seeds were the true one.

::

    python -m suite.judging.seeds_saved results/reference/standard
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from suite import claims, text_tables
from suite.claims.claim import Claim
from suite.judging.band_to_verdict import Evidence, verdict_on
from suite.judging.expected_runs import stored_plan, stored_runs
from suite.judging.judge_claims import weigh
from suite.judging.more_seeds import Needs, more_blocks, needs
from suite.judging.per_seed import numbered
from suite.judging.rules import EVERY_LOOK, FIXED, Rule
from suite.judging.verdicts import UNDECIDED, Ruling
from suite.planning import grids
from suite.planning.grids import Program
from suite.results.folder import Results
from suite.studies import STUDIES

MOST = 2000
"""The most seeds of a cell."""


@dataclass(frozen=True)
class Watched:
    """A promised verdict that is followed through the looks."""

    claim: Claim
    group: str
    evidence: Evidence
    needs: Needs

    @property
    def stored(self) -> int:
        """The seeds that are stored."""
        return len(self.evidence.numbers)

    def ruling(self, seeds: int, rule: Rule) -> Ruling:
        """Return the verdict on so many seeds, the stored ones repeated where they are too few."""
        evidence = replace(self.evidence, seeds=numbered(np.resize(self.evidence.numbers, seeds)))
        return verdict_on(self.claim, self.group, evidence, None, rule).verdict


@dataclass(frozen=True)
class Ended:
    """A verdict at the end: its seeds, and whether it is that of the fixed plan."""

    watched: Watched
    seeds: int
    ruling: Ruling
    fixed: Ruling


@dataclass(frozen=True)
class Saved:
    """A study under both plans: runs, and seconds on one core by the cost model."""

    study: str
    runs: int
    seconds: float
    runs_until: int
    seconds_until: float
    ended: tuple[Ended, ...]


def saved(folder: Path, most: int = MOST) -> list[Saved]:
    """Return what a run until decided would have taken, for each study of a stored run.

    Raise UserError where the folder cannot be read.
    """
    results = Results(folder)
    manifest = results.manifest()
    plan = stored_plan(manifest)
    frames = stored_runs(results, plan, plan.stacks).frames
    selection = replace(plan.selection, until=grids.Until(most))
    programs = {name: grids.programs(STUDIES[name], selection) for name in plan.stacks}
    watched: dict[str, list[Watched]] = {name: [] for name in plan.stacks}
    for claim, group, evidence in weigh(claims.shipped(), frames):
        usable = not (evidence.absent or evidence.problem) and len(evidence.numbers)
        if usable and verdict_on(claim, group, evidence, manifest.profile).promised:
            found = needs(claim, group, programs[claim.study])
            watched[claim.study].append(Watched(claim, group, evidence, found))
    return [
        _of_study(name, plan.count(name), programs[name], watched[name]) for name in plan.stacks
    ]


def _of_study(
    name: str,
    fixed: Mapping[str, int | float],
    programs: Sequence[Program],
    all_: Sequence[Watched],
) -> Saved:
    blocks = [1] * len(programs)
    ruled: list[tuple[int, Ruling]] = [(0, UNDECIDED)] * len(all_)
    while True:
        for position, one in enumerate(all_):
            seeds = one.needs.seeds(programs, blocks)
            if seeds != ruled[position][0]:
                ruled[position] = seeds, one.ruling(seeds, EVERY_LOOK)
        open_ = [all_[p].needs for p, (_, ruling) in enumerate(ruled) if ruling == UNDECIDED]
        further = more_blocks(programs, blocks, open_)
        if further == blocks:
            break
        blocks = further
    stacks = [
        stack
        for program, count in zip(programs, blocks, strict=True)
        for index in range(count)
        for stack in program.block(index)
    ]
    return Saved(
        name,
        int(fixed["runs"]),
        float(fixed["seconds"]),
        sum(len(stack.members) for stack in stacks),
        math.fsum(grids.cost(STUDIES[name], stack).seconds for stack in stacks),
        tuple(
            Ended(one, *ruled[position], one.ruling(one.stored, FIXED))
            for position, one in enumerate(all_)
        ),
    )


def text(studies: Sequence[Saved]) -> str:
    """Return the table of the studies, the sums, and how many seeds the verdicts needed."""
    head = ("study", "promised", "runs", "until", "seconds", "until", "most seeds")
    rows: list[tuple[str, ...]] = [
        (
            one.study,
            str(len(one.ended)),
            f"{one.runs:,}",
            f"{one.runs_until:,}",
            f"{one.seconds:.0f}",
            f"{one.seconds_until:.0f}",
            str(max((ended.seeds for ended in one.ended), default=0)),
        )
        for one in studies
    ]
    sums = [
        f"{sum(getattr(one, name) for one in studies):,.0f}"
        for name in ("runs", "runs_until", "seconds", "seconds_until")
    ]
    ended = [end for one in studies for end in one.ended]
    rows.append(("all", str(len(ended)), *sums, ""))
    sampled = [end for end in ended if end.watched.claim.kind == "sampled"]
    counts = Counter(end.seeds for end in sampled)
    total = itertools.accumulate(counts[seeds] for seeds in sorted(counts))
    steps = ", ".join(f"{n} by {seeds}" for seeds, n in zip(sorted(counts), total, strict=True))
    beyond = [end for end in ended if end.seeds > end.watched.stored]
    other = [end for end in ended if end.ruling != end.fixed]
    fewer = [end for end in sampled if end.seeds < end.watched.stored]
    lines = [
        f"{len(sampled)} promised verdicts on samples, decided: {steps} seeds",
        f"{len(fewer)} of them with fewer seeds than the plan, {len(beyond)} with more",
        f"{len(other)} verdicts are others than those of the fixed plan",
        *(
            f"  {end.watched.claim.id} [{end.watched.group}]: {end.ruling} at {end.seeds} seeds,"
            f" {end.fixed} at {end.watched.stored}"
            for end in other
        ),
    ]
    return "\n".join([*text_tables.columns([head, *rows], right=range(1, 7)), "", *lines])


if __name__ == "__main__":
    print(text(saved(Path(sys.argv[1]), *map(int, sys.argv[2:3]))))
