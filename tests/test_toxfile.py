"""The runner that tox.ini's environments share, in a project of two environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

CONFIGURATION = """\
[tox]
no_package = true
[testenv]
runner = {runner}
env_dir = {{work_dir}}/both
[testenv:first]
commands = python {{tox_root}}/meet.py
[testenv:second]
commands = python -c "print('the second ran')"
"""
MEET = """\
import pathlib, sys, time
print("the first runs", flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.01)
print(pathlib.Path(sys.prefix, "pyvenv.cfg").read_text())
"""
"""What the first environment runs: it waits for a file, and reads its environment again."""


def project(folder: Path, runner: str) -> Path:
    """Write a project whose two environments name one folder, and return that folder."""
    shutil.copy(ROOT / "toxfile.py", folder)
    (folder / "tox.ini").write_text(CONFIGURATION.format(runner=runner), encoding="utf-8")
    (folder / "meet.py").write_text(MEET, encoding="utf-8")
    return folder / ".tox" / "both"


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def tox(tmp_path: Path) -> Iterator[Start]:
    """Start tox in the project, with its output and errors in one stream."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TOX_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "tox", "run", *words],
            cwd=tmp_path,
            env=clean,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    (tmp_path / "go").touch()
    for process in started:
        process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a process that must end well, and return its output."""
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read the output of a process up to the line that has the text, which must come."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} is not in:\n{''.join(lines)}")


@pytest.mark.parametrize(("runner", "kept"), [("shared", True), ("virtualenv", False)])
def test_a_second_environment_uses_what_the_first_installed(
    runner: str, kept: bool, tmp_path: Path, tox: Start
) -> None:
    """tox's own runner removes the folder: that is what this one is for."""
    shared = project(tmp_path, runner)
    (tmp_path / "go").touch()
    assert "the first runs" in finish(tox("-e", "first"))
    (shared / "installed").touch()
    output = finish(tox("-e", "second"))
    assert "the second ran" in output
    assert (shared / "installed").exists() is kept
    assert ("recreate env" in output) is not kept


def test_an_environment_is_not_removed_while_another_tox_uses_it(
    tmp_path: Path, tox: Start
) -> None:
    shared = project(tmp_path, "shared")
    first = tox("-e", "first")
    read_until(first, "the first runs")
    replacing = tox("-r", "-e", "second")
    read_until(replacing, f"waiting: another tox uses {shared}")
    (tmp_path / "go").touch()
    assert "home" in finish(first)
    assert "the second ran" in finish(replacing)


def test_what_is_up_to_date_is_used_side_by_side(tmp_path: Path, tox: Start) -> None:
    project(tmp_path, "shared")
    first = tox("-e", "first")
    read_until(first, "the first runs")
    output = finish(tox("-e", "second"))
    assert "the second ran" in output
    assert "waiting" not in output
    (tmp_path / "go").touch()
    finish(first)
