"""The process that measures for a worker of an engine: it compares itself with the run, then
serves one stack after the other.
"""

from __future__ import annotations

import pickle
import signal
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

from suite import datafiles, plugins
from suite.frameworks.timing import clock
from suite.measuring.environment import CODE, setting, tree_hash
from suite.measuring.executors import Job
from suite.measuring.executors.local import follow, serve, silence_others
from suite.measuring.measure_stack import measure_and_return
from suite.measuring.remote.request import Contents
from suite.terminal import filtered_output
from suite.types import UserError

STARTED = "started"
"""The first message of the process. The contents are sent after it."""


def main(arguments: Sequence[str]) -> None:
    """Run the process. The arguments are the number of its socket, the process that started it,
    and when that was."""
    descriptor, parent, started = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine
    clock.add("start", time.time() - float(started))
    follow(int(parent), lasting=True)
    connection = Connection(int(descriptor))
    silence_others()
    with filtered_output():
        try:
            connection.send(STARTED)
            contents: Contents = connection.recv()
            job = _loaded(contents)
            if isinstance(job, str):
                connection.send(job)
            else:
                serve(connection, measure_and_return, job)
        except (EOFError, ConnectionError):
            return


def _loaded(contents: Contents) -> Job | str:
    """Return the job, with what the user has brought loaded; or how this process differs from the
    run, in words."""
    if reason := difference({CODE: tree_hash()}, contents["setting"]):
        return reason  # with other code, nothing more can be read
    job: Job = pickle.loads(contents["job"])
    try:
        plugins.keep(job.sources)
        datafiles.keep(job.data)
    except UserError as error:
        return f"cannot load what the run brings: {error}"
    return difference(setting(contents["frameworks"]), contents["setting"]) or job


def difference(own: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Return the first item that differs from what a run has, in words; empty where none does.

    >>> difference({"version of torch": "2.12.0"}, {"version of torch": "2.13.0"})
    "has version of torch '2.12.0' and the run '2.13.0'"
    """
    for item, value in own.items():
        if (expected := wanted.get(item, "nothing of it")) != value:
            return f"has {item} {value!r} and the run {expected!r}"
    return ""
