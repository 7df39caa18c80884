"""Which stacks of a stored run are measured again.

The stacks follow from the manifest, so they have the members, and hence the bits, that they had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite import seeds
from suite.catalogue.frameworks import installed
from suite.judging.expected_runs import stored_plan
from suite.planning.grids import Plan
from suite.plugins.record import studies_without_plugin
from suite.results.manifest import Manifest
from suite.results.read_runs import read_cells
from suite.studies import STUDIES
from suite.types import Stack, Status, Study

if TYPE_CHECKING:
    import pandas as pd


def plan_again(manifest: Manifest) -> tuple[Plan, list[str]]:
    """Return the plan of a manifest for the studies that this version has, and notes on what it
    leaves out."""
    notes = []
    known = tuple(name for name in manifest.studies if name in STUDIES)
    brought = studies_without_plugin(manifest)
    if lost := [name for name in manifest.studies if name not in {*STUDIES.every, *brought}]:
        notes.append(f"this version has no study {', '.join(map(repr, lost))}")
    plan = stored_plan(replace(manifest, studies=known or manifest.studies))
    used = dict.fromkeys(stack.framework for stacks in plan.stacks.values() for stack in stacks)
    available = installed()
    if absent := [name for name in used if name not in available]:
        notes.append(f"not installed on this machine: {', '.join(absent)}")
    return plan, notes


def stored_runs(folder: Path, study: Study) -> pd.DataFrame:
    """Return the stored runs of a study, each once, with the default of an axis newer than they."""
    return read_cells(folder, study).drop_duplicates([*study.axes, "seed"])


def complete(study: Study, stacks: Sequence[Stack], runs: pd.DataFrame) -> list[Stack]:
    """Return the stacks whose runs are all stored, none of them as failed."""
    good = runs[runs["status"] != Status.FAILED]
    stored = set(good[[*study.axes, "seed"]].itertuples(index=False, name=None))
    return [
        stack
        for stack in stacks
        if all(
            (*dict(member.cell.values).values(), member.seed) in stored for member in stack.members
        )
    ]


def eligible_stacks(
    manifest: Manifest, plan: Plan, runs: dict[str, pd.DataFrame]
) -> tuple[list[Stack], list[str]]:
    """Return the stacks of a plan that are completely stored, and notes on those that are not.

    ``runs`` maps a study to its stored runs.
    """
    eligible: list[Stack] = []
    notes = []
    for name, stacks in plan.stacks.items():
        whole = complete(STUDIES[name], stacks, runs[name])
        eligible += whole
        expected = manifest.expected.get(name)
        if expected is None or plan.digest(name) != expected.hash:
            notes.append(
                f"{name}: this version has another grid; of its {len(stacks)} stacks {len(whole)}"
                " have all their runs in the folder (stacks composed otherwise may differ in bits)"
            )
        elif len(whole) < len(stacks):
            notes.append(f"{name}: {len(stacks) - len(whole)} stacks are missing or failed")
    return eligible, notes


def choose(stacks: Sequence[Stack], plan: Plan, count: int | None, number: int) -> list[Stack]:
    """Return ``count`` stacks: in turn one of each study and framework, each time another at
    random.

    Without ``count`` there is one turn, and it takes stacks only from the cheaper half of each
    study and framework. The order depends on ``number`` and the keys of the stacks alone.
    """
    groups: dict[tuple[str, str], list[Stack]] = {}
    for stack in sorted(stacks, key=lambda stack: plan.costs[stack.key].seconds):
        groups.setdefault((stack.study, stack.framework), []).append(stack)
    if count is None:
        groups = {key: group[: (len(group) + 1) // 2] for key, group in groups.items()}
        count = len(groups)
    order = sorted(
        (stack for group in groups.values() for stack in group),
        key=lambda stack: seeds.integer(number, "sample", stack=stack.key),
    )
    turns: list[tuple[int, Stack]] = []
    taken: Counter[tuple[str, str]] = Counter()
    for stack in order:
        turns.append((taken[stack.study, stack.framework], stack))
        taken[stack.study, stack.framework] += 1
    return [stack for _, stack in sorted(turns, key=lambda turn: turn[0])][:count]
