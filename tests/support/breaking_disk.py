"""A fake disk that fails at a chosen call, and runs of the fake study on it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from suite import claims
from suite.commands.run import pipeline
from suite.measuring import environment
from suite.planning.grids import Plan
from tests.support import fake_study

Fault = Callable[["Disk", Callable[[], object]], None]


class Killed(BaseException):
    """Raised where a process would be killed: no error handler catches it, no file is removed."""


class Disk:
    """A counter of calls to the disk. ``fault`` gets each, and a function that does half of it."""

    def __init__(self, fault: Fault) -> None:
        self.calls = 0
        self.name = ""
        """The name of the last call."""
        self.broke = False
        self._fault = fault

    def call(self, name: str, half: Callable[[], object] = lambda: None) -> None:
        self.calls += 1
        self.name = name
        self._fault(self, half)


class Raw(io.FileIO):
    """A file below Python's buffers, where one call is one system call."""

    def __init__(self, path: Path, disk: Disk) -> None:
        disk.call("open", lambda: io.FileIO(path, "w").close())
        super().__init__(path, "w")
        self._disk = disk

    def write(self, data: Any) -> int:
        whole = super().write
        self._disk.call("write", lambda: whole(bytes(data)[: len(data) // 2]))
        return whole(data)


@contextmanager
def disk(fault: Fault) -> Iterator[Disk]:
    """Send all files that the suite writes to a disk with a fault."""
    made = Disk(fault)
    whole_open = Path.open

    def opened(self: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if "w" not in mode:
            return whole_open(self, mode, *rest, **named)
        buffered = io.BufferedWriter(Raw(self, made))
        return buffered if "b" in mode else io.TextIOWrapper(buffered, "utf-8", newline="")

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def first(*given: Any, **named: Any) -> Any:
            made.call(call.__name__)
            return call(*given, **named)

        return first

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        for owner, name in ((Path, "mkdir"), (Path, "unlink"), (os, "replace"), (os, "fsync")):
            patch.setattr(owner, name, counted(getattr(owner, name)))
        yield made


def count(disk: Disk, half: Callable[[], object]) -> None:
    """Do nothing: the disk has no fault."""


def kill(call: int) -> Fault:
    """Return a fault that kills the process in the middle of a call: later calls do nothing."""

    def fault(disk: Disk, half: Callable[[], object]) -> None:
        if disk.calls == call:
            half()
        if disk.calls >= call:
            raise Killed

    return fault


def full(call: int, calls: int) -> Fault:
    """Return a fault of ``calls`` calls from ``call`` on: the disk is full but can remove files."""

    def fault(disk: Disk, half: Callable[[], object]) -> None:
        if call <= disk.calls < call + calls and disk.name != "unlink":
            disk.broke = True
            half()
            raise OSError(28, "No space left on device")

    return fault


def plan(patch: pytest.MonkeyPatch) -> Plan:
    """Plan four stacks of the fake study, with threads as workers and without claims."""
    plan = fake_study.plan(patch, widths=(1, 2))
    fake_study.use_threads(patch)
    patch.setattr(claims, "shipped", list)
    manifest = environment.manifest(plan, ["suite", "run"])
    patch.setattr(environment, "manifest", lambda *_: manifest)
    return plan


def run(plan: Plan, folder: Path) -> int:
    return pipeline.run(plan, ["suite", "run"], folder, jobs=1, draw=False)


def content(folder: Path) -> dict[str, bytes]:
    """Return the content of every file that a run leaves, but for shards, timings and the lock."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in (".lock", "timings.csv") and path.suffix != ".npz"
    }
