"""Executes stacks on workers, each into its shard; resumes; never lets one failure spread.

A worker measures one stack at a time with one thread, writes the shard itself and returns only
how it went, so that results never travel between processes. A stack that raises is stored as
failed, with the reason in its rows. So is one whose worker died or took too long, after a second
try: in a fresh process while no other is at work, since most that die lacked memory. Everything
else goes on.
"""

from __future__ import annotations

import contextlib
import functools
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from suite import frameworks
from suite.frameworks.timing import Timed, clock
from suite.measuring.executors.local import Crew, Process, Worker
from suite.planning.grids import Plan, supported
from suite.results.folder import Results
from suite.studies import STUDIES
from suite.types import Cost, Framework, Lab, Measurement, Stack


@dataclass(frozen=True)
class Done:
    """What became of a stack: whether it failed, and why.

    ``stored``: there is a shard of it, be it one of failed runs. ``again``: its worker died or
    hung, and it will be tried once more. ``lost``: the shard could not be written.
    """

    stack: Stack
    failure: str = ""
    fate: Literal["stored", "again", "lost"] = "stored"


class NotStored(OSError):
    """A shard could not be written: nothing that is measured from now on could be kept."""


Hire = Callable[[Path, int], Worker]
"""Makes a worker for a results folder and a root seed."""


@functools.cache
def _load(name: str) -> Framework:
    """One object a framework for the life of a worker: what is cached by framework stays valid."""
    with clock("import"):
        return Timed(frameworks.load(name))


def measure(stack: Stack, root: int) -> tuple[Measurement, list[int]]:
    """Measure one stack in this process; also the positions of the members measured.

    Members that the study does not support get the status ``unsupported`` and the reason. An
    error of a framework becomes the status ``failed`` of all others.
    """
    study = STUDIES[stack.study]
    part, reasons = supported(study, stack)
    measured = Measurement([], [], ())
    if part.members:
        try:
            lab = Lab(_load(stack.framework), _load("numpy"), root)
            with clock("statistics"):
                measured = study.measure(part, lab)
        except Exception as error:  # whatever a framework raises becomes rows with the reason
            measured = _failed(len(part.members), _line(error))
    return _whole(measured, reasons)


def _failed(count: int, reason: str) -> Measurement:
    return Measurement(["failed"] * count, [reason] * count, ())


def _whole(measured: Measurement, reasons: Sequence[str | None]) -> tuple[Measurement, list[int]]:
    """A measurement of the supported members as one of all; the positions of those measured.

    ``reasons``: for each member why it is not supported, or None.
    """
    kept = [index for index, reason in enumerate(reasons) if reason is None]
    status = ["unsupported"] * len(reasons)
    reason = [text or "" for text in reasons]
    for row, index in enumerate(kept):
        status[index], reason[index] = measured.status[row], measured.reason[row]
    return Measurement(status, reason, measured.tables), kept if measured.tables else []


def _line(error: BaseException) -> str:
    """An error as one line of bounded length."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def work(folder: Path, stack: Stack, root: int) -> Done:
    """Measure one stack and store its shard; runs in a worker."""
    started = time.perf_counter()
    measurement, kept = measure(stack, root)
    seconds = time.perf_counter() - started
    # Its own writing cannot be in what is written: that of the worker's stack before is.
    timings = {"seconds": seconds, "process_peak_bytes": _peak_bytes(), **clock.take()}
    with clock("write"):
        return _store(Results(folder), stack, measurement, kept, timings)


def _peak_bytes() -> float:
    """The largest memory of this process so far.

    Where the system does not tell, ``getrusage`` does; its figure is not below the size of the
    process that started this one.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _store(
    results: Results,
    stack: Stack,
    measurement: Measurement,
    kept: Sequence[int],
    timings: Mapping[str, float],
) -> Done:
    try:
        results.write(stack, measurement, kept, timings)
    except OSError as error:
        return Done(stack, _line(error), "lost")
    failures = (
        reason
        for status, reason in zip(measurement.status, measurement.reason, strict=True)
        if status == "failed"
    )
    return Done(stack, next(failures, ""))


def give_up(results: Results, stack: Stack, reason: str) -> Done:
    """Store a stack as failed, for a reason that is not the framework's."""
    _, reasons = supported(STUDIES[stack.study], stack)
    measurement, _ = _whole(_failed(reasons.count(None), reason), reasons)
    return _store(results, stack, measurement, [], {})


def pending(plan: Plan, results: Results) -> list[Stack]:
    """The stacks of a plan that are not stored yet, or failed when they were last tried."""
    return [s for stacks in plan.stacks.values() for s in stacks if not results.finished(s)]


def patience(cost: Cost) -> float:
    """Seconds after which a stack is taken to hang: ten minutes, and 60 times what it should take.

    Expected costs are for one quiet core of one machine. Stacks of a whole run, on two busy cores,
    were at most 5 times slower; the ten minutes are for loading a framework from a slow disk.
    """
    return 600.0 + 60.0 * cost.seconds


def hire(folder: Path, root: int) -> Worker:
    """A fresh process that measures and stores stacks."""
    return Process(work, folder, root)


def execute(
    plan: Plan,
    stacks: Sequence[Stack],
    results: Results,
    jobs: int,
    progress: Callable[[Done], None],
    timeout: float | None = None,
    hire: Hire = hire,
) -> None:
    """Run the given stacks of a plan on ``jobs`` workers, the longest first.

    ``progress`` is called with what becomes of each. ``timeout``: seconds after which the worker
    of a stack is killed; None: its ``patience``. However this ends, no worker is left. Raises
    NotStored when a shard cannot be written.
    """
    waiting = sorted(stacks, key=lambda stack: plan.costs[stack.key].seconds)
    first: dict[str, str] = {}  # key -> how its first try was lost
    second: list[Stack] = []
    with Crew(lambda: hire(results.folder, plan.selection.root)) as crew:
        while waiting or second or crew:
            if not (waiting or crew):
                crew.rest()
                waiting.append(second.pop())
            while waiting and len(crew) < jobs:
                stack = waiting.pop()
                crew.give(stack, timeout or patience(plan.costs[stack.key]))
            for heard in crew.hear():
                if not heard.lost:
                    done: Done = heard.answer
                elif heard.stack.key not in first:
                    first[heard.stack.key] = heard.lost
                    second.append(heard.stack)
                    done = Done(heard.stack, heard.lost, "again")
                else:
                    done = give_up(results, heard.stack, _twice(first[heard.stack.key], heard.lost))
                progress(done)
                if done.fate == "lost":
                    raise NotStored(done.failure)


def _twice(first: str, second: str) -> str:
    """How both tries of a stack were lost."""
    return f"both times {second}" if first == second else f"first {first}, then {second}"
