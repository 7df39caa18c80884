"""A run from start to end: measure, write the tables, summarise, judge, draw."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from suite import claims, datafiles, plugins, terminal
from suite.commands import board
from suite.commands.run import named_cells, until_decided
from suite.commands.run.conclude import Outcome, conclude
from suite.commands.run.renewal import Renewal
from suite.commands.run.timings import Stages, spent
from suite.datafiles.record import in_words
from suite.judging.explained import selects
from suite.judging.judge_folder import Judged
from suite.judging.verdicts import INCOMPLETE
from suite.measuring import environment, executors, runner
from suite.measuring.executors import Chosen, Gone, Job, Result
from suite.measuring.progress import Progress, say
from suite.measuring.reuse import sources, take_over
from suite.planning.grids import Plan
from suite.plugins.record import used
from suite.results.folder import Results
from suite.types import INTERRUPTED, Stack, UserError

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Shown:
    """How a run shows itself while it measures: what takes its lines, and what makes the count of
    finished stacks. The default is the command's, on standard error."""

    say: Callable[[str], None] = say
    progress: Callable[
        [Plan, list[Stack]], contextlib.AbstractContextManager[Callable[[Result], None]]
    ] = Progress


def run(
    plan: Plan,
    command: Sequence[str],
    out: Path | None,
    jobs: int,
    draw: bool,
    timeout: float | None = None,
    executor: Chosen | None = None,
    reuse: Sequence[Path] = (),
) -> int:
    """Execute a plan into a results folder and print what came out; return the exit code of
    ``check``, or 3 when something could not be stored.

    The arguments are those of ``execute``, and so are the errors but for OSError.
    """
    results = folder_of(plan, command, out)
    resume = f"Resume with:\n  {_resume(command, results)}"
    try:
        outcome = execute(plan, command, results, jobs, draw, timeout, executor, reuse)
    except KeyboardInterrupt:
        say(f"\ninterrupted; what is finished is stored. {resume}")
        return INTERRUPTED
    except Gone as error:
        say(f"suite: {error}; what is finished is stored. {resume}")
        return INCOMPLETE
    except OSError as error:  # a full disk, or the folder is gone
        say(f"suite: cannot store: {error}; what was stored before is whole. {resume}")
        return INCOMPLETE
    _print(plan, outcome)
    return outcome.judged.code


def folder_of(plan: Plan, command: Sequence[str], out: Path | None) -> Results:
    """Return the results folder of a run, ``out`` or one in ``results/`` that the run names."""
    if out is None:
        run_id = environment.run_id(environment.manifest(plan, command))
        out = Path("results") / f"{plan.selection.profile}-{run_id}"
    return Results(out)


def execute(
    plan: Plan,
    command: Sequence[str],
    results: Results,
    jobs: int,
    draw: bool,
    timeout: float | None = None,
    executor: Chosen | None = None,
    reuse: Sequence[Path] = (),
    shown: Shown | None = None,
) -> Outcome:
    """Execute a plan into a results folder.

    ``command`` is recorded in the manifest. ``executor``: what measures, else this machine;
    ``timeout``: see ``runner.execute``; ``reuse``: folders whose stored stacks are taken over where
    they fit. Raises UserError when a folder cannot be used, when another process writes into that
    of the run, or where a worker differs from this machine, Gone where the executor ends before
    the run does, and OSError where something cannot be stored.
    """
    from filelock import FileLock, Timeout

    shown = shown or Shown()
    for line in _unused(plan):
        shown.say(line)
    # What is wrong with a claim is said before anything is measured.
    plugins.brought_claims()
    manifest = environment.manifest(plan, command)
    results.admit(manifest)
    reused = sources(reuse, plan, manifest, results)
    results.make()
    try:
        with FileLock(results.folder / ".lock", timeout=0):
            resumed = results.open(manifest)
            plan = until_decided.come_so_far(plan, results)
            studies: Collection[str] = tuple(plan.stacks)
            stages = Stages()
            chosen = executor or executors.find(executors.DEFAULT)
            while studies:
                with stages("measure"):
                    for line in take_over(plan, results, reused):
                        shown.say(line)
                    try:
                        _measure(plan, results, jobs, timeout, chosen, resumed, draw, shown)
                    except KeyboardInterrupt:
                        _leave(plan, results, jobs, draw, shown)
                        raise
                if plan.selection.until is None:
                    break
                with stages("look"):
                    plan, studies = until_decided.look(plan, results, studies, shown.say)
            return conclude(plan, results, jobs, draw, stages, shown.say)
    except Timeout:
        raise UserError(f"{results.folder}: another run writes into this folder") from None


