"""``suite run --until-decided``: look at the claims after each round of stacks, and plan further
blocks of seeds where one that the profile promises is undecided.

The manifest says how far the run has come. It is written before the stacks of a round are measured,
so that an interrupted run goes on where it was and ends in the same folder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from suite import claims
from suite.judging.expected_runs import stored_runs
from suite.judging.judge_claims import judge
from suite.judging.more_seeds import grown, undecided
from suite.judging.rules import EVERY_LOOK
from suite.judging.verdicts import NOT_JUDGED
from suite.measuring import environment
from suite.planning import grids
from suite.planning.grids import Plan
from suite.plugins import brought_claims
from suite.results.folder import Results
from suite.studies import STUDIES


def come_so_far(plan: Plan, results: Results) -> Plan:
    """Return the plan with the blocks that an interrupted run had come to; the plan itself where
    the number of seeds is fixed."""
    stored = results.manifest().until_decided
    if plan.selection.until is None or stored is None:
        return plan
    until = grids.Until(max(plan.selection.until.most, stored.most), stored.blocks)
    if until == plan.selection.until:
        return plan
    selection = replace(plan.selection, until=until)
    return grids.plan([STUDIES[name] for name in plan.stacks], selection)


def look(
    plan: Plan, results: Results, studies: Collection[str], say: Callable[[str], None]
) -> tuple[Plan, Collection[str]]:
    """Judge the stored runs of some studies, and return the plan with the blocks that are to be
    added, and the studies that get them; the plan itself and none where the run is at its end.

    Raise ValueError for a plan whose seeds were fixed beforehand.
    """
    for name in studies:
        results.collect(STUDIES[name], plan.stacks[name], runs_alone=True)
    family = [c for c in (*claims.shipped(), *brought_claims()) if c.study in studies]
    frames = stored_runs(results, plan, studies).frames
    judged = judge(family, frames, plan.selection.profile, EVERY_LOOK)
    waiting = undecided(judged)
    further = grown(plan, {claim.id: claim for claim in family}, waiting)
    changed = [name for name in plan.stacks if further.stacks[name] != plan.stacks[name]]
    promised = [v for v in judged if v.promised and v.verdict != NOT_JUDGED]
    decided = sum(verdict.decided for verdict in promised)
    state = f"look: {decided} of {len(promised)} promised verdicts are decided"
    if not changed:
        say(f"{state}; no seeds are added")
        return plan, ()
    added = sum(len(further.stacks[name]) - len(plan.stacks[name]) for name in changed)
    say(f"{state}; stacks added for the others: {added}")
    results.write_manifest(environment.grown(results.manifest(), further))
    return further, changed
