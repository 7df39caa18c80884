"""The executor of every engine that is a ``concurrent.futures.Executor``.

Only ``submit`` and the futures are used. A few stacks a worker are with the engine at a time and
the rest waits here: what engines do with a hundred thousand tasks at once is known to be slow.

An engine is trusted with nothing. A task may never end, end twice, end in any order, raise or be
cancelled: a stack has the first result that is whole, every later one is dropped, and a task that
must have ended by now counts as lost.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import pickle
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from concurrent.futures import Executor as Pool
from dataclasses import dataclass, field

from suite.catalogue.frameworks import entry_of
from suite.errors import UserError
from suite.measuring.executors import Gone, Job, Result
from suite.measuring.executors.local import START_TIMEOUT
from suite.measuring.measure_stack import error_line
from suite.measuring.remote.request import Answer, Request, checksum, contents_of, token_of
from suite.measuring.remote.worker import measure
from suite.types import Stack

DEPTH = 3
"""Stacks a worker that are with the engine: one that is measured, and some so that the worker never
waits for the driver."""
POLL = 1.0
"""Seconds between two looks at the number of workers and at what is overdue."""


class Engine:
    """What runs the tasks: a pool, and what is known about it besides.

    This one is for a pool of which nothing is known but the number of its workers.
    """

    def __init__(self, pool: Pool, workers: int) -> None:
        self.pool = pool
        self._workers = workers

    def workers(self) -> int:
        """Return the number of stacks that can be measured at once now; 0 while no worker is
        there."""
        return self._workers

    def trouble(self) -> str:
        """Return why nothing can be measured any more; empty while something can."""
        return ""

    def release(self, token: str) -> None:
        """End what workers keep for a run, where they outlive it."""

    def close(self) -> None:
        """Give up what is not finished, and free what the engine holds."""
        self.pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class _Open:
    """A stack without a result."""

    stack: Stack
    timeout: float
    loss: str = ""
    """How the first attempt was lost."""
    futures: list[Future[Answer]] = field(default_factory=list)


@dataclass(frozen=True)
class _Flight:
    """A task that is with the engine; ``sent`` is a time of the driver's clock of workers."""

    key: str
    sent: float


