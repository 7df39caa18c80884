"""Tests that take minutes: real frameworks killed at work, and a million runs. ``tox -e soak``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak

_INTERRUPTIBLE = """
import signal
from suite.commands.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)
raise SystemExit(main())
"""
"""``suite`` in a process that Ctrl-C interrupts, also where the tests were started with SIGINT
ignored, as under ``nohup``: Python then installs no handler by itself."""
COMMAND = [
    sys.executable,
    "-c",
    _INTERRUPTIBLE,
    "run",
    "training",
    "--profile",
    "quick",
    "--set",
    "weights=native",
    "--jobs",
    "2",
    "--no-report",
]
"""Both frameworks: twelve stacks of a few seconds each."""


def children(parent: int) -> list[int]:
    """Return the worker processes of a run: its children that were spawned for work."""
    workers = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) == parent and b"spawn_main" in (path / "cmdline").read_bytes():
                workers.append(int(path.name))
        except (OSError, ValueError):
            continue
    return sorted(workers)


def tables(folder: Path) -> dict[str, bytes]:
    """Return the content of every table of a run except its timings."""
    paths = (path for path in folder.rglob("*.csv") if path.name != "timings.csv")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stored(folder: Path, count: int, run: subprocess.Popen[str]) -> None:
    """Wait until a run has stored ``count`` stacks."""
    while len(list((folder / "shards").glob("*.npz"))) < count:
        assert run.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("soak") / "undisturbed"
    assert start(folder).wait() in (0, 1, 4)
    written = tables(folder)
    assert {"training/runs.csv", "training/layers.csv", "claims.csv"} <= set(written)
    return written


def alive(process: int) -> bool:
    """Return whether a process runs, that is exists and is not a zombie."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def kill_parent(run: subprocess.Popen[str]) -> None:
    workers = children(run.pid)
    assert workers
    run.kill()
    run.communicate()  # standard error ends only when no worker has it open
    assert not any(alive(worker) for worker in workers)


def kill_worker(run: subprocess.Popen[str]) -> None:
    os.kill(children(run.pid)[0], signal.SIGKILL)
    _, error = run.communicate()
    assert "the worker was killed by SIGKILL (out of memory?)" in error
    assert "it will be tried again" in error
    assert run.returncode in (0, 1, 4)


def interrupt(run: subprocess.Popen[str]) -> None:
    os.killpg(run.pid, signal.SIGINT)
    _, error = run.communicate()
    assert run.returncode == 130
    assert "interrupted; what is finished is stored. Resume with:" in error
    assert "Traceback" not in error


@pytest.mark.parametrize(("deed", "after"), [(kill_parent, 1), (kill_worker, 5), (interrupt, 7)])
def test_a_real_run_is_disturbed_and_resumed(
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    deed: Callable[[subprocess.Popen[str]], None],
    after: int,
) -> None:
    run = start(tmp_path / "out")
    stored(tmp_path / "out", after, run)
    deed(run)
    resumed = start(tmp_path / "out")
    _, error = resumed.communicate()
    assert "resuming, " in error
    assert tables(tmp_path / "out") == undisturbed


def scale(runs: int, folder: Path) -> dict[str, float]:
    """Return the output of ``scale.py``, run in a fresh process."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("scale.py")), str(runs), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def test_a_million_runs(tmp_path: Path) -> None:
    """Time, memory and files grow in proportion, and so does resuming; the figures are printed."""
    small, middle, large = (scale(10**power, tmp_path / str(power)) for power in (4, 5, 6))
    print()
    for cost in (small, middle, large):
        print("  ".join(f"{key}={value:.4g}" for key, value in cost.items()))
    for key in ("plan_cpu_seconds", "run_cpu_seconds", "resume_cpu_seconds", "bytes"):
        # A quadratic cost would be a hundred times as much. The seconds are those of the processor,
        # since others may use the machine at the same time.
        assert large[key] < 20 * middle[key], key
    # A run costs the memory of its plan and of its row, not that of what was measured.
    grown = large["peak_bytes"] - middle["peak_bytes"]
    assert grown / (large["runs"] - middle["runs"]) < 1000
    assert large["worker_peak_bytes"] < 2 * small["worker_peak_bytes"]
