"""One contestant in its process: its start, its round, and the quality of its networks.

No round includes compilation. The rivals continue to train networks that are built and warm.
A round of the engine is a study's whole ``measure``: starts, data, building the program, training,
snapshots, statistics; the time that its clock counts as ``compile`` is reported and subtracted.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from benchmarks.rivals import work as works
from suite import frameworks
from suite.frameworks.timing import clock
from suite.planning import grids
from suite.studies import STUDIES
from suite.studies.common.protocol import accuracy, circles_task
from suite.types import Lab, Stack

Findings = dict[str, float]
ROUND = 1.0
"""The intended seconds of a round of a rival."""


class Runner(Protocol):
    """The calls that a process receives, in this order."""

    def start(self) -> Findings:
        """Warm up, and return ``networks`` and ``epochs`` of a round, and ``first_s`` and
        ``further_s``: the seconds that the first network of a process, and each further one, takes
        beside its epochs."""
        ...

    def final(self) -> Findings:
        """Train anew for as many epochs as the engine, and return accuracy and loss."""
        ...

    def round(self, epochs: int) -> Findings:
        """Run what is timed; ``compile_s``: seconds of it in which programs were built."""
        ...


def seconds(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long an action takes."""
    before = clock()
    action()
    return clock() - before


def fitting(epoch: float, most: int) -> int:
    """Return the number of epochs in a round.

    ``epoch``: seconds of the processor, which hardly depend on how busy the machine is.
    """
    return max(1, min(most, math.ceil(ROUND / epoch)))


class Alone:
    """A way that trains one network after another."""

    def __init__(self, place: int, work: str, module: str, way: str) -> None:
        home = importlib.import_module(module)
        home.prepare()
        self.build: works.Build = home.WAYS[way]
        self.work, self.task, self.place = works.WORK[work], works.task(work), place

    def _network(self, number: int) -> works.Network:
        return self.build(self.task, number % len(self.task.labels))

    def start(self) -> Findings:
        first = seconds(lambda: self._network(self.place).train(1))

        def another() -> None:
            self.network = self._network(self.place + 1)
            self.network.train(1)

        further = seconds(another)
        warm = seconds(lambda: self.network.train(1))
        epoch = seconds(lambda: self.network.train(1), time.process_time)
        return {
            "first_s": max(first - warm, 0.0),
            "further_s": max(further - warm, 0.0),
            "networks": 1,
            "epochs": fitting(epoch, self.work.epochs),
        }

    def final(self) -> Findings:
        network = self._network(self.place)
        network.train(self.work.epochs)
        member = self.place % len(self.task.labels)
        right, loss = works.score(self.task, member, network.layers())
        return {"accuracy": right, "loss": loss}

    def round(self, epochs: int) -> Findings:
        self.network.train(epochs)
        return {}


class Together:
    """A way that trains as many networks at once as the engine's stack has."""

    def __init__(self, place: int, work: str, module: str) -> None:
        networks = importlib.import_module(module).Networks
        self.work, self.task = works.WORK[work], works.task(work)
        self.copies = len(works.stack(work, "torch").members) // len(self.task.labels)
        self.make = lambda: networks(self.task, self.copies)

    def start(self) -> Findings:
        self.networks = self.make()
        first = seconds(lambda: self.networks.train(1))
        warm = seconds(lambda: self.networks.train(1))
        epoch = seconds(lambda: self.networks.train(1), time.process_time)
        return {
            "first_s": max(first - warm, 0.0),
            "further_s": 0.0,
            "networks": self.copies * len(self.task.labels),
            "epochs": fitting(epoch, self.work.epochs),
        }

    def final(self) -> Findings:
        networks = self.make()
        networks.train(self.work.epochs)
        scores = [
            works.score(self.task, member, networks.layers(member))
            for member in range(len(self.task.labels))
        ]
        right, loss = np.median(scores, axis=0)
        return {"accuracy": right, "loss": loss}

    def round(self, epochs: int) -> Findings:
        self.networks.train(epochs)
        return {}