class Driver:
    """The executor; see the top of this file."""

    def __init__(
        self,
        job: Job,
        engine: Engine,
        depth: int = DEPTH,
        start: float = START_TIMEOUT,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``depth``: stacks a worker that are with the engine. ``start``: the seconds that a
        worker may take to start. ``now``: a clock."""
        self._engine, self._depth, self._start = engine, depth, start
        self._contents = contents_of(job)
        self._token = token_of(self._contents)
        self._introduced = 0  # tasks that were sent with the contents, for workers that are new
        self._open: dict[str, _Open] = {}
        self._waiting: deque[str] = deque()
        self._retries: deque[str] = deque()
        self._flights: dict[int, _Flight] = {}
        self._numbers = itertools.count()
        self._ended: queue.SimpleQueue[tuple[int, Future[Answer]]] = queue.SimpleQueue()
        self._clock = _WorkersClock(engine, now)
        self._longest = 0.0

    def submit(self, stack: Stack, timeout: float) -> None:
        """Queue a stack."""
        self._open[stack.key] = _Open(stack, timeout)
        self._longest = max(self._longest, timeout)
        self._waiting.append(stack.key)

    def results(self) -> Iterator[Result]:
        """Yield the results of all submitted stacks.

        Raises UserError for a worker that differs from the run, and Gone where the engine can run
        nothing any more.
        """
        while self._open:
            self._fill()
            for number, future in self._some_ended():
                flight = self._flights.pop(number, None)
                yield from self._received(flight.key if flight else None, future)
            if self._clock.ticked():
                if trouble := self._engine.trouble():
                    raise Gone(trouble)
                for number, flight in self._overdue():
                    del self._flights[number]
                    if flight.key in self._open:
                        yield self._lost(flight.key, "its task never ended")

    def close(self) -> None:
        """Cancel what is with the engine."""
        for opened in self._open.values():
            for future in opened.futures:
                _cancel(future)
        self._open.clear()
        self._engine.release(self._token)
        self._engine.close()

    # --- sending -------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Send stacks until the window is full; stacks that were lost once come last."""
        window = self._depth * max(1, self._clock.workers)
        while len(self._flights) < window and (self._waiting or self._retries):
            key = (self._waiting or self._retries).popleft()
            if key in self._open:
                new = self._introduced < max(1, self._clock.workers)
                self._introduced += new
                self._send(key, new)

    def _send(self, key: str, with_contents: bool) -> None:
        """Give a stack to the engine. Raises Gone where it takes none."""
        opened = self._open[key]
        request = Request(
            token=self._token,
            contents=self._contents if with_contents else None,
            process=entry_of(opened.stack.framework).process,
            key=key,
            stack=pickle.dumps(opened.stack),
            timeout=opened.timeout,
            fresh=bool(opened.loss),
        )
        number = next(self._numbers)
        try:
            future = self._engine.pool.submit(measure, request)
        except Exception as error:  # whatever an engine raises that has ended
            raise Gone(self._engine.trouble() or error_line(error)) from error
        self._flights[number] = _Flight(key, self._clock.seconds)
        opened.futures.append(future)
        future.add_done_callback(lambda ended: self._ended.put((number, ended)))

    # --- receiving -----------------------------------------------------------------------------

    def _some_ended(self) -> Iterator[tuple[int, Future[Answer]]]:
        """Yield the tasks that have ended, after waiting a moment for the first."""
        with contextlib.suppress(queue.Empty):
            yield self._ended.get(timeout=POLL)
            while True:
                yield self._ended.get_nowait()

    def _received(self, key: str | None, future: Future[Answer]) -> Iterator[Result]:
        """Yield the result that a task brought, if it brought one that is needed."""
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None and (answer := _readable(future.result())) is not None:
            if answer["state"] == "refused":
                raise UserError(
                    f"{answer['reason']}; give the workers the environment of this machine (what is"
                    " finished is stored, and the same command goes on)"
                )
            if answer["state"] == "measured":
                yield from self._measured(answer)
            elif key is None or key not in self._open:
                return
            elif answer["state"] == "needs":
                self._send(key, with_contents=True)
            else:
                yield self._lost(key, answer["reason"])
            return
        if isinstance(error, BrokenExecutor):
            raise Gone(error_line(error))
        if error is not None and (trouble := self._engine.trouble()):
            raise Gone(trouble)
        if absent := _lacks_the_suite(error):
            raise UserError(f"a worker cannot import the suite ({absent}); install it there")
        if key is not None and key in self._open:
            yield self._lost(key, _words(error))

    def _measured(self, answer: Answer) -> Iterator[Result]:
        """Yield the result of a stack, once; later ones say the same."""
        opened = self._open.get(answer["key"])
        if opened is None:
            return
        if checksum(answer["shard"]) != answer["sha256"]:
            yield self._lost(answer["key"], "its shard was damaged on the way")
            return
        del self._open[answer["key"]]
        for future in opened.futures:
            _cancel(future)
        yield Result(opened.stack, answer["reason"], shard=answer["shard"])

    def _lost(self, key: str, reason: str) -> Result:
        """Queue a stack again after the first loss, and give it up after the second."""
        opened = self._open[key]
        if not opened.loss:
            opened.loss = reason
            self._retries.append(key)
            return Result(opened.stack, reason, "retrying")
        del self._open[key]
        both = (
            f"both times {reason}"
            if opened.loss == reason
            else f"first {opened.loss}, then {reason}"
        )
        return Result(opened.stack, both, "lost")

    def _overdue(self) -> list[tuple[int, _Flight]]:
        """Return the tasks that must have ended by now, had each worker done its share of those
        before them and taken as long as it may for each."""
        share = math.ceil(len(self._flights) / max(1, self._clock.workers))
        allowed = self._start + (share + 1) * self._longest
        now = self._clock.seconds
        return [(n, flight) for n, flight in self._flights.items() if now - flight.sent > allowed]


class _WorkersClock:
    """``seconds`` during which the engine had workers: a queue of a cluster may hold them back for
    days. Also the number of ``workers``, which is asked for now and then."""

    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine, self._now = engine, now
        self._asked, self.seconds = now(), 0.0
        self.workers = engine.workers()

    def ticked(self) -> bool:
        """Look at the engine again, unless the last look is too recent; return whether it did."""
        moment = self._now()
        if moment - self._asked < POLL:
            return False
        if self.workers:
            self.seconds += moment - self._asked
        self._asked = moment
        self.workers = self._engine.workers()
        return True


def _cancel(future: Future[Answer]) -> None:
    with contextlib.suppress(Exception):  # Parsl cannot, and says so by raising
        future.cancel()


def _readable(answer: object) -> Answer | None:
    """Return an answer of ``measure``, or None for anything else."""
    if isinstance(answer, dict) and answer.keys() == Answer.__required_keys__:
        return answer  # type: ignore[return-value]
    return None


def _words(error: BaseException | None) -> str:
    if error is None:
        return "its task returned something else"
    if isinstance(error, CancelledError):
        return "its task was cancelled"
    return f"its task was lost: {error_line(error)}"


def _lacks_the_suite(error: BaseException | None) -> str:
    """Return the line of an error, or of one behind it, that says the suite is not installed."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "suite":
            return error_line(error)
        error, seen = error.__cause__ or error.__context__, seen + 1
    return ""
