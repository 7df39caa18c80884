"""Tables, verdicts and page of a run that goes on: renewed now and then, by a process of its own.

So a long run can be read before it ends, and one that is killed leaves something to read. When the
run ends, all of this is written once more from all shards: no byte of it depends on a renewal.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Collection
from typing import Protocol

from suite import datafiles, plugins
from suite.commands.run.conclude import conclude
from suite.commands.run.timings import Stages
from suite.judging.expected_runs import stored_plan
from suite.measuring.executors import Job
from suite.measuring.executors.local import follow
from suite.processes import without_script
from suite.results.folder import Results

FIRST = 40.0
"""Seconds from the start of measuring to the first renewal, whose verdicts take some 20 more."""
SHARE = 0.03
"""The largest share of the time of a run that renewals take, but for the first and for that of
what is awaited."""


class Process(Protocol):
    """A renewal that goes on."""

    def is_alive(self) -> bool: ...

    def kill(self) -> None: ...

    def join(self, timeout: float | None = None) -> None: ...


class Renewal:
    """Starts a renewal whenever it is called and one is due; ``close`` ends the last one."""

    def __init__(
        self,
        job: Job,
        draw: bool,
        awaited: Collection[str] = (),
        start: Callable[[Job, bool], Process] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``draw``: whether a renewal also draws the page. ``awaited``: keys of stacks; when the
        last of them is stored, a renewal is due. ``start``: starts a renewal. ``clock``: seconds,
        from any start."""
        self._job = job
        self._draw = draw
        self._start = start or _start
        self._clock = clock
        self._awaited = set(awaited)
        self._complete = False
        self._due = clock() + FIRST
        self._started = 0.0
        self._process: Process | None = None

    def __call__(self, stored: str) -> None:
        """Start a renewal where one is due and none goes on. ``stored``: the key of a stack."""
        now = self._clock()
        if stored in self._awaited:
            self._awaited.remove(stored)
            self._complete = not self._awaited
        if self._process is not None:
            if self._process.is_alive():
                return
            self._process = None
            self._due = now + max(FIRST, (now - self._started) / SHARE)
        if now >= self._due or (self._complete and self._started):
            self._complete = False
            self._started = now
            self._process = self._start(self._job, self._draw)

    def close(self) -> None:
        """End the renewal that goes on, and remove what it has not finished writing."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()
            Results(self._job.folder).remove_drafts()


def _start(job: Job, draw: bool) -> Process:
    process = multiprocessing.get_context("spawn").Process(
        target=_renew, args=(job, draw, os.getpid()), daemon=True
    )
    with without_script():
        process.start()
    return process


def _renew(job: Job, draw: bool, parent: int) -> None:
    """Write what is stored so far, in a process of its own that says nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what an interruption means
    follow(parent, lasting=False)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        plugins.keep(job.sources)
        datafiles.keep(job.data)
        with contextlib.suppress(BrokenPipeError):
            write_stored(job, draw)


def write_stored(job: Job, draw: bool) -> None:
    """Write the tables, verdicts and page of the stacks that are stored."""
    results = Results(job.folder)
    plan = stored_plan(results.manifest())
    conclude(plan, results, 1, draw, Stages())
