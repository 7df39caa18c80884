"""A simulation of a run on a cluster: when are the workers kept busy, and when does everything wait
for the scheduler or for the process that stores? ``python -m tests.cluster.bottleneck`` prints the
table of docs/how_to/cluster.md.

The stacks go round: sent by the writer, assigned by the scheduler, measured by a worker, taken back
by the scheduler, stored by the writer. Scheduler and writer do one thing at a time, in the order in
which it came to them, half of their time for a stack on its way out and half on its way back. A
window of stacks a worker is under way at once.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from suite.commands.plan import HANDING_OUT
from suite.measuring.remote.driver import DEPTH

SCHEDULER, WRITER = 0.0025, HANDING_OUT
"""Seconds for each stack, as ``tests.cluster.throughput`` measured them: of Dask's scheduler, and
of the process that stores, which waits for its disk."""
STACKS = 100_000
_ROUTE = ("writer", "scheduler", "worker", "scheduler", "writer")


@dataclass
class Simulated:
    """What a run took, in seconds."""

    seconds: float
    worker: float
    """The share of the time during which the average worker measured."""


def simulated(
    times: Sequence[float],
    workers: int,
    scheduler: float = SCHEDULER,
    writer: float = WRITER,
    depth: int = DEPTH,
) -> Simulated:
    """Simulate a run. ``times``: the seconds that each stack is measured, in the order in which
    they are sent; ``scheduler`` and ``writer``: the seconds of each for one stack."""
    half = {"scheduler": scheduler / 2, "writer": writer / 2}
    free = dict.fromkeys(half, 0.0)  # when each has done all that has come to it
    idle, queue = workers, deque[int]()
    waiting = deque(range(len(times)))
    events: list[tuple[float, int, int]] = []  # (time, stack, steps of the route that are done)
    now = 0.0

    def arrive(stack: int, step: int) -> None:
        nonlocal idle
        place = _ROUTE[step]
        if place != "worker":
            free[place] = max(free[place], now) + half[place]
            heapq.heappush(events, (free[place], stack, step + 1))
        elif idle:
            idle -= 1
            heapq.heappush(events, (now + times[stack], stack, step + 1))
        else:
            queue.append(stack)

    for _ in range(min(depth * workers, len(times))):
        arrive(waiting.popleft(), 0)
    while events:
        now, stack, step = heapq.heappop(events)
        if step == len(_ROUTE):
            if waiting:
                arrive(waiting.popleft(), 0)
            continue
        if _ROUTE[step - 1] == "worker":
            idle += 1
            if queue:
                arrive(queue.popleft(), _ROUTE.index("worker"))
        arrive(stack, step)
    return Simulated(now, sum(times) / (workers * now))


def drawn(count: int, mean: float) -> list[float]:
    """Return seconds of stacks, the longest first: most are shorter than the mean, some are ten
    times as long."""
    chance = random.Random(0)
    times = [chance.lognormvariate(-0.5, 1.0) * mean for _ in range(count)]
    return sorted(times, reverse=True)


def main() -> None:
    """Print the table."""
    print("| a stack takes | workers | on paper | simulated | workers are busy |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for mean in (1.0, 10.0, 60.0):
        times = drawn(STACKS, mean)
        for workers in (100, 1_000, 10_000):
            paper = max(sum(times) / workers, max(times), STACKS * max(SCHEDULER, WRITER))
            run = simulated(times, workers)
            print(
                f"| {mean:.0f} s | {workers:,} | {paper:,.0f} s | {run.seconds:,.0f} s |"
                f" {run.worker:.0%} |"
            )


if __name__ == "__main__":
    main()
