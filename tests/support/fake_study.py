"""A study that costs nothing, and workers that misbehave, for the tests of running."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import threading
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from suite import seeds
from suite.measuring.executors import Job, Result, Start, local
from suite.measuring.executors.local import Process, Work, serve
from suite.measuring.measure_stack import measure_and_store
from suite.planning import grids
from suite.planning.grids import Plan
from suite.studies import STUDIES
from suite.types import Cell, Cost, Grid, Lab, Measurement, Stack, Status, Study, Table, TableSpec


class Fake(Study):
    """Two numbers and a curve for each run, drawn from the seeds: no framework, no time."""

    name = "fake"
    question = "Does a run survive what happens to it?"
    source = "none"
    frameworks: tuple[str, ...] = ("numpy",)
    axes = ("framework", "width", "scale")
    within = ("scale",)
    tables = (
        TableSpec("runs", ("top_exponent", "critical_scale")),
        TableSpec("spectrum", ("exponent",), ("index",), per="seeds"),
    )

    def __init__(self, widths: tuple[int, ...], seeds: int) -> None:
        self._widths, self._seeds = widths, seeds

    def grids(self, profile: str) -> tuple[Grid, ...]:
        return (Grid({"width": self._widths, "scale": (0.5, 1.0, -1.0)}, self._seeds),)

    def unsupported(self, cell: Cell) -> str | None:
        return "no scale" if float(cell["scale"]) < 0 else None

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        drawn = np.stack(
            [
                seeds.generator(
                    lab.root,
                    "factors",
                    seed=member.seed,
                    width=member.cell.count("width"),
                    scale=repr(member.cell["scale"]),
                ).normal(size=4)
                for member in stack.members
            ]
        )
        count = len(drawn)
        runs = {"top_exponent": drawn[:, 0], "critical_scale": np.exp(drawn[:, 1])}
        curve = Table("spectrum", {"index": np.array([1, 2])}, {"exponent": drawn[:, 2:]})
        return Measurement([Status.OK] * count, [""] * count, (Table("runs", {}, runs), curve))

    def cost(self, stack: Stack) -> Cost:
        return Cost(1e-3 * int(dict(stack.shared)["width"]), 1e6)


def plan(patch: pytest.MonkeyPatch, widths: tuple[int, ...] = (1, 2, 3), seeds: int = 25) -> Plan:
    """Register the fake study, and plan it: two stacks of 20 and 5 seeds for each width."""
    study = Fake(widths, seeds)
    patch.setitem(STUDIES._entries, study.name, study)
    return grids.plan([study], grids.Selection("quick", ("numpy",)))


def stack(plan: Plan, width: int, first: int = 0) -> Stack:
    """Return the stack of a width whose seeds begin with ``first``."""
    return next(
        stack
        for stack in plan.stacks["fake"]
        if dict(stack.shared)["width"] == width and stack.members[0].seed == first
    )


# --- workers -----------------------------------------------------------------------------------


class Thread:
    """A worker that is a thread: any exception ends it, and nothing else does."""

    def __init__(self, job: Job, work: Work) -> None:
        self.connection, theirs = Pipe()
        self._thread = threading.Thread(target=self._live, args=(theirs, work, job), daemon=True)
        self._thread.start()

    @staticmethod
    def _live(theirs: Connection, work: Work, job: Job) -> None:
        with contextlib.suppress(BaseException), contextlib.closing(theirs):
            serve(theirs, work, job)

    def end(self, grace: float = 0.0) -> str:
        self.connection.close()
        self._thread.join(10.0)
        return "the thread ended"


def threads(work: Work = measure_and_store) -> Start:
    """Return the local executor with threads as workers."""
    return lambda job, workers: local.Local(job, workers, lambda job: Thread(job, work))


def processes(orders: Path) -> Start:
    """Return the local executor with workers that know the fake study and obey the files in
    ``orders``."""
    work = functools.partial(obey, orders)
    return lambda job, workers: local.Local(job, workers, lambda job: Process(job, work))


def use_threads(patch: pytest.MonkeyPatch, work: Work = measure_and_store) -> None:
    """Have the commands measure in threads of this process."""
    patch.setattr(local, "EXECUTOR", threads(work))


def order(orders: Path, stack: Stack, *actions: str) -> None:
    """Make the next worker of a stack do the first action, the worker after it the second."""
    orders.mkdir(exist_ok=True)
    (orders / stack.key).write_text("\n".join(actions))


def obey(orders: Path, job: Job, stack: Stack) -> Result:
    """Measure a stack of the fake study in a worker process, or do the ordered deed instead."""
    if "fake" not in STUDIES:
        STUDIES.add(Fake((), 0))
    file = orders / stack.key
    action, _, rest = file.read_text().partition("\n") if file.exists() else ("", "", "")
    if action:
        file.write_text(rest)
    if action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "hang":
        time.sleep(600)
    if action == "stick":
        ctypes.PyDLL(None).sleep(600)  # keeps the lock of the interpreter: no thread of it can run
    if action == "crash":
        os.abort()
    return measure_and_store(job, stack)
