"""The work: the tasks, the stacks of the engine, and the score of a trained network.

Every way trains the same cell, Xavier's uniform weights drawn in NumPy, from the same starts on
the same points, so that its accuracy can be compared with the engine's. The score of a network is
computed here, in NumPy, for all ways.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from suite import frameworks
from suite.planning import grids
from suite.studies import STUDIES
from suite.studies.common.protocol import circles_task, seeded_task
from suite.studies.digits import CLASSES, SIDE, cross_entropy
from suite.studies.training import RECORD
from suite.types import Architecture, Array, Cell, Lab, Stack, TrainTask

ROOT = 0
COMMON = ("activation=tanh", "depth=4", "optimizer=rmsprop", "settings=common")
Order = Callable[[int], Array]
"""Epoch (from 1) -> the order of the points, (N,) whole numbers."""


@dataclass(frozen=True)
class Work:
    """Networks to train. ``choice`` replaces values of the study's axes, as ``--set`` does."""

    study: str
    choice: tuple[str, ...]
    epochs: int
    accuracy: str
    loss: str
    """The study's metrics on the held-out points."""


ONE_LAYER = ("activation=tanh", "depth=1", "optimizer=rmsprop", "settings=common")
WORK = {
    # The largest stack of the standard profile: all its initializers, native and shared.
    "circles": Work("training", COMMON, RECORD[-1], "heldout_accuracy", "heldout_loss"),
    "shallow": Work("training", ONE_LAYER, RECORD[-1], "heldout_accuracy", "heldout_loss"),
    "digits": Work(
        "digits",
        (
            *COMMON,
            "layer_kind=dense",
            "width=64",
            "weights=native,shared",
            "initializer=xavier_uniform,xavier_normal",
        ),
        10,
        "heldout_digit_accuracy",
        "heldout_digit_loss",
    ),
}


class Network(Protocol):
    """One network, built and ready for training."""

    def train(self, epochs: int, order: Order | None = None) -> object:
        """Train on. Without an ``order`` the points are shuffled as the way's users shuffle."""
        ...

    def layers(self) -> Sequence[Array]:
        """Return kernel (fan_in, fan_out), bias, kernel, bias ... of the network as it is."""
        ...


Build = Callable[[TrainTask, int], Network]
"""Task, member -> that member, with its first weights and its points."""


def stack(name: str, framework: str) -> Stack:
    """Return the stack of the suite that is timed."""
    work = WORK[name]
    study = STUDIES[work.study]
    chosen = grids.parse_overrides(work.choice, [study])
    stacks = grids.stacks(study, grids.Selection("standard", (framework,), chosen))
    return grids.supported(study, max(stacks, key=lambda stack: len(stack.members)))[0]


def same_cell(cell: Cell) -> bool:
    """Return whether this is the cell that every way trains."""
    return cell["initializer"] == "xavier_uniform" and cell["weights"] == "shared"


def task(name: str) -> TrainTask:
    """Return the one cell that every way trains, with all its seeds.

    Shared weights are drawn in NumPy: no framework is loaded, because a rival would share its
    flags.
    """
    whole = stack(name, "torch")
    part = dataclasses.replace(
        whole, members=tuple(member for member in whole.members if same_cell(member.cell))
    )
    numpy = frameworks.load("numpy")
    lab = Lab(numpy, numpy, ROOT)
    if WORK[name].study == "training":
        return circles_task(part, lab, (0, WORK[name].epochs))
    cell = part.members[0].cell
    sizes = Architecture(SIDE**2, cell.count("width"), cell.count("depth"), CLASSES, "tanh")
    made = seeded_task(part, lab, (0, WORK[name].epochs), sizes, "digits")
    return dataclasses.replace(made, loss="categorical")


def score(task: TrainTask, member: int, layers: Sequence[Array]) -> tuple[float, float]:
    """Return accuracy and mean loss on the member's held-out points."""
    x, y = task.heldout_inputs[member].astype(np.float64), task.heldout_labels[member]
    for kernel, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        x = np.tanh(x @ kernel + bias)
    logits = x @ layers[-2] + layers[-1]
    if task.loss == "categorical":
        right = logits.argmax(axis=1) == y
        return float(right.mean()), float(cross_entropy(logits[None], y[None])[0])
    signed = logits[:, 0] * np.where(y > 0.5, -1, 1)
    return float((signed < 0).mean()), float(np.logaddexp(0, signed).mean())
