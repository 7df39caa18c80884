"""Real engines on this machine: a Dask scheduler and its workers, and Parsl's, as processes of
their own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from suite.measuring.remote.request import Answer, Request, checksum
from tests.support import ROOT

PARSL = """
import os
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

config = Config(
    executors=[
        HighThroughputExecutor(
            label="here",
            max_workers_per_node={workers},
            cores_per_worker=1e-6,
            heartbeat_period=2,
            heartbeat_threshold=10,
            address="127.0.0.1",
            provider=LocalProvider(init_blocks=1, max_blocks=1),
        )
    ],
    run_dir={run_dir!r},
    strategy="none",
    usage_tracking=0,
)
"""
LIMIT = 1800.0
"""The most seconds that anything here may take."""


SHARD = bytes(8192)
"""As long as a small shard of the standard profile."""


def nothing(request: Request) -> Answer:
    """Answer as a worker that has measured a stack."""
    return Answer(
        state="measured", key=request["key"], reason="", shard=SHARD, sha256=checksum(SHARD)
    )


def environment() -> dict[str, str]:
    """Return the environment of a process of an engine, which finds the suite by its path."""
    quick = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "20s"}
    return {**os.environ, "PYTHONPATH": str(ROOT), **quick}


class Dask:
    """A scheduler and workers of one thread each."""

    def __init__(self, folder: Path, workers: int, nanny: bool = True) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--scheduler-file", str(self.file), "--port", "0", "--no-dashboard"
        )
        limit = time.monotonic() + LIMIT
        while not self.file.exists() and time.monotonic() < limit:
            time.sleep(0.1)
        self.workers = [self.add_worker(nanny) for _ in range(workers)]

    def add_worker(self, nanny: bool = True) -> subprocess.Popen[bytes]:
        """Start a worker in a process group of its own."""
        kind = ("--nanny",) if nanny else ("--no-nanny",)
        words = ("--nthreads", "1", "--no-dashboard", *kind, "--local-directory", self._folder)
        return self._start("worker", "--scheduler-file", str(self.file), *map(str, words))

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
            env=environment(),
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{words[0]}-{len(self._processes)}.log").open("wb"),
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Kill every process that was started here."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()


@contextmanager
def dask(folder: Path, workers: int = 2, nanny: bool = True) -> Iterator[Dask]:
    """Have a Dask cluster for the length of a block."""
    cluster = Dask(folder, workers, nanny)
    try:
        yield cluster
    finally:
        cluster.close()


def parsl_config(folder: Path, workers: int = 2) -> Path:
    """Write the configuration of Parsl workers on this machine; return its path."""
    path = folder / "my_site.py"
    path.write_text(PARSL.format(workers=workers, run_dir=str(folder / "runinfo")))
    return path


def unused_address() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


def suite(folder: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    """Start a command of the suite."""
    environment_: Mapping[str, str] = {**environment(), **more}
    return subprocess.Popen(
        [sys.executable, "-m", "suite", *words],
        cwd=folder,
        env=environment_,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def manager_of_parsl(folder: Path) -> int:
    """Return the process of Parsl that starts the workers, which is no child of the run."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (path / "cmdline").read_text()
            if "process_worker_pool" in line and str(folder) in line and "/bash" not in line:
                return int(path.name)
    raise AssertionError(f"no Parsl manager of {folder}")


def below(parent: int, words: str) -> list[int]:
    """Return the processes below one whose command line holds some words."""
    parents: dict[int, int] = {}
    lines: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            number = int(path.name)
            parents[number] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            lines[number] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    found = []
    for number, line in lines.items():
        above = number
        while above in parents and above != parent:
            above = parents[above]
        if above == parent and number != parent and words in line:
            found.append(number)
    return found
