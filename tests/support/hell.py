"""An executor that drops, repeats, delays, reorders, raises, cancels and damages, on a clock of its
own: nothing in it depends on how fast the machine is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

from suite.measuring.executors import Job
from suite.measuring.measure_stack import measure_and_return
from suite.measuring.remote import driver
from suite.measuring.remote.driver import Engine
from suite.measuring.remote.request import Answer, Request, checksum

DEEDS = ("drop", "raise", "cancel", "repeat", "delay", "damage", "nonsense", "lose")
"""What can happen to a task. ``repeat`` and ``delay`` lose nothing."""
LOSSES = {
    "drop": "its task never ended",
    "raise": "its task was lost: RuntimeError: the node is gone",
    "cancel": "its task was cancelled",
    "damage": "its shard was damaged on the way",
    "nonsense": "its task returned something else",
    "lose": "the worker was killed by SIGKILL (out of memory?)",
}
"""A deed -> how the loss is told."""
TIMEOUT = 50.0
"""The timeout of every stack in the seconds of the clock, of which a look at the engine takes
one."""


class Hell(Engine):
    """An engine whose tasks are run when the driver looks at it, in an arbitrary order.

    ``deeds``: key of a stack -> what happens to its first task, its second, ...
    """

    def __init__(
        self, deeds: Mapping[str, tuple[str, ...]], workers: int = 2, order: int = 0
    ) -> None:
        self.given = _Pool(self)
        super().__init__(self.given, workers)
        self.deeds = {key: list(of_stack) for key, of_stack in deeds.items()}
        self.random = random.Random(order)
        self.tasks: list[tuple[Callable[..., Any], Request, Future[Any]]] = []
        self.dropped: list[tuple[Callable[..., Any], Request, Future[Any]]] = []
        self.most = 0
        self.seconds = 0.0
        self.closed = False

    def now(self) -> float:
        """Return the time; each look takes as long as the driver's between two polls."""
        self.seconds += driver.POLL
        return self.seconds

    def workers(self) -> int:
        """Let some of the tasks end."""
        self.random.shuffle(self.tasks)
        for _ in range(self.random.randint(0, len(self.tasks))):
            self._end(*self.tasks.pop())
        return self._workers

    def close(self) -> None:
        self.closed = True

    def _end(self, function: Callable[..., Any], request: Request, future: Future[Any]) -> None:
        deeds = self.deeds.get(request["key"], [])
        deed = deeds.pop(0) if deeds else "run"
        if deed == "drop":
            self.dropped.append((function, request, future))
        elif deed == "raise":
            future.set_exception(RuntimeError("the node is gone"))
        elif deed == "cancel":
            future.cancel()
            future.set_running_or_notify_cancel()
        elif deed == "delay":
            self.tasks.insert(0, (function, request, future))
        elif deed == "nonsense":
            future.set_result(None)
        elif deed == "lose":
            future.set_result(lost(request["key"], LOSSES["lose"]))
        elif not future.cancelled():
            answer = function(request)
            if deed == "damage":
                answer["shard"] = answer["shard"][:-1] + b"?"
            if deed == "repeat":
                function(request)
            future.set_result(answer)
            if deed == "repeat":
                future._invoke_callbacks()  # type: ignore[attr-defined]


class _Pool(Executor):
    def __init__(self, engine: Hell) -> None:
        self.engine = engine

    def submit(self, function: Callable[..., Any], /, *words: Any, **more: Any) -> Future[Any]:
        assert not more
        future: Future[Any] = Future()
        self.engine.tasks.append((function, words[0], future))
        self.engine.most = max(self.engine.most, len(self.engine.tasks))
        return future


def lost(key: str, reason: str) -> Answer:
    """Return the answer of a worker whose child died."""
    return Answer(state="lost", key=key, reason=reason, shard=b"", sha256="")


def measuring(job: Job, stacks: Mapping[str, Any]) -> Callable[[Request], Answer]:
    """Return a ``measure`` that measures in this process, and needs no contents."""

    def measure(request: Request) -> Answer:
        result = measure_and_return(job, stacks[request["key"]])
        assert result.shard is not None
        return Answer(
            state="measured",
            key=request["key"],
            reason=result.reason,
            shard=result.shard,
            sha256=checksum(result.shard),
        )

    return measure
