"""How many stacks of no work an engine takes in a second, and what its scheduler and the process
that stores grow to: ``python -m tests.cluster.throughput dask --stacks 100000``.

The tasks, the window, the answers and the storing are those of a run. A worker answers at once with
8 kB of zeros, so that nothing but the engine and the process that stores takes time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.measuring import executors
from suite.measuring.executors import Job
from suite.measuring.remote import driver
from suite.results.folder import Results
from suite.types import Cell, Member, Stack
from tests.cluster import engines
from tests.support import ROOT


def resident(process: int) -> float:
    """Return the memory of a process in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return 0.0


def worked(process: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(name: str, folder: Path, workers: int) -> Iterator[tuple[executors.Chosen, int]]:
    """Have an engine for the length of a block; yield its executor and its scheduler, or 0 where
    that is started later, as a process of this one."""
    if name == "dask":
        with engines.dask(folder, workers) as cluster:
            yield executors.find("dask", scheduler=str(cluster.file)), cluster.scheduler.pid
    else:
        config = engines.parsl_config(folder, workers)
        yield executors.find("parsl", config=str(config)), 0


HEADINGS = ("stacks", "seconds", "scheduler, ms", "writer, ms", "scheduler, MB", "writer, MB")
"""Of the table: the milliseconds are of a processor and for each stack, since the row before."""


def main() -> None:
    """Measure one engine, and print a row after each tenth of the stacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=("dask", "parsl"))
    parser.add_argument("--stacks", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-store", action="store_true", help="do not write shards to the disk")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    vars(driver)["measure"] = engines.nothing  # what the driver sends
    print("| " + " | ".join(HEADINGS) + " |\n|" + " ---: |" * len(HEADINGS), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        results = Results(folder)
        (folder / "shards").mkdir()
        with started(given.engine, folder, given.workers) as (chosen, scheduler):
            executor = chosen(Job(folder, 0, frameworks=("numpy",)), given.workers)
            for place in range(given.stacks):
                executor.submit(fake_stack(place), 600.0)
            received = iter(executor.results())
            next(received)  # the engine has workers now
            if not scheduler:
                (scheduler, *_) = engines.below(os.getpid(), "interchange")
            tenth, seconds, writing = max(1, given.stacks // 10), 0.0, 0.0
            begin, used = time.perf_counter(), (worked(scheduler), worked(os.getpid()))
            for number, result in enumerate(received, 2):
                assert result.status == "measured", result.reason
                if not given.no_store:
                    before = time.perf_counter()
                    results.write_shard(result.stack, result.shard or b"")
                    writing += time.perf_counter() - before
                if number % tenth == 0:
                    seconds = time.perf_counter() - begin
                    now = worked(scheduler), worked(os.getpid())
                    spent = [1000 * (b - a) / tenth for a, b in zip(used, now, strict=True)]
                    sizes = resident(scheduler), resident(os.getpid())
                    print(
                        f"| {number:,} | {seconds:.0f} | {spent[0]:.2f} | {spent[1]:.2f} |"
                        f" {sizes[0]:.0f} | {sizes[1]:.0f} |",
                        flush=True,
                    )
                    used = now
            executor.close()
    print(
        f"{given.engine}, {given.workers} workers: {given.stacks / seconds:.0f} stacks a second;"
        f" writing a shard took {1000 * writing / given.stacks:.2f} ms by the clock"
    )


def fake_stack(place: int) -> Stack:
    """Return a stack of 20 members that no other place has."""
    axes = (("framework", "numpy"), ("activation", "tanh"), ("depth", 4), ("width", 5))
    cell = Cell("fake", axes, "numpy tanh")
    return Stack(
        "fake", "numpy", cell.values, tuple(Member(cell, 20 * place + seed) for seed in range(20))
    )


if __name__ == "__main__":
    main()
