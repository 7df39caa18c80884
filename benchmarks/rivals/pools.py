"""Each contestant in processes of its own, one thread each, warm and waiting for its turn.

No contestant shares a process with another: the suite sets flags of a framework for the whole
process, and thread pools of two frameworks get in each other's way. All wait at the same time, so
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

from benchmarks.rivals.contestants import Contestant
from benchmarks.rivals.runners import Findings
from suite.measuring.environment import WORKER

SPAWN = multiprocessing.get_context("spawn")  # a forked TensorFlow or torch may hang
ONE_THREAD = {
    # The size of XLA's thread pools, of which JAX has no option of its own.
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}
SUITES_OWN = ("MKL_CBWR", "PYTHONHASHSEED", *(name for name in WORKER if "MALLOC" in name))
"""What the suite tells its workers and its rivals' users do not. The C library reads it first."""

ALL, FIRST, OTHERS = slice(None), slice(1), slice(1, None)
"""Places among the processes of a contestant."""


def serve(pipe: Connection, contestant: Contestant, work: str, place: int) -> None:
    """The process: makes the runner, then calls what it is told to call."""
    os.environ.update(ONE_THREAD)
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
            found = getattr(runner, name)(*arguments)
            pipe.send({**found, "cpu_s": time.process_time() - before})
        except Exception:  # it is the parent that fails, with the child's own words
            pipe.send(traceback.format_exc())


class Team:
    """The processes of one contestant."""

    def __init__(self, contestant: Contestant, work: str, processes: int) -> None:
        self.contestant = contestant
        self.facts: Findings = {}
        self.pipes: list[Connection] = []
        self.processes = []
        own = {} if contestant.engine else {n: os.environ.pop(n, None) for n in SUITES_OWN}
        for place in range(processes):
            ours, theirs = SPAWN.Pipe()
            process = SPAWN.Process(
                target=serve, args=(theirs, contestant, work, place), daemon=True
            )
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)
        os.environ.update({name: value for name, value in own.items() if value is not None})

    def send(self, *call: object, places: slice = ALL) -> None:
        """Tell the processes of these places what to do."""
        for pipe in self.pipes[places]:
            pipe.send(call)

    def receive(self, places: slice = ALL) -> list[Findings]:
        """What each of them found, once the last is done. Raises what a process raised."""
        answers = [pipe.recv() for pipe in self.pipes[places]]
        for answer in answers:
            if isinstance(answer, str):
                raise RuntimeError(f"{self.contestant.name}: {answer}")
        return answers

    def round(self, processes: int) -> list[Findings]:
        """One round on so many processes at once."""
        places = slice(processes)
        self.send("round", int(self.facts["epochs"]), places=places)
        return self.receive(places)

    def close(self) -> None:
        """End the processes, which have nothing to lose."""
        for process in self.processes:
            process.kill()
            process.join()


class Crew:
    """All contestants of one work, warm, with the quality of their networks known."""

    def __init__(self, work: str, contestants: Sequence[Contestant], processes: int) -> None:
        self.work = work
        # torch.compile keeps its programs on disk: without a folder of its own, an older run has
        # compiled already.
        self.cache = tempfile.TemporaryDirectory()
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = self.cache.name
        self.teams = {
            contestant.name: Team(contestant, work, processes if contestant.many else 1)
            for contestant in contestants
        }
        self._all("make")
        for team in self.teams.values():  # one at a time: what they take to start is told
            team.send("start", places=FIRST)
            team.facts = team.receive(FIRST)[0]
        self._all("start", OTHERS)
        self.final = self._all("final")

    def _all(self, call: str, places: slice = ALL) -> dict[str, list[Findings]]:
        """What is not timed is done by everybody at once."""
        for team in self.teams.values():
            team.send(call, places=places)
        return {name: team.receive(places) for name, team in self.teams.items()}

    def close(self) -> None:
        """End all processes."""
        for team in self.teams.values():
            team.close()
        self.cache.cleanup()