def _measure(
    plan: Plan,
    results: Results,
    jobs: int,
    timeout: float | None,
    executor: Chosen,
    resumed: bool,
    draw: bool,
    shown: Shown,
) -> None:
    """Measure and store the stacks of a plan that are not stored yet, those of the headline claims
    before the others."""
    first = of_headline(plan)
    stacks = runner.in_order(plan, runner.pending(plan, results), first)
    where = f"on {jobs} job{'s' * (jobs > 1)}"
    if executor.name != executors.DEFAULT:
        where = f"with {executor.name}"
    shown.say(_opening(plan, results, len(stacks), resumed, where))
    if plan.selection.overrides:
        for name in plan.stacks:
            shown.say(plan.cells_in_words(name))
    for dataset in results.manifest().datasets:
        shown.say(in_words(dataset))
    for line in environment.unused_cuda_builds(plan.selection.frameworks):
        shown.say(line)
    if not stacks:
        return
    job = Job(
        results.folder,
        plan.selection.root,
        plugins.sources(),
        datafiles.files(),
        tuple(plan.selection.frameworks),
    )
    workers = executor(job, min(jobs, len(stacks)))
    awaited = {stack.key for stack in stacks} & first
    renewal = Renewal(job, draw, awaited if len(awaited) < len(stacks) else ())
    with shown.progress(plan, stacks) as progress, contextlib.closing(renewal):

        def told(result: Result) -> None:
            progress(result)
            if result.status != "retrying":
                renewal(result.stack.key)

        runner.execute(plan, stacks, results, workers, told, timeout)


def of_headline(plan: Plan) -> set[str]:
    """Return the keys of the stacks with cells that a headline claim is about."""
    family = (*claims.shipped(), *plugins.brought_claims())
    telling = [claim for claim in family if claim.headline]
    found = set()
    for study, stacks in plan.stacks.items():
        own = [claim for claim in telling if claim.study == study]
        for stack in stacks if own else ():
            cells = {member.cell for member in stack.members}
            if any(selects(claim, cell) for claim in own for cell in cells):
                found.add(stack.key)
    return found


def _leave(plan: Plan, results: Results, jobs: int, draw: bool, shown: Shown) -> None:
    """Write what an interrupted run has measured; a second interruption ends that, too."""
    stored = sum(results.has(stack) for stacks in plan.stacks.values() for stack in stacks)
    if stored:
        stacks = sum(map(len, plan.stacks.values()))
        what = "tables, verdicts and page" if draw else "tables and verdicts"
        shown.say(
            f"\ninterrupted: writing the {what} of {stored:,} of {stacks:,} stacks; Ctrl-C again"
            " leaves at once"
        )
        conclude(plan, results, jobs, draw, Stages(), shown.say)


def _print(plan: Plan, outcome: Outcome) -> None:
    """Print the board and, of cells that the user named, the numbers."""
    judged, folder = outcome.judged, outcome.results.folder
    with contextlib.suppress(BrokenPipeError):
        terminal.show(board.lines(folder, judged, outcome.findings))
        if plan.selection.overrides:
            print(f"\n{named_cells.text(plan, outcome.summary, folder, judged.runs)}")
        sys.stdout.flush()
    manifest = outcome.results.manifest()
    if len(manifest.processors) > 1:
        say(
            f"\nmeasured on {len(manifest.processors)} kinds of processor, which may round"
            f" differently: {manifest.processors_in_words}"
        )
    say(f"\nruns: {_counts(judged)}\n{spent(outcome.timings)}\nresults in {folder}")


def _opening(plan: Plan, results: Results, pending: int, resumed: bool, where: str) -> str:
    """Return the line that a run starts with."""
    counts = [plan.count(study) for study in plan.stacks]
    runs = sum(int(count["runs"]) for count in counts)
    stacks = sum(int(count["stacks"]) for count in counts)
    state = f"resuming, {stacks - pending} stacks are stored; " if resumed else ""
    return (
        f"{results.folder}: {state}{runs:,} runs of {', '.join(plan.stacks)} in {stacks} stacks,"
        f" {pending} to measure {where}"
    )


def _unused(plan: Plan) -> Iterator[str]:
    """Yield a line for each loaded plugin of which a plan has nothing."""
    names = used([stack for stacks in plan.stacks.values() for stack in stacks])
    for plugin in plugins.active():
        if plugin.source.name not in names and not plugin.judges_only:
            example = next(item.name for item in plugin.items)
            yield (
                f"nothing of the {plugin.source.label} is selected: name its items, such as"
                f" {example}, with --set or as a study"
            )


def _counts(judged: Judged) -> str:
    """Return how many runs ended with each status, in words."""
    counts = Counter(status for runs in judged.runs.values() for status in runs["status"])
    return ", ".join(f"{count:,} {status}" for status, count in counts.most_common())


def _resume(command: Sequence[str], results: Results) -> str:
    """Return the command that resumes an interrupted run."""
    words = list(command)
    if not any(word == "--out" or word.startswith("--out=") for word in words):
        words += ["--out", str(results.folder)]
    return shlex.join(words)
