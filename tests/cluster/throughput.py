"""How many stacks of no work an engine takes in a second, and what its scheduler and the process
that stores grow to: ``python -m tests.cluster.throughput dask --stacks 100000``.

The tasks, the window, the answers and the storing are those of a run. A worker answers at once with
a shard that was measured before, so that nothing but the engine and the driver takes time.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
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


def main() -> None:
    """Measure one engine and print a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=("dask", "parsl"))
    parser.add_argument("--stacks", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--store", action="store_true", help="also write each shard to the disk")
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(engines.ROOT)
    driver.measure = engines.nothing
    axes = (("framework", "numpy"), ("activation", "tanh"), ("depth", 4), ("width", 5))
    cell = Cell("fake", axes, " ".join(f"{axis}={value}" for axis, value in axes))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        results = Results(folder)
        (folder / "shards").mkdir()
        with started(given.engine, folder, given.workers) as (chosen, scheduler):
            executor = chosen(Job(folder, 0, frameworks=("numpy",)), given.workers)
            for place in range(given.stacks):
                members = tuple(Member(cell, 20 * place + seed) for seed in range(20))
                executor.submit(Stack("fake", "numpy", cell.values, members), 600.0)
            received = iter(executor.results())
            next(received)  # the engine has workers now
            if not scheduler:
                (scheduler, *_) = engines.below(os.getpid(), "interchange")
            rows = []
            begin, ten = time.perf_counter(), max(1, given.stacks // 10)
            used = worked(scheduler), worked(os.getpid())
            for number, result in enumerate(itertools.chain(received), 2):
                assert result.status == "measured", result.reason
                if given.store:
                    results.write_shard(result.stack, result.shard or b"")
                if number % ten == 0:
                    seconds = time.perf_counter() - begin
                    rows.append((number, seconds, resident(scheduler), resident(os.getpid())))
                    print(*(f"{value:.0f}" for value in rows[-1]), file=sys.stderr, flush=True)
            used = worked(scheduler) - used[0], worked(os.getpid()) - used[1]
            executor.close()
    number, seconds, *memory = rows[-1]
    first = rows[0][2:]
    print(f"{given.engine}, {given.workers} workers: {number:,} stacks in {seconds:.0f} s")
    for name, spent, before, after in zip(
        ("scheduler", "driver"), used, first, memory, strict=True
    ):
        print(
            f"{name}: {1000 * spent / number:.2f} ms of a processor for each stack; MB after a"
            f" tenth of them and at the end: {before:.0f} and {after:.0f}"
        )


if __name__ == "__main__":
    main()
