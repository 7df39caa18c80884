"""Worker processes on this machine: each measures one stack at a time; one that dies takes only
its own stack with it.

A worker has a pipe of its own and shares no lock or queue with another one. So it may be killed at
any moment, by the system or for taking too long, and only the stack that it measures is lost; a
pool whose workers take tasks from one queue is blocked for good by a worker that dies while it
holds the lock of the queue.

A stack whose worker was lost is measured a second time, in a fresh process while no other stack is
being measured: most workers that die lacked memory. For the same reason a worker that has grown is
replaced between two stacks: frameworks keep something of each program and each large array.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Protocol

from suite.catalogue.frameworks import entry_of
from suite.frameworks.timing import clock
from suite.measuring.environment import worker
from suite.measuring.executors import Job, Result
from suite.measuring.measure_stack import measure_and_store
from suite.processes import without_script
from suite.terminal import filtered_output
from suite.types import Stack

Work = Callable[[Job, Stack], Result]
"""What a worker does with a stack."""
READY = "ready"
"""The first message of a worker. Nothing is sent before it: a stack that does not fit into the
pipe would wait for a reader that may never come to read."""
START_TIMEOUT = 600.0
"""Seconds for a process to start and to load the suite, also from a slow disk."""
LARGE = 1.4e9
"""Bytes of a worker after a stack from which it is replaced; with torch and TensorFlow it has 1.0e9
to begin with."""
GRACE = 5.0
"""Seconds for a process to end, by itself or once it was killed."""
_PR_SET_PDEATHSIG = 1
"""The option of ``prctl`` in ``linux/prctl.h``."""
_SPAWN = multiprocessing.get_context("spawn")  # a forked TensorFlow or torch may hang


class Worker(Protocol):
    """Sends ``READY`` once, then receives stacks one by one and sends the result of each."""

    @property
    def connection(self) -> Connection:
        """The pipe to the worker; at its end when the worker has died."""
        ...

    def end(self, grace: float = 0.0) -> str:
        """Give the worker ``grace`` seconds, then kill it; return how it ended, in words."""
        ...


class Local:
    """The executor of this file; ``start`` makes a worker for a job."""

    def __init__(
        self, job: Job, workers: int, start: Callable[[Job], Worker] | None = None
    ) -> None:
        make = start or Process
        self._pool = _Pool(lambda process: make(replace(job, process=process)))
        self._workers = workers
        self._waiting = _Waiting()
        self._retries: deque[_Request] = deque()
        self._losses: dict[str, str] = {}  # key of a stack -> how its first worker was lost

    def submit(self, stack: Stack, timeout: float) -> None:
        """Queue a stack.

        Loading a framework counts towards the timeout, starting a process does not, and the clock
        does not run while the machine sleeps.
        """
        self._waiting.add(_Request(stack, timeout))

    def results(self) -> Iterator[Result]:
        """Yield the results of all submitted stacks.

        They are started in their order, except that a worker prefers those of a framework that it
        has loaded: a short run would otherwise load every framework in every worker.
        """
        while self._waiting or self._retries or self._pool.busy:
            if not (self._waiting or self._pool.busy):
                self._pool.close_idle()
                self._waiting.add(self._retries.popleft())
            while self._waiting and self._pool.busy < self._workers:
                self._pool.submit(self._waiting.take(self._pool.suits))
            for outcome in self._pool.wait():
                yield outcome if isinstance(outcome, Result) else self._after(outcome)

    def _after(self, loss: _Loss) -> Result:
        """Queue a stack again after the first loss of a worker, and give it up after the second."""
        stack, reason = loss.request.stack, loss.reason
        first = self._losses.get(stack.key)
        if first is None:
            self._losses[stack.key] = reason
            self._retries.append(loss.request)
            return Result(stack, reason, "retrying")
        both = f"both times {reason}" if first == reason else f"first {first}, then {reason}"
        return Result(stack, both, "lost")

    def close(self) -> None:
        """Kill the workers that measure something, and end the idle ones."""
        self._pool.close()


EXECUTOR = Local


@dataclass(frozen=True)
class _Request:
    """A stack to measure, and the seconds that a worker may take for it."""

    stack: Stack
    timeout: float


class _Waiting:
    """Requests in the order in which they were added, by framework."""

    def __init__(self) -> None:
        self._places = itertools.count()
        self._queues: dict[str, deque[tuple[int, _Request]]] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, request: _Request) -> None:
        """Add a request at the end."""
        queue = self._queues.setdefault(request.stack.framework, deque())
        queue.append((next(self._places), request))

    def take(self, suits: Callable[[str], bool]) -> _Request:
        """Remove and return the first request of a framework that suits; where none does, the
        first of all."""
        names = [name for name in self._queues if suits(name)] or list(self._queues)
        name = min(names, key=lambda name: self._queues[name][0][0])
        _, request = self._queues[name].popleft()
        if not self._queues[name]:
            del self._queues[name]
        return request


@dataclass(frozen=True)
class _Loss:
    """A request without a result, because its worker died or took too long."""

    request: _Request
    reason: str


@dataclass(frozen=True)
class _Task:
    """A request in the hands of a worker, which is killed at the deadline for being ``late``."""

    request: _Request
    worker: Worker
    deadline: float
    late: str


class _Pool:
    """Workers that are started when there is work for them; ``start`` makes one of a kind."""

    def __init__(self, start: Callable[[str], Worker]) -> None:
        self._start = start
        self._idle: list[Worker] = []
        self._kinds: dict[Connection, str] = {}
        self._tasks: dict[Connection, _Task] = {}
        self._loaded: dict[Connection, set[str]] = {}  # the frameworks that each worker has loaded
        self._sizes: dict[Connection, float] = {}  # the bytes of each worker after its first stack

    @property
    def busy(self) -> int:
        """The number of stacks that are being measured."""
        return len(self._tasks)

    def suits(self, framework: str) -> bool:
        """Whether ``submit`` had better get a stack of this framework next: the worker has loaded
        it or, where the worker will be a new one, no other worker has."""
        if self._idle:
            return framework in self._loaded[self._idle[-1].connection]
        return not any(framework in loaded for loaded in self._loaded.values())

    def submit(self, request: _Request) -> None:
        """Give a request to an idle worker of its kind, or to a new one, which then takes the
        place of an idle one of another kind."""
        kind = entry_of(request.stack.framework).process
        for idle in reversed(self._idle):
            if self._kinds[idle.connection] == kind:
                self._idle.remove(idle)
                self._send(idle, request)
                return
        if self._idle:
            self._close(self._idle.pop(0))
        worker = self._start(kind)
        self._kinds[worker.connection] = kind
        late = f"the worker did not start within {START_TIMEOUT:g} s"
        deadline = time.monotonic() + START_TIMEOUT
        self._tasks[worker.connection] = _Task(request, worker, deadline, late)
        self._loaded[worker.connection] = {request.stack.framework}

    def wait(self) -> list[Result | _Loss]:
        """Wait until a worker sends a message, dies or runs out of time; return the outcomes."""
        soonest = min(task.deadline for task in self._tasks.values())
        ready = set(wait(list(self._tasks), max(0.0, soonest - time.monotonic())))
        outcomes: list[Result | _Loss] = []
        for connection, task in list(self._tasks.items()):
            if connection in ready:
                outcomes += self._receive(connection, task)
            elif task.deadline <= time.monotonic():
                self._forget(connection)
                task.worker.end()
                outcomes.append(_Loss(task.request, task.late))
        return outcomes

    def _receive(self, connection: Connection, task: _Task) -> list[Result | _Loss]:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            self._forget(connection)
            return [_Loss(task.request, task.worker.end(GRACE))]
        if message == READY:
            self._send(task.worker, task.request)
            return []
        del self._tasks[connection]
        if self._grown(connection, message.resident_bytes):
            self._close(task.worker)
        else:
            self._idle.append(task.worker)
        return [message]

    def _grown(self, connection: Connection, size: float) -> bool:
        """Whether a worker is large, and not because what it has imported is: such a worker's
        successor would soon be as large."""
        first = self._sizes.setdefault(connection, size)
        return size > max(LARGE, 1.5 * first)

    def _forget(self, connection: Connection) -> None:
        """Strike out a worker that is lost."""
        del self._tasks[connection], self._loaded[connection], self._kinds[connection]
        self._sizes.pop(connection, None)

    def _send(self, worker: Worker, request: _Request) -> None:
        """Send a request to a worker that waits for one."""
        late = f"took longer than {request.timeout:g} s"
        deadline = time.monotonic() + request.timeout
        self._tasks[worker.connection] = _Task(request, worker, deadline, late)
        self._loaded[worker.connection].add(request.stack.framework)
        with contextlib.suppress(OSError):  # it has just died, as the next ``wait`` will find out
            worker.connection.send(request.stack)

    def close_idle(self) -> None:
        """End the workers that have nothing to do, so that the next request gets a new one."""
        while self._idle:
            self._close(self._idle.pop())

    def _close(self, worker: Worker) -> None:
        """End a worker that has nothing to do."""
        del self._loaded[worker.connection], self._kinds[worker.connection]
        self._sizes.pop(worker.connection, None)
        worker.end(GRACE)

    def close(self) -> None:
        """Kill the workers that measure something, and end the idle ones."""
        for task in self._tasks.values():
            task.worker.end()
        self.close_idle()


class Process:
    """A worker that is a new process."""

    def __init__(self, job: Job, work: Work = measure_and_store) -> None:
        self.connection, theirs = _SPAWN.Pipe()
        lasting = threading.current_thread() is threading.main_thread()
        arguments = (theirs, work, job, os.getpid(), lasting, time.time())
        self._process = _SPAWN.Process(target=_live, args=arguments, daemon=True)
        with _worker_settings(job.process), without_script():
            self._process.start()
        theirs.close()  # the worker's copy is the only one, and ends with it

    def end(self, grace: float = 0.0) -> str:
        """Give the process ``grace`` seconds, then kill it; return how it ended, in words."""
        self.connection.close()  # a process that waits for a stack ends by itself, and tidies up
        self._process.join(grace)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(GRACE)  # bounded: a process blocked on dead I/O cannot be killed
        return ending(self._process.exitcode)


def ending(code: int | None) -> str:
    """Return how a process ended, from its exit code."""
    if code is None or code >= 0:
        return f"the worker ended with exit code {code}"
    perhaps = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"the worker was killed by {signal.Signals(-code).name}{perhaps}"


@contextmanager
def _worker_settings(process: str) -> Iterator[None]:
    """Start processes of a kind inside this block with ``worker(process)`` set in their
    environment, which libraries read when they are first imported, and with Ctrl-C ignored, which
    the terminal sends to all."""
    settings = worker(process)
    before = {name: os.environ.get(name) for name in settings}
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    os.environ.update(settings)
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _live(
    connection: Connection, work: Work, job: Job, parent: int, lasting: bool, started: float
) -> None:
    """Run a worker process from its start to its end.

    ``lasting``: see ``follow``. ``started`` is a time of the system's clock, which all processes
    share.
    """
    clock.add("start", time.time() - started)
    follow(parent, lasting)
    silence_others()
    with filtered_output():  # a plugin may print whatever it likes
        serve(connection, work, job)


def silence_others() -> None:
    """Let nothing through to the terminal but what Python code prints.

    The compiled parts of a framework write to the descriptors themselves, and its Python parts warn
    and log; both would break up what the run shows, and neither says anything that a row does not.
    """
    warnings.simplefilter("ignore")
    warnings.filterwarnings("default", module="suite")
    logging.disable(logging.WARNING)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        with contextlib.suppress(OSError):
            kept = os.fdopen(os.dup(descriptor), "w", 1, encoding="utf-8", errors="replace")
            setattr(sys, name, kept)
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def serve(connection: Connection, work: Work, job: Job) -> None:
    """Receive stacks and send their results until the other side closes the connection."""
    try:
        connection.send(READY)
        while True:
            connection.send(work(job, connection.recv()))
    except (EOFError, ConnectionError):
        return


def follow(parent: int, lasting: bool) -> None:
    """End this process when the one that started it ends, in whatever way.

    On Linux it ends at once, also in the middle of C code that lets no Python run; elsewhere
    within about a second, once Python runs. ``lasting`` says that the thread that started this
    process lives as long as the process of that thread.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    if lasting:  # Linux kills this process with that thread, even where the other process lives on
        _killed_with_parent()
    if os.getppid() != parent:  # the other process died before this one asked to be killed with it
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


def _killed_with_parent() -> None:
    """Have Linux kill this process when the thread that started it ends.

    Do nothing on other systems, or where the system forbids it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
