"""Worker processes: each measures one stack at a time, and its end is nobody else's.

A worker has a pipe of its own and shares no lock or queue with another one. So it may be killed
at any moment, by the system or for taking too long, and only the stack in its hands is concerned;
a pool whose workers take tasks from one queue is blocked for good by a worker that dies while it
holds the queue's lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from suite.frameworks.timing import clock
from suite.measuring.environment import WORKER
from suite.types import Stack

Work = Callable[[Path, Stack, int], Any]
"""What a worker does with a stack: results folder, stack and root seed in, an answer out."""
READY = "ready"
"""The first message of a worker. Nothing is sent before it: a stack that does not fit into the
pipe would wait for a reader that may never come to read."""
START = 600.0
"""Seconds for a process to start and to load the suite, also from a slow disk."""
GRACE = 5.0
"""Seconds for a process to end, by itself or once it was killed."""
_PR_SET_PDEATHSIG = 1
"""Of ``prctl`` in ``linux/prctl.h``."""
_SPAWN = multiprocessing.get_context("spawn")  # a forked TensorFlow or torch may hang


class Worker(Protocol):
    """Answers ``READY`` once, then takes stacks one by one and answers each."""

    @property
    def connection(self) -> Connection:
        """Stacks out, answers in. At its end when the worker has died."""
        ...

    def end(self, grace: float = 0.0) -> str:
        """Give the worker ``grace`` seconds, then kill it; how it ended, in words."""
        ...


@dataclass(frozen=True)
class Heard:
    """What a worker answered to a stack; or, with no answer, why there will be none."""

    stack: Stack
    answer: Any = None
    lost: str = ""


@dataclass(frozen=True)
class _Task:
    stack: Stack
    worker: Worker
    seconds: float
    deadline: float
    late: str
    """What a worker that misses the deadline has done."""


class Crew:
    """Workers that are hired when there is work for them, and ended with the ``with`` block."""

    def __init__(self, hire: Callable[[], Worker]) -> None:
        self._hire = hire
        self._idle: list[Worker] = []
        self._busy: dict[Connection, _Task] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._busy.values():
            task.worker.end()
        self.rest()

    def __len__(self) -> int:
        """How many stacks are at work."""
        return len(self._busy)

    def rest(self) -> None:
        """End the workers that have nothing to do, so that the next stack meets a fresh one."""
        while self._idle:
            self._idle.pop().end(GRACE)

    def give(self, stack: Stack, seconds: float) -> None:
        """Hand a stack to a worker that is killed after so many seconds without an answer.

        Loading a framework counts, starting a process does not. The clock does not run while the
        machine sleeps.
        """
        if self._idle:
            self._send(self._idle.pop(), stack, seconds)
            return
        worker = self._hire()
        late = f"the worker did not start within {START:g} s"
        self._busy[worker.connection] = _Task(
            stack, worker, seconds, time.monotonic() + START, late
        )

    def hear(self) -> list[Heard]:
        """Wait until a worker answers, dies or runs out of time; what became of their stacks."""
        soonest = min(task.deadline for task in self._busy.values())
        ready = set(wait(list(self._busy), max(0.0, soonest - time.monotonic())))
        heard = []
        for link, task in list(self._busy.items()):
            if link in ready:
                heard += self._receive(link, task)
            elif task.deadline <= time.monotonic():
                del self._busy[link]
                task.worker.end()
                heard.append(Heard(task.stack, lost=task.late))
        return heard

    def _receive(self, link: Connection, task: _Task) -> list[Heard]:
        try:
            answer = link.recv()
        except (EOFError, OSError):
            del self._busy[link]
            return [Heard(task.stack, lost=task.worker.end(GRACE))]
        if answer == READY:
            self._send(task.worker, task.stack, task.seconds)
            return []
        del self._busy[link]
        self._idle.append(task.worker)
        return [Heard(task.stack, answer)]

    def _send(self, worker: Worker, stack: Stack, seconds: float) -> None:
        """Send a stack to a worker that waits for one."""
        late = f"took longer than {seconds:g} s"
        self._busy[worker.connection] = _Task(
            stack, worker, seconds, time.monotonic() + seconds, late
        )
        with contextlib.suppress(OSError):  # it has just died, which the next ``hear`` will tell
            worker.connection.send(stack)


class Process:
    """A worker that is a fresh process."""

    def __init__(self, work: Work, folder: Path, root: int) -> None:
        self.connection, theirs = _SPAWN.Pipe()
        lasting = threading.current_thread() is threading.main_thread()
        arguments = (theirs, work, folder, root, os.getpid(), lasting, time.time())
        self._process = _SPAWN.Process(target=_live, args=arguments, daemon=True)
        with _inherited():
            self._process.start()
        theirs.close()  # the worker's copy is the only one, and ends with it

    def end(self, grace: float = 0.0) -> str:
        """Give the process ``grace`` seconds, then kill it; how it ended, in words."""
        self.connection.close()  # a process that waits for a stack ends by itself, and tidies up
        self._process.join(grace)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join(GRACE)  # not for ever: who waits for a dead disk cannot be killed
        return _words(self._process.exitcode)


def _words(code: int | None) -> str:
    """How a process ended, from its exit code."""
    if code is None or code >= 0:
        return f"the worker ended with exit code {code}"
    perhaps = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"the worker was killed by {signal.Signals(-code).name}{perhaps}"


@contextmanager
def _inherited() -> Iterator[None]:
    """What processes inherit that are started within: the environment, which libraries read when
    they are first imported, and to ignore Ctrl-C, which the terminal sends to every process."""
    before = {name: os.environ.get(name) for name in WORKER}
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    os.environ.update(WORKER)
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
    connection: Connection,
    work: Work,
    folder: Path,
    root: int,
    parent: int,
    lasting: bool,
    started: float,
) -> None:
    """The life of a worker process; ``lasting``: see ``_follow``; ``started``: by the clock of the
    system, which all processes share."""
    clock.add("start", time.time() - started)
    _follow(parent, lasting)
    serve(connection, work, folder, root)


def serve(connection: Connection, work: Work, folder: Path, root: int) -> None:
    """Answer stacks until the other side closes the connection."""
    try:
        connection.send(READY)
        while True:
            connection.send(work(folder, connection.recv(), root))
    except (EOFError, ConnectionError):
        return


def _follow(parent: int, lasting: bool) -> None:
    """End this process with the one that started it, however that ended: on Linux at once, and
    also in the middle of C code that lets no Python run; elsewhere within about a second, once
    Python runs. ``lasting``: the thread that started it lives as long as its process.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    if lasting:  # Linux ends it with that thread, whatever becomes of the process
        _killed_with_parent()
    if os.getppid() != parent:  # it died before it was followed
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


def _killed_with_parent() -> None:
    """Have Linux kill this process when the thread that started it ends; nothing elsewhere, or
    where the system forbids it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
