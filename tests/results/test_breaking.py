"""A run that is interrupted at any call to the disk loses at most what was in flight.

The disk fails as it does when a process is killed (half of the data is written, and nothing later
happens), or with the error of a full disk. What resumes from there must give the same bytes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite.planning.grids import Plan
from suite.results import folder as results_folder
from suite.types import UserError
from tests.support import breaking_disk
from tests.support.breaking_disk import Disk, Killed, content, count, disk, full, kill, run


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    return breaking_disk.plan(monkeypatch)


@pytest.fixture
def untouched(plan: Plan, tmp_path: Path) -> dict[str, bytes]:
    """Return the files of an undisturbed run."""
    assert run(plan, tmp_path / "untouched") == 0
    files = content(tmp_path / "untouched")
    assert {"manifest.json", "fake/runs.csv", "fake/spectrum.csv", "summary.csv"} <= set(files)
    return files


def calls(plan: Plan, folder: Path) -> int:
    """Return the number of calls to the disk that a whole run makes."""
    with disk(count) as whole:
        run(plan, folder)
    return whole.calls


def killed(plan: Plan, folder: Path, call: int) -> bool:
    """Run until killed at a call. Return False where the run ended before it."""
    try:
        with disk(kill(call)):
            run(plan, folder)
    except Killed:
        return True
    return False


def test_a_run_killed_twice_at_any_call_ends_with_the_same_bytes(
    plan: Plan, tmp_path: Path, untouched: dict[str, bytes]
) -> None:
    total = calls(plan, tmp_path / "counted")
    rng = np.random.default_rng(0)
    points = rng.permutation(np.arange(1, total + 1))[:60]
    assert len(set(points)) == 60
    for position, call in enumerate(points):
        folder = tmp_path / str(position)
        assert killed(plan, folder, int(call))
        killed(
            plan, folder, int(rng.integers(1, call + 1))
        )  # it may end before, since less is left to do
        assert run(plan, folder) == 0
        assert content(folder) == untouched, f"killed at call {call} of {total}"


def test_a_copy_taken_at_any_moment_ends_with_the_same_bytes(
    plan: Plan, tmp_path: Path, untouched: dict[str, bytes]
) -> None:
    total = calls(plan, tmp_path / "counted")
    wanted = {int(call) for call in np.random.default_rng(1).permutation(total)[:50]}

    def copy(disk: Disk, half: Callable[[], object]) -> None:
        if disk.calls in wanted and (tmp_path / "out").exists():
            shutil.copytree(tmp_path / "out", tmp_path / str(disk.calls))

    with disk(copy):
        run(plan, tmp_path / "out")
    copies = [path for path in tmp_path.iterdir() if path.name.isdigit()]
    assert len(copies) >= 45
    for path in copies:
        assert run(plan, path) == 0
        assert content(path) == untouched, f"copied at call {path.name} of {total}"


def test_a_full_disk_at_any_call_is_reported_and_damages_nothing(
    plan: Plan,
    tmp_path: Path,
    untouched: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every call of a run is tried. The error is raised once, or at all later calls too."""
    total = calls(plan, tmp_path / "counted")
    assert run(plan, tmp_path / "before") == 0
    for call in range(1, total + 1):
        folder = tmp_path / str(call)
        capsys.readouterr()
        message = ""
        with disk(full(call, calls=1 if call % 2 else 10**9)) as faulty:
            try:
                code = run(plan, folder)
            except UserError as error:  # before anything was measured
                code, message = 2, str(error)
        message += capsys.readouterr().err
        if faulty.broke:
            assert "No space left on device" in message
            assert code == 2 or (code == 3 and "Resume with" in message)
        assert run(plan, folder) == 0
        assert content(folder) == untouched, f"full at call {call} of {total}"
    assert content(tmp_path / "before") == untouched


def test_the_fake_disk_finds_a_write_that_is_not_atomic(
    plan: Plan, tmp_path: Path, untouched: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that is written in place is half a manifest when the process is killed."""

    @contextmanager
    def in_place(path: Path, mode: str = "w") -> Iterator[Any]:
        with path.open(mode) as file:
            yield file

    def damaged(call: int) -> bool:
        folder = tmp_path / str(call)
        with monkeypatch.context() as patch:
            patch.setattr(results_folder, "replacing", in_place)
            assert killed(plan, folder, call)
        try:
            return run(plan, folder) != 0 or content(folder) != untouched
        except UserError as error:
            return "manifest.json" in str(error)

    assert any(damaged(call) for call in range(1, 30))


def test_a_file_is_synced_before_it_is_renamed(plan: Plan, tmp_path: Path) -> None:
    """A name without its content would be read."""
    synced: list[int] = []
    renamed: list[bool] = []
    replace, fsync = os.replace, os.fsync

    def watch_fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def watch_replace(source: Path, target: Path) -> None:
        renamed.append(source.stat().st_ino in synced)
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", watch_fsync)
        patch.setattr(os, "replace", watch_replace)
        run(plan, tmp_path / "out")
    assert len(renamed) > 8
    assert all(renamed)
