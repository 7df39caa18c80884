"""Workers that Parsl starts, on a batch system or on this machine: ``--executor parsl --config
FILE``, a Python file with a ``parsl.Config``.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import sys
import traceback
from pathlib import Path

from parsl import Config, DataFlowKernel
from parsl.concurrent import ParslPoolExecutor

from suite.errors import UserError
from suite.measuring.executors import Start
from suite.measuring.measure_stack import error_line
from suite.measuring.remote.driver import Driver, Engine

OPTION = "config"
"""The option of the command line that this executor needs."""
ANSWER = 60.0
"""Seconds in which an interchange must say which workers it has."""


def prepared(given: str) -> Start:
    """Return what makes the executor of a configuration. Raises UserError where the file has
    none.

    A run that adds seeds starts it several times, and Parsl's executors do not start again once
    they have ended: each start reads the file anew.
    """
    _config(given)
    return lambda job, workers: Driver(job, Parsl(given, _config(given), workers))


class Parsl(Engine):
    """Parsl with all the executors of a configuration."""

    def __init__(self, given: str, config: Config, workers: int) -> None:
        if shutil.which("interchange.py") is None:  # Parsl's programs, where no venv is active
            scripts = str(Path(sys.executable).parent)
            os.environ["PATH"] = os.pathsep.join((scripts, os.environ.get("PATH", os.defpath)))
        try:
            self._kernel = DataFlowKernel(config)
        except Exception as error:  # whatever a batch system or the configuration raises
            raise UserError(
                f"--config {given}: Parsl does not start: {error_line(error)}"
            ) from error
        super().__init__(ParslPoolExecutor(dfk=self._kernel), workers)

    def workers(self) -> int:
        """Return the workers that have reported to this process; of executors that do not tell,
        as many as ``--jobs`` says."""
        if self.trouble():
            return 0
        count = 0
        for executor in self._kernel.executors.values():
            if hasattr(executor, "connected_managers"):
                with contextlib.suppress(Exception):  # it does not answer in time
                    # As ``connected_managers``, which waits forever for one that is gone.
                    managers = executor.command_client.run("MANAGERS", timeout_s=ANSWER)
                    count += sum(m["worker_count"] for m in managers if m["active"])
            elif executor.label != "_parsl_internal":
                count += getattr(executor, "max_threads", self._workers)
        return count

    def trouble(self) -> str:
        """Say which executor has ended."""
        for label, executor in self._kernel.executors.items():
            if getattr(executor, "bad_state_is_set", False):
                return f"Parsl's executor {label!r} has failed: {executor.executor_exception}"
            process = getattr(executor, "interchange_proc", None)
            if process is not None and process.poll() is not None:
                return f"the interchange of Parsl's executor {label!r} has ended"
        return ""

    def close(self) -> None:
        """End the workers.

        Parsl's own way to end waits forever for an interchange that is gone: then the jobs are
        cancelled, and their workers end once they miss its heartbeats.
        """
        if self.trouble():
            for executor in self._kernel.executors.values():
                with contextlib.suppress(Exception):  # it has no jobs
                    executor.provider.cancel(list(executor.blocks_to_job_id.values()))
            return
        with contextlib.suppress(Exception):  # an executor that has failed cannot be tidied up
            self._kernel.cleanup()


def _config(given: str) -> Config:
    """Return the configuration that a file holds."""
    path = Path(given)
    if not path.is_file():
        raise UserError(f"--config {given}: no such file")
    try:
        values = runpy.run_path(given)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == given]
        line = f"line {frames[-1].lineno}: " if frames else ""
        raise UserError(f"--config {given}: {line}{error_line(error)}") from error
    found = {id(v): v for name, v in values.items() if isinstance(v, Config) and name[0] != "_"}
    if len(found) != 1:
        raise UserError(
            f"--config {given} has {len(found) or 'no'} parsl.Config; one is needed, as in"
            " config = Config(executors=[...])"
        )
    return next(iter(found.values()))
