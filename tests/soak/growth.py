"""Measures the cost of networks trained for one epoch in one process, stack after stack.

``python tests/soak/growth.py FRAMEWORK NETWORKS FOLDER`` prints one line of JSON. The networks are
those of the study ``training`` with one hidden layer of tanh: every initializer, native and shared
weights, and as many seeds as are needed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from suite.measuring.environment import WORKER

os.environ.update(WORKER)  # before any framework is imported

from suite.frameworks.timing import clock
from suite.measuring.executors import Job
from suite.measuring.measure_stack import measure_and_store
from suite.planning import grids
from suite.results.folder import Results
from suite.studies import STUDIES, training

KINDS = 17
"""The number of networks of one seed: nine native starts and eight shared ones."""


def main(framework: str, networks: int, folder: Path) -> dict[str, float]:
    """Return the seconds of the processor, without those of the first stack, which loads the
    framework; the peak bytes after the first stack and after the last; and the bytes stored."""
    training.RECORD = (0, 1)  # in this process
    study = STUDIES["training"]
    chosen = grids.parse_overrides(
        ["activation=tanh", "depth=1", "optimizer=rmsprop", "settings=common"], [study]
    )
    seeds = max(1, round(networks / KINDS))
    selection = grids.Selection("standard", (framework,), chosen, seeds)
    plan = grids.plan([study], selection)
    stacks = plan.stacks["training"]
    results = Results(folder)
    results.make()
    (folder / "shards").mkdir(exist_ok=True)
    peaks, spent, compiled = [], [], 0.0
    for stack in stacks:
        before = time.process_time()
        result = measure_and_store(Job(folder, 0), stack)
        assert (result.status, result.reason) == ("measured", "")
        spent.append(time.process_time() - before)
        compiled += float(results.timings(stack).get("compile", 0.0))
        peaks.append(float(results.timings(stack)["process_peak_bytes"]))
    clock.take()
    supported = sum(len(grids.supported(study, stack)[0].members) for stack in stacks)
    return {
        "networks": supported,
        "stacks": len(stacks),
        "seconds": sum(spent[1:]) * len(spent) / max(1, len(spent) - 1),
        "compile_seconds": compiled,
        "first_peak_bytes": peaks[0],
        "peak_bytes": peaks[-1],
        "bytes": float(sum(path.stat().st_size for path in (folder / "shards").iterdir())),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
