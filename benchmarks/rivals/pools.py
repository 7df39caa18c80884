"""Pools of processes, one for each contestant, one thread each, warm and waiting for their turn.

No contestant shares a process with another: the suite sets flags of a framework for the whole
process, and thread pools of two frameworks slow each other down. All wait at the same time, so
that rounds can alternate; a process takes 0.3 to 1.6 GB.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.rivals.contestants import ONE_CORE, Contestant
from benchmarks.rivals.runners import Findings
from suite.measuring.environment import WORKER

SPAWN = multiprocessing.get_context("spawn")  # a forked TensorFlow or torch may hang
ONE_THREAD = {
    # The size of XLA's thread pools, of which JAX has no option of its own.
    "NPROC": "1",
    "XLA_FLAGS": ONE_CORE,
    "JAX_PLATFORMS": "cpu",
}
ONLY_SUITE = ("MKL_CBWR", "PYTHONHASHSEED", *(name for name in WORKER if "MALLOC" in name))
"""What the suite sets for its workers and users of the rivals do not. The C library reads it when a
process starts."""

ALL, FIRST, OTHERS = slice(None), slice(1), slice(1, None)
"""Places of processes in a pool."""


def serve(pipe: Connection, contestant: Contestant, work: str, place: int) -> None:
    """Make the runner in a process, then call the method that each message names."""
    os.environ.update(ONE_THREAD)
    os.environ["XLA_FLAGS"] = " ".join((ONE_CORE, *contestant.flags))
    runner: Any = None
    while True:
        name, *arguments = pipe.recv()
        try:
            if name == "make":
                module, attribute = contestant.target.split(":")
                make = getattr(importlib.import_module(module), attribute)
                runner = make(place, work, *contestant.arguments)
                pipe.send({})
                continue
            before = time.process_time()
            findings = getattr(runner, name)(*arguments)
            pipe.send({**findings, "cpu_s": time.process_time() - before})
        except Exception:  # the parent raises it, with the traceback of the child
            pipe.send(traceback.format_exc())


class Pool:
    """The processes of one contestant."""

    def __init__(self, contestant: Contestant, work: str, processes: int) -> None:
        self.contestant = contestant
        self.facts: Findings = {}
        self.pipes: list[Connection] = []
        self.processes = []
        removed = {} if contestant.engine else {n: os.environ.pop(n, None) for n in ONLY_SUITE}
        for place in range(processes):
            ours, theirs = SPAWN.Pipe()
            process = SPAWN.Process(
                target=serve, args=(theirs, contestant, work, place), daemon=True
            )
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)
        os.environ.update({name: value for name, value in removed.items() if value is not None})

    def send(self, *call: object, places: slice = ALL) -> None:
        """Send a call to the processes of these places."""
        for pipe in self.pipes[places]:
            pipe.send(call)

    def receive(self, places: slice = ALL) -> list[Findings]:
        """Return the findings of each process, once the last is done. Raises what a process
        raised."""
        answers = [pipe.recv() for pipe in self.pipes[places]]
        for answer in answers:
            if isinstance(answer, str):
                raise RuntimeError(f"{self.contestant.name}: {answer}")
        return answers

    def round(self, processes: int) -> list[Findings]:
        """Run one round on so many processes at once."""
        places = slice(processes)
        self.send("round", int(self.facts["epochs"]), places=places)
        return self.receive(places)

    def close(self) -> None:
        """Kill the processes, which have nothing to save."""
        for process in self.processes:
            process.kill()
            process.join()


class Pools:
    """The pools of all contestants of one work, warm, with the quality of their networks known."""

    def __init__(self, work: str, contestants: Sequence[Contestant], processes: int) -> None:
        self.work = work
        # torch.compile keeps its programs on disk: in a shared folder they would be compiled
        # already, by an older run.
        self.cache = tempfile.TemporaryDirectory()
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = self.cache.name
        self.by_name = {
            contestant.name: Pool(contestant, work, processes if contestant.many else 1)
            for contestant in contestants
        }
        self._all("make")
        for pool in self.by_name.values():  # one at a time: the time of their start is reported
            pool.send("start", places=FIRST)
            pool.facts = pool.receive(FIRST)[0]
        self._all("start", OTHERS)
        self.final = self._all("final")

    def _all(self, call: str, places: slice = ALL) -> dict[str, list[Findings]]:
        """Call a method that is not timed in all processes at once."""
        for pool in self.by_name.values():
            pool.send(call, places=places)
        return {name: pool.receive(places) for name, pool in self.by_name.items()}

    def close(self) -> None:
        """Kill all processes."""
        for pool in self.by_name.values():
            pool.close()
        self.cache.cleanup()
