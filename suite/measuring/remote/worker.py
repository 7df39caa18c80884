"""The side of a worker: ``measure`` is what an engine calls, in whatever process it runs.

That process imports no framework. It keeps one process of the suite that does, so that a crash, a
hang or a lack of memory costs that child alone, as it does on one machine. The workers of some
engines are daemonic processes, which may not have children by ``multiprocessing``; the child is
therefore a plain program at the other end of a pair of sockets.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Literal

from suite.measuring.executors import Result
from suite.measuring.executors.local import GRACE, READY, START_TIMEOUT, ending
from suite.measuring.remote.request import Answer, Contents, Request, checksum

_LOCK = threading.Lock()
_CONTENTS: dict[str, Contents] = {}
"""Token -> what came with it, in memory: a worker that is killed leaves no file behind."""
_KEPT = 2
"""The number of jobs whose contents a worker keeps, so that two runs can share a cluster."""
_ENDED: set[str] = set()
"""The tokens of runs that have ended: what was being started for one then is not kept."""
_IDLE: list[_Child] = []
_BUSY: dict[int, _Child] = {}
"""Thread -> its child that measures a stack."""
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="suite-starter")
"""Its one thread lives as long as this process. Linux kills a child with the thread that started
it, and the threads of an engine come and go."""


def measure(request: Request) -> Answer:
    """Measure one stack in the child of this process, and return its shard."""
    token = request["token"]
    with _LOCK:
        if request["contents"] is not None:
            _CONTENTS[token] = request["contents"]
            for old in list(_CONTENTS)[:-_KEPT]:
                del _CONTENTS[old]
        contents = _CONTENTS.get(token)
    if contents is None:
        return _answer(request, "needs")
    try:
        child = _taken(token, contents, request["process"], request["fresh"])
        result = child.measured(request["stack"], request["timeout"])
    except _Refused as refused:
        return _answer(request, "refused", str(refused))
    except _Lost as lost:
        return _answer(request, "lost", str(lost))
    finally:
        with _LOCK:
            _BUSY.pop(threading.get_ident(), None)
    with _LOCK:
        if token not in _ENDED:
            _IDLE.append(child)
    if token in _ENDED:
        child.end()
    if result.shard is None:
        return _answer(request, "lost", result.reason)
    return Answer(
        state="measured",
        key=result.stack.key,
        reason=result.reason,
        shard=result.shard,
        sha256=checksum(result.shard),
    )


def _answer(
    request: Request, state: Literal["lost", "needs", "refused"], reason: str = ""
) -> Answer:
    return Answer(state=state, key=request["key"], reason=reason, shard=b"", sha256="")


def abandon(token: str) -> None:
    """End the children of a run that has ended, whatever they are doing, and forget its job."""
    with _LOCK:
        _ENDED.add(token)
        _CONTENTS.pop(token, None)
        children = [child for child in (*_IDLE, *_BUSY.values()) if child.token == token]
        _IDLE[:] = [child for child in _IDLE if child not in children]
    for child in children:
        child.kill()


def _taken(token: str, contents: Contents, process: str, fresh: bool) -> _Child:
    """Return an idle child of a kind that has these contents, or a new one. Idle ones that a
    request does not want are ended, since they hold memory.

    Raises _Refused, and _Lost where the child does not start.
    """
    with _LOCK:
        wanted = [child for child in _IDLE if (child.token, child.process) == (token, process)]
        found = wanted[0] if wanted and not fresh else None
        unwanted = [child for child in _IDLE if fresh or child not in wanted]
        _IDLE[:] = [child for child in _IDLE if child is not found and child not in unwanted]
    for child in unwanted:
        child.end(GRACE)
    chosen = found or _Child(token, contents, process)
    with _LOCK:
        _BUSY[threading.get_ident()] = chosen
        ended = token in _ENDED
    if ended:
        chosen.end()
        raise _Lost("the run has ended")
    return chosen


class _Refused(Exception):
    """Raised for a worker that differs from the run; the message says in what."""


class _Lost(Exception):
    """Raised for a child that is gone, with how it ended."""


class _Child:
    """A process that measures stacks of one job."""

    def __init__(self, token: str, contents: Contents, process: str) -> None:
        self.token, self.process = token, process
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), str(os.getpid()), repr(time.time())]
            # As ``multiprocessing`` does: the engine may have found the suite by a path of its own.
            code = (
                f"import sys; sys.path[:] = {sys.path!r};"
                " from suite.measuring.remote.child import main; main(sys.argv[1:])"
            )
            start = _STARTER.submit(
                subprocess.Popen[bytes],
                [sys.executable, "-c", code, *arguments],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, **contents["environments"][process]},
            )
            self._process = start.result()
        self._connection = Connection(ours.detach())
        try:
            self._answered(START_TIMEOUT, f"the worker did not start within {START_TIMEOUT:g} s")
            self._connection.send(contents)
            late = f"the worker did not load the job within {START_TIMEOUT:g} s"
            refusal = self._answered(START_TIMEOUT, late)
        except OSError:
            raise _Lost(self.end(GRACE)) from None
        if refusal != READY:
            self.end(GRACE)
            raise _Refused(f"the worker on {socket.gethostname()} {refusal}")

    def measured(self, stack: bytes, timeout: float) -> Result:
        """Measure a pickled stack. Raises _Lost where that ends the child, or takes longer than
        ``timeout`` seconds."""
        try:
            self._connection.send_bytes(stack)
        except OSError:
            raise _Lost(self.end(GRACE)) from None
        result = self._answered(timeout, f"took longer than {timeout:g} s")
        assert isinstance(result, Result)
        return result

    def _answered(self, timeout: float, late: str) -> object:
        """Return the next message of the child."""
        try:
            if self._connection.poll(timeout):
                return self._connection.recv()
        except (EOFError, OSError):
            raise _Lost(self.end(GRACE)) from None
        self.end()
        raise _Lost(late)

    def kill(self) -> None:
        """Kill the child; return at once."""
        self._process.kill()

    def end(self, grace: float = 0.0) -> str:
        """Give the child ``grace`` seconds, then kill it; return how it ended, in words."""
        self._connection.close()
        for seconds in (grace, GRACE):
            try:
                self._process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                self._process.kill()
        return ending(self._process.returncode)
