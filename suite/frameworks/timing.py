"""How a worker spends its time: a clock of named stages, and frameworks that are timed by it.

``start`` and ``import`` are timed once a process, ``write`` once a stack. Calls of a framework are
timed here; ``statistics`` is everything else that a study does: statistics, data, and what it
computes in NumPy. Stages do not overlap: an inner one stops the clock of the outer one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from suite.types import Array, Framework, Layer, LayerSignals, P, Snapshot, TrainTask, Weights

STAGES = (
    "start",
    "import",
    "draw",
    "compile",
    "train",
    "record",
    "propagate",
    "probe",
    "statistics",
    "write",
)
"""In the order in which a stack goes through them. ``compile``: to build, trace or compile a
program; ``record``: snapshots of networks in training; ``write``: its shard."""


class Clock:
    """Seconds by stage since they were last taken. For use by one thread."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time a block, or each call of a function that is decorated with this.

        Raises KeyError for an unknown stage.
        """
        if stage not in STAGES:
            raise KeyError(stage)
        self._charge()
        self._open.append(stage)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def _charge(self) -> None:
        """Add the time since the last call to the innermost stage that is open."""
        now = self._now()
        if self._open:
            self.add(self._open[-1], now - self._since)
        self._since = now

    def add(self, stage: str, seconds: float) -> None:
        """Add seconds that were measured elsewhere."""
        self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def take(self) -> dict[str, float]:
        """Return the seconds of each stage that has any, in the order of ``STAGES``, and start
        again."""
        self._charge()
        taken, self._seconds = self._seconds, {}
        return {stage: taken[stage] for stage in STAGES if stage in taken}


clock = Clock()
"""Of this process."""


class Timed:
    """A framework whose verbs are timed; ``suite.types.Framework`` says what each one does."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self.name = framework.name

    def evaluate(self, activation: str, points: Array) -> tuple[Array, Array]:
        """Evaluate an activation; the call counts as ``probe``."""
        with clock("probe"):
            return self._framework.evaluate(activation, points)

    def draw(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Layer:
        """Draw a layer; the call counts as ``draw``."""
        with clock("draw"):
            return self._framework.draw(initializer, fan_in, fan_out, seed)

    def propagate(
        self, names: Sequence[str], weights: Weights, inputs: Array, cotangent: Array
    ) -> list[LayerSignals]:
        """Propagate signals; the call counts as ``propagate``."""
        with clock("propagate"):
            return self._framework.propagate(names, weights, inputs, cotangent)

    def train(self, task: TrainTask) -> Iterator[Snapshot]:
        """Train; each step to the next snapshot counts as ``train``.

        The framework itself times its programs (``compile``) and snapshots (``record``).
        """
        snapshots = iter(self._framework.train(task))
        while True:
            with clock("train"):
                snapshot = next(snapshots, None)
            if snapshot is None:
                return
            yield snapshot

    def probe(self, topic: type[P]) -> P:
        """Return the framework's measurements of a topic; each call of one is timed."""
        return cast(P, _TimedProbes(self._framework.probe(topic)))


class _TimedProbes:
    """The functions of a topic; a call of one of them counts as ``probe``."""

    def __init__(self, probes: object) -> None:
        self._probes = probes

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self._probes, name)
        return clock("probe")(function)
