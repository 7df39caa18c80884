"""Where the time of a run went: the table timings.csv, and the lines that a run ends with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from suite.frameworks.timing import STAGES
from suite.planning.grids import Plan
from suite.results.folder import Results

if TYPE_CHECKING:
    import pandas as pd


class Stages:
    """A stopwatch for the stages of a run: ``seconds`` maps each to its time, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def timings_table(plan: Plan, results: Results, stages: Stages) -> pd.DataFrame:
    """Return one row for each stage of this run, then one for each stored stack.

    The row of a stack has its seconds in all, its peak memory in bytes, the processor that it was
    measured on, and the seconds of each stage of its worker since the worker's previous stack.
    """
    import pandas as pd

    rows = [
        {
            "stage": stage,
            "seconds": seconds,
            "study": "",
            "stack": "",
            "label": "",
            "expected_seconds": None,
            "process_peak_bytes": None,
            "processor": "",
            **dict.fromkeys(STAGES),
        }
        for stage, seconds in stages.seconds.items()
    ]
    for study, stacks in plan.stacks.items():
        for stack in stacks:
            if timings := results.timings(stack):
                rows.append(
                    {
                        "stage": "stack",
                        **timings,
                        "study": study,
                        "stack": stack.key,
                        "label": stack.label,
                        "expected_seconds": plan.costs[stack.key].seconds,
                    }
                )
    return pd.DataFrame(rows)


def processors(timings: pd.DataFrame) -> dict[str, int]:
    """Return the processors that stacks were measured on -> the number of stacks, the most used
    first."""
    if "processor" not in timings:
        return {}
    known = timings.loc[timings["stage"] == "stack", "processor"].dropna()
    return {str(name): int(count) for name, count in known.value_counts().items()}


def spent(timings: pd.DataFrame) -> str:
    """Return two lines: the seconds of each stage of a run, and those of all its workers."""
    stacks = timings["stage"] == "stack"
    run = zip(timings.loc[~stacks, "stage"], timings.loc[~stacks, "seconds"], strict=True)
    # Without any stack, the columns of the stages hold None.
    workers = timings.loc[stacks].reindex(columns=list(STAGES)).astype(float).sum()
    stages = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in run)
    inside = ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in workers.items() if seconds)
    return f"{stages}\nseconds of all workers together: {inside}"
