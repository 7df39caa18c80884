"""Runs a plan: gives its stacks to an executor, keeps what comes back, and resumes.

A failure stays in its stack. One that raised is stored by its worker as failed, with the reason in
its rows; one whose worker was lost is stored here as failed. Everything else goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence

from suite.measuring.executors import Executor, Result
from suite.measuring.measure_stack import error_line, give_up
from suite.planning.grids import Plan
from suite.results.folder import Results
from suite.types import Cost, Stack


class NotStored(OSError):
    """Raised when a shard cannot be written: nothing measured from now on could be kept."""


def pending(plan: Plan, results: Results) -> list[Stack]:
    """Return the stacks of a plan that are not stored yet, or failed when they were last tried."""
    return [
        stack for stacks in plan.stacks.values() for stack in stacks if not results.finished(stack)
    ]


def in_order(plan: Plan, stacks: Sequence[Stack], first: Collection[str] = ()) -> list[Stack]:
    """Return stacks in the order in which they are measured, which no result depends on.

    ``first``: the keys of those that come first, study by study, the study that takes the least
    time before the others, so that there is something to read early. The others follow together,
    the longest first, so that at the end no worker is busy with a long one alone.
    """
    seconds = {stack.key: plan.costs[stack.key].seconds for stack in stacks}
    of_study = dict.fromkeys((stack.study for stack in stacks), 0.0)
    for stack in stacks:
        of_study[stack.study] += seconds[stack.key] if stack.key in first else 0.0

    def place(stack: Stack) -> tuple[bool, float, str, float]:
        later = stack.key not in first
        study = (0.0, "") if later else (of_study[stack.study], stack.study)
        return (later, *study, -seconds[stack.key])

    return sorted(stacks, key=place)


def default_timeout(cost: Cost) -> float:
    """Return the seconds after which the worker of a stack is taken to hang.

    That is ten minutes and 60 times what the stack should take. Expected costs are for one quiet
    core of one machine; stacks of a whole run, on two busy cores, took at most 5 times as long. The
    ten minutes are for loading a framework from a slow disk.
    """
    return 600.0 + 60.0 * cost.seconds


def execute(
    plan: Plan,
    stacks: Sequence[Stack],
    results: Results,
    executor: Executor,
    progress: Callable[[Result], None],
    timeout: float | None = None,
) -> None:
    """Run the given stacks of a plan on an executor, in their order.

    ``progress`` is called with every result. ``timeout`` is the seconds after which the worker of
    a stack is taken to hang; None means the ``default_timeout`` of each stack. The executor is
    closed when this ends, however it ends. Raises NotStored when a shard cannot be written.
    """
    with contextlib.closing(executor):
        for stack in stacks:
            executor.submit(stack, timeout or default_timeout(plan.costs[stack.key]))
        for result in executor.results():
            kept = _keep(results, result)
            progress(kept)
            if kept.status == "not stored":
                raise NotStored(kept.reason)


def _keep(results: Results, result: Result) -> Result:
    """Store what a worker did not store itself; return the result as it then stands."""
    if result.status == "lost":
        return give_up(results, result.stack, result.reason)
    if result.shard is None:
        return result
    try:
        results.write_shard(result.stack, result.shard)
    except OSError as error:
        return Result(result.stack, error_line(error), "not stored")
    return Result(result.stack, result.reason)
