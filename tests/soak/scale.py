"""Measures the cost of one run of the fake study and of resuming it, in a fresh process.

``python tests/soak/scale.py RUNS FOLDER`` prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import pytest

from suite.commands.run import pipeline
from suite.measuring import environment
from suite.measuring.executors import local
from suite.results.tables import read_table
from tests.support import fake_study

CELLS = 15
"""The cells of the fake study: five widths times three scales, one of them unsupported."""


def main(runs: int, folder: Path) -> dict[str, float]:
    """Return the seconds to plan, to run and to resume; the peak bytes of this process and of a
    worker; and the bytes and files stored."""
    patch = pytest.MonkeyPatch()
    patch.setattr(local, "EXECUTOR", fake_study.processes(folder / "orders"))
    patch.setattr(environment, "tree_hash", lambda: "scale")  # edited or not
    spent: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        spent[f"{name}_seconds"] = time.perf_counter() - wall
        spent[f"{name}_cpu_seconds"] = time.process_time() - cpu  # of this process alone

    with stage("plan"):
        plan = fake_study.plan(patch, tuple(range(1, CELLS // 3 + 1)), runs // CELLS)
    for name in ("run", "resume"):
        with stage(name):
            code = pipeline.run(plan, ["suite", "run"], folder / "out", 2, draw=False)
        assert code == 0
    timings = read_table(folder / "out" / "timings.csv")
    files = [path for path in (folder / "out").rglob("*") if path.is_file()]
    return {
        "runs": sum(len(stack.members) for stack in plan.stacks["fake"]),
        "stacks": len(plan.stacks["fake"]),
        **spent,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0,
        "worker_peak_bytes": float(timings["process_peak_bytes"].max()),
        "bytes": sum(path.stat().st_blocks * 512 for path in files),
        "csv_bytes": os.path.getsize(folder / "out" / "fake" / "runs.csv"),
        "files": len(files),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))))