class Engine:
    """The suite: a stack's ``measure``. ``last``: training alone, recorded only at the end."""

    def __init__(self, place: int, work: str, framework: str, last: bool = False) -> None:
        self.work, self.last = works.WORK[work], last
        self.study = STUDIES[self.work.study]
        self.stack = works.stack(work, framework)
        self.lab = Lab(frameworks.load(framework), frameworks.load("numpy"), works.ROOT)

    def start(self) -> Findings:
        epochs = self.work.epochs
        first, further = (self.round(epochs)["compile_s"] for _ in range(2))
        networks = len(self.stack.members)
        return {"first_s": first, "further_s": further, "networks": networks, "epochs": epochs}

    def final(self) -> Findings:
        return {}  # every round trains to the end, and returns its score

    def round(self, epochs: int) -> Findings:
        clock.take()
        if self.last:
            task = circles_task(self.stack, self.lab, (epochs,))
            (end,) = self.lab.framework.train(task)
            right = accuracy(end.heldout_logits, task.heldout_labels)
            findings = self._cell(right, end.heldout_loss)
        else:
            runs = self.study.measure(self.stack, self.lab).tables[0].columns
            findings = self._cell(runs[self.work.accuracy], runs[self.work.loss])
        return {**findings, "compile_s": clock.take().get("compile", 0.0)}

    def _cell(self, right: np.ndarray, loss: np.ndarray) -> Findings:
        """Return the medians over the members that the rivals train."""
        same = [works.same_cell(member.cell) for member in self.stack.members]
        return {"accuracy": float(np.median(right[same])), "loss": float(np.median(loss[same]))}


class Wide:
    """A stack of wide layers in its study."""

    def __init__(self, place: int, work: str, framework: str) -> None:
        self.study = STUDIES[work]
        self.stack = wide_stack(work, framework)
        self.lab = Lab(frameworks.load(framework), frameworks.load("numpy"), works.ROOT)

    def start(self) -> Findings:
        self.round(1)
        return {"networks": len(self.stack.members), "epochs": 1}

    def final(self) -> Findings:
        return {}

    def round(self, epochs: int) -> Findings:
        self.study.measure(self.stack, self.lab)
        return {}


class Floor:
    """The work that such a stack needs in any program: the framework's draws and matrix products.

    One kernel a layer and seed by the framework's own initializer; for every run, one product a
    layer forward and one backward. No bias, activation, statistic or copy.
    """

    def __init__(self, place: int, work: str, framework: str) -> None:
        self.stack = wide_stack(work, framework)
        cell = self.stack.members[0].cell
        home = importlib.import_module(f"benchmarks.rivals.floor_{framework}")
        self.draw = home.drawer(cell.text("initializer"), cell.count("width"))
        self.products = home.products(cell.count("width"))
        self.depth = cell.count("depth")

    def start(self) -> Findings:
        self.round(1)
        return {"networks": len(self.stack.members), "epochs": 1}

    def final(self) -> Findings:
        return {}

    def round(self, epochs: int) -> Findings:
        runs = [member.seed for member in self.stack.members]
        for seed in sorted(set(runs)):
            kernels = [self.draw() for _ in range(self.depth)]
            for _ in range(runs.count(seed)):
                self.products(kernels)
        return {}


WIDTHS = {"lecture": 4096, "propagation": 256}


def wide_stack(work: str, framework: str) -> Stack:
    """Return the largest stack of the standard profile with this width and Xavier's normal
    weights."""
    stacks = grids.stacks(STUDIES[work], grids.Selection("standard", (framework,), {}))
    return max(
        (
            stack
            for stack in stacks
            if dict(stack.shared)["width"] == WIDTHS[work]
            and dict(stack.shared)["initializer"] == "xavier_normal"
            and dict(stack.shared).get("weights", "native") == "native"
        ),
        key=lambda stack: len(stack.members),
    )
