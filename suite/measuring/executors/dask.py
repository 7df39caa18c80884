"""The workers of a Dask scheduler that the user has started: ``--executor dask --scheduler
ADDRESS``.

Dask runs a task again where its worker dies, and cancels everything where the scheduler does.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from distributed import Client
from distributed.comm import get_address_host_port

from suite.errors import UserError
from suite.measuring.executors import Start
from suite.measuring.measure_stack import error_line
from suite.measuring.remote.driver import Driver, Engine
from suite.measuring.remote.worker import abandon

OPTION = "scheduler"
"""The option of the command line that this executor needs: the address of a scheduler, or the file
in which it has written where it is."""


def prepared(given: str) -> Start:
    """Return what makes the executor of a scheduler. Raises UserError where none answers."""
    _connected(given).close()
    return lambda job, workers: Driver(job, Dask(given))


class Dask(Engine):
    """A connection to a scheduler."""

    def __init__(self, given: str) -> None:
        self._given = given
        self._client = _connected(given)
        super().__init__(self._client.get_executor(pure=False), 0)

    def workers(self) -> int:
        """Return the threads of all workers: each measures one stack at a time."""
        with contextlib.suppress(Exception):  # whatever a connection raises that is just lost
            if self._client.status == "running":
                return sum(self._client.nthreads().values())
        return 0

    def trouble(self) -> str:
        """Say that the scheduler is gone, after the client has tried to find it again."""
        while self._client.status == "connecting":
            time.sleep(0.1)
        if self._client.status == "running":
            return ""
        return f"the Dask scheduler at {self._given} is gone"

    def release(self, token: str) -> None:
        """End what the workers keep for a run."""
        if self._client.status == "running":
            with contextlib.suppress(Exception):  # a worker that is just lost keeps nothing
                self._client.run(abandon, token, on_error="ignore")

    def close(self) -> None:
        """Leave the scheduler, which then drops what is not finished."""
        self._client.close(timeout=10)


def _connected(given: str) -> Client:
    """Return a client of a scheduler. Raises UserError where none answers."""
    address = _read(given) if given.endswith(".json") else given
    try:
        get_address_host_port(address)  # a Client that cannot read its address leaves a traceback
    except Exception as error:  # whatever the parser raises
        raise UserError(
            f"--scheduler {given} is not an address like tcp://10.0.0.1:8786 ({error_line(error)})"
        ) from None
    try:
        return Client(address, set_as_default=False)
    except Exception as error:  # OSError, or whatever else a transport raises
        raise UserError(
            f"--scheduler {given}: no Dask scheduler answers there ({error_line(error)})"
        ) from None


def _read(given: str) -> str:
    """Return the address in the file of a scheduler. Raises UserError where it has none."""
    try:
        return str(json.loads(Path(given).read_text())["address"])
    except OSError as error:
        raise UserError(
            f"--scheduler {given} cannot be read: {error.strerror}"
            " (dask scheduler --scheduler-file FILE writes it)"
        ) from None
    except (ValueError, LookupError, TypeError):
        raise UserError(
            f"--scheduler {given} holds no address (dask scheduler --scheduler-file FILE writes it)"
        ) from None
