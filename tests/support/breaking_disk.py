"""A disk that breaks at a chosen call, and runs of the fake study on it."""

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

Break = Callable[["Disk", Callable[[], object]], None]


class Killed(BaseException):
    """The process is gone: no handler of errors runs, no file is tidied away."""


class Disk:
    """Counts the calls; ``breaks`` is told each, and what half of it would do."""

    def __init__(self, breaks: Break) -> None:
        self.calls = 0
        self.name = ""
        """Of the last call."""
        self.broke = False
        self._breaks = breaks

    def call(self, name: str, half: Callable[[], object] = lambda: None) -> None:
        self.calls += 1
        self.name = name
        self._breaks(self, half)


class Raw(io.FileIO):
    """A file below Python's buffers: one call is one call of the system."""

    def __init__(self, path: Path, disk: Disk) -> None:
        disk.call("open", lambda: io.FileIO(path, "w").close())
        super().__init__(path, "w")
        self._disk = disk

    def write(self, data: Any) -> int:
        whole = super().write
        self._disk.call("write", lambda: whole(bytes(data)[: len(data) // 2]))
        return whole(data)


@contextmanager
def disk(breaks: Break) -> Iterator[Disk]:
    """All files that the suite writes go to a disk that breaks so."""
    made = Disk(breaks)
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
    """A disk that never breaks."""


def kill(at: int) -> Break:
    """The process is killed in the middle of a call; what it calls afterwards does not happen."""

    def breaks(disk: Disk, half: Callable[[], object]) -> None:
        if disk.calls == at:
            half()
        if disk.calls >= at:
            raise Killed

    return breaks


def full(at: int, calls: int) -> Break:
    """So many calls from one on raise the error of a full disk, which can still remove files."""

    def breaks(disk: Disk, half: Callable[[], object]) -> None:
        if at <= disk.calls < at + calls and disk.name != "unlink":
            disk.broke = True
            half()
            raise OSError(28, "No space left on device")

    return breaks


def plan(patch: pytest.MonkeyPatch) -> Plan:
    """Four stacks; workers are threads, and no claim is read."""
    plan = fake_study.plan(patch, widths=(1, 2))
    fake_study.use_threads(patch)
    patch.setattr(claims, "shipped", list)
    manifest = environment.manifest(plan, ["suite", "run"])
    patch.setattr(environment, "manifest", lambda *_: manifest)
    return plan


def run(plan: Plan, folder: Path) -> int:
    return pipeline.run(plan, ["suite", "run"], folder, jobs=1, draw=False)


def content(folder: Path) -> dict[str, bytes]:
    """Every file that a run leaves but the timings and the lock, hidden ones too."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if path.name not in (".lock", "timings.csv") and path.suffix != ".npz"
    }
