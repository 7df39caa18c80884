"""Measures a sample of a stored run again, and says of each row what became of it.

Only the manifest and the tables of runs are read: a published folder without shards is enough. The
numbers of other tables come from the same stacks and are not compared.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from suite import datafiles, plugins
from suite.catalogue.frameworks import installed
from suite.commands.reproduce.choose_stacks import choose, eligible_stacks, plan_again, stored_runs
from suite.commands.reproduce.compare_rows import Outcome, outcomes
from suite.comparing.environment_changes import environment_changes
from suite.datafiles import record as data
from suite.judging.verdicts import INCOMPLETE
from suite.measuring import environment, executors, runner
from suite.measuring.executors import Job
from suite.measuring.progress import Progress
from suite.planning.grids import Plan
from suite.plugins.record import missing, used
from suite.results.folder import Results
from suite.results.tables import for_stacks, read_table, write_table
from suite.studies import STUDIES
from suite.types import Stack, UserError

if TYPE_CHECKING:
    import pandas as pd

DIFFERENT = 1
"""The exit code where a row differs."""


@dataclass(frozen=True)
class Reproduced:
    """A stored run, and what its sampled stacks gave when they were measured again.

    ``eligible`` is the number of stacks that could have been sampled. ``rows``: see
    ``compare_rows.outcomes``. ``environment`` has the keys of the manifest that differ, each with
    its stored value and its value on this machine.
    """

    folder: Path
    stacks: Sequence[Stack]
    eligible: int
    rows: pd.DataFrame
    notes: Sequence[str] = field(default=())
    environment: Sequence[tuple[str, str, str]] = field(default=())

    @property
    def code(self) -> int:
        """The exit code: 3 where a stack could not be measured, else 1 where a row differs."""
        found = set(self.rows["outcome"])
        if Outcome.FAILED in found:
            return INCOMPLETE
        return DIFFERENT if Outcome.DIFFERENT in found else 0


def reproduce(folder: Path, count: int | None, number: int, jobs: int) -> Reproduced:
    """Measure ``count`` stored stacks again, drawn from ``number``; see ``choose``.

    Raises UserError when the folder is not a results folder, cannot be read, or has nothing that
    can be measured on this machine.
    """
    manifest = Results(folder).manifest()
    plan, notes = plan_again(manifest)
    stored = {name: stored_runs(folder, STUDIES[name]) for name in plan.stacks}
    eligible, more = eligible_stacks(manifest, plan, stored)
    notes += more
    available, lost = installed(), missing(manifest) | data.missing(manifest)
    notes += [f"{folder} was {words}" for words in lost.values()]
    measurable = [
        stack
        for stack in eligible
        if stack.framework in available
        and not (used([stack]) | data.mentioned([stack])) & set(lost)
    ]
    drawn = set(choose(measurable, plan, count, number))
    chosen = [stack for stack in measurable if stack in drawn]
    if not chosen:
        reasons = "".join(f"; {note}" for note in notes)
        raise UserError(f"{folder} has no stack that can be measured on this machine{reasons}")
    now = environment.manifest(plan, manifest.command)
    known = manifest.definitions or {}
    redefined = [
        name
        for name, definition in (now.definitions or {}).items()
        if known.get(name, definition) != definition
    ]
    if redefined:
        notes.append(f"not compared, because they were redefined: {', '.join(redefined)}")
    for name in dict.fromkeys(stack.study for stack in chosen):
        metrics = for_stacks(STUDIES[name].tables[0], plan.stacks[name]).metrics
        if lacking := [metric for metric in metrics if metric not in stored[name].columns]:
            notes.append(f"{name}: not in the folder: {', '.join(lacking)}")
    rows = outcomes(chosen, stored, _measure(plan, chosen, jobs), redefined)
    differences = environment_changes(manifest, now)
    return Reproduced(folder, chosen, len(eligible), rows, notes, differences)


def _measure(plan: Plan, stacks: Sequence[Stack], jobs: int) -> dict[str, pd.DataFrame]:
    """Measure the stacks as ``suite run`` does; return the runs of each study."""
    with tempfile.TemporaryDirectory(prefix="suite-") as scratch:
        results = Results(Path(scratch))
        (results.folder / "shards").mkdir()
        job = Job(results.folder, plan.selection.root, plugins.sources(), datafiles.files())
        executor = executors.find(executors.DEFAULT)(job, min(jobs, len(stacks)))
        try:
            ordered = runner.in_order(plan, stacks)
            with Progress(plan, ordered) as progress:
                runner.execute(plan, ordered, results, executor, progress)
        except runner.NotStored as error:
            raise UserError(f"cannot write to {scratch}: {error}") from error
        measured = {}
        for name in dict.fromkeys(stack.study for stack in stacks):
            study = STUDIES[name]
            text = io.StringIO(newline="")
            chosen = [stack for stack in stacks if stack.study == name]
            spec = for_stacks(study.tables[0], chosen)
            write_table(text, study, spec, results.stored(chosen))
            path = results.folder / f"{name}.csv"
            path.write_text(text.getvalue(), encoding="utf-8", newline="")
            measured[name] = read_table(path)
    return measured
