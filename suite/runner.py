"""Executes stacks on an executor, each into its shard; resumes; never lets one failure spread.

A worker process measures one stack at a time with one thread, writes the shard itself and
returns only timings, so that results never travel between processes. A stack that raises is
stored as failed, with the reason in its rows, and everything else goes on.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from suite import frameworks
from suite.environment import WORKER
from suite.grids import Plan, supported
from suite.store import Results
from suite.studies import STUDIES
from suite.types import Lab, Measurement, Stack


@dataclass(frozen=True)
class Done:
    """One stack that is finished: whether it failed, and why."""

    stack: Stack
    failure: str = ""


class WorkerDied(Exception):
    """A worker process ended without an answer; what was stored stays stored."""


_load = functools.cache(frameworks.load)
"""One object a framework for the life of a worker: what is cached by framework stays valid."""


def measure(stack: Stack, root: int) -> tuple[Measurement, list[int]]:
    """Measure one stack in this process; also the positions of the members measured.

    Members that the study does not support get the status ``unsupported`` and the reason. An
    error of a framework becomes the status ``failed`` of all others.
    """
    study = STUDIES[stack.study]
    part, reasons = supported(study, stack)
    kept = [index for index, reason in enumerate(reasons) if reason is None]
    measured = Measurement([], [], ())
    if kept:
        try:
            lab = Lab(_load(stack.framework), _load("numpy"), root)
            measured = study.measure(part, lab)
        except Exception as error:  # whatever a framework raises becomes rows with the reason
            measured = Measurement(["failed"] * len(kept), [_line(error)] * len(kept), ())
    status = ["unsupported"] * len(stack.members)
    reason = [text or "" for text in reasons]
    for row, index in enumerate(kept):
        status[index], reason[index] = measured.status[row], measured.reason[row]
    return Measurement(status, reason, measured.tables), kept if measured.tables else []


def _line(error: BaseException) -> str:
    """An error as one line of bounded length."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def work(folder: Path, stack: Stack, root: int) -> Done:
    """Measure one stack and store its shard; runs in a worker.

    A shard that cannot be written (a full disk, say) leaves its stack unfinished: its runs are
    missing, and resuming tries it again.
    """
    started = time.perf_counter()
    measurement, kept = measure(stack, root)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    timings = {"seconds": seconds, "process_peak_bytes": peak}
    try:
        Results(folder).write(stack, measurement, kept, timings)
    except OSError as error:
        return Done(stack, f"not stored: {_line(error)}")
    failures = (
        reason
        for status, reason in zip(measurement.status, measurement.reason, strict=True)
        if status == "failed"
    )
    return Done(stack, next(failures, ""))


@contextmanager
def _worker_environment() -> Iterator[None]:
    """The environment that workers inherit; libraries read it when they are first imported."""
    before = {name: os.environ.get(name) for name in WORKER}
    os.environ.update(WORKER)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def processes(jobs: int) -> Executor:
    """Fresh worker processes (spawned: a forked TensorFlow or torch may hang)."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, spawn, initializer=_follow, initargs=(os.getpid(),))


def _follow(parent: int) -> None:
    """End this process soon after the one that started it, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def pending(plan: Plan, results: Results) -> list[Stack]:
    """The stacks of a plan that are not stored yet, or failed when they were last tried."""
    return [s for stacks in plan.stacks.values() for s in stacks if not results.finished(s)]


def execute(
    plan: Plan,
    stacks: Sequence[Stack],
    results: Results,
    executor: Executor,
    jobs: int,
    progress: Callable[[Done], None],
) -> None:
    """Run the given stacks of a plan, the longest first; ``progress`` is called after each.

    At most two stacks a worker are handed out at a time, so that an interruption loses little.
    Raises WorkerDied when a worker process ends without an answer (killed for memory, say).
    """
    waiting = sorted(stacks, key=lambda stack: plan.costs[stack.key].seconds)
    running: set[Future[Done]] = set()
    with _worker_environment():
        try:
            while waiting or running:
                while waiting and len(running) < 2 * jobs:
                    stack = waiting.pop()
                    running.add(executor.submit(work, results.folder, stack, plan.selection.root))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    progress(future.result())
        except BrokenProcessPool as error:
            raise WorkerDied("a worker process died (out of memory?)") from error
        finally:
            for future in running:
                future.cancel()
