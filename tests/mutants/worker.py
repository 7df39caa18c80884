"""Runs tests in forks of one process that has loaded what no mistake changes.

Importing NumPy, pandas, SciPy and pytest takes longer than most tests. Each line of the standard
input is a JSON list of pytest's arguments after the seconds that they may take; each line of the
standard output is a JSON list of the exit code (null: stopped) and of what was printed. Nothing of
``suite`` is imported here, so that each fork imports it with the mistake.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import time

LOADED = (
    "hypothesis",
    "msgspec",
    "numpy",
    "pandas",
    "pytest",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.datasets",
)


def test(arguments: list[str], seconds: float) -> tuple[int | None, str]:
    """Run pytest in a fork. Return its exit code, None where it was stopped, and its output."""
    import pytest

    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.setsid()  # so that it can be stopped with all that it has started
            for descriptor in (1, 2):
                os.dup2(output.fileno(), descriptor)
            failed = 3
            with contextlib.suppress(BaseException):
                failed = int(pytest.main(arguments))
            sys.stdout.flush()
            os._exit(failed)
        code = _wait(child, time.monotonic() + seconds)
        output.seek(0)
        return code, output.read()


def _wait(child: int, until: float) -> int | None:
    """Wait for a process until a time, and then stop it and all that it has started."""
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main() -> None:
    """Answer until the standard input ends."""
    for module in LOADED:
        importlib.import_module(module)
    for line in sys.stdin:
        seconds, *arguments = json.loads(line)
        print(json.dumps(test(arguments, seconds)), flush=True)


if __name__ == "__main__":
    main()
