"""Twins of the study ``practice``."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from suite.studies.practice import CHOOSING
from suite.types import Array, Snapshot, TrainTask
from tests.studies.twins import common
from tests.studies.twins.common import chosen, outcomes
from tests.studies.twins.run import Columns, Run, scripted

__all__ = ["CHOOSING", "GRIDS", "SCRIPT", "columns", "finite"]

_CELL: dict[str, Any] = {
    "case": "given",
    "activation": "tanh",
    "initializer": ("xavier_uniform", "normal(1)"),
    "depth": 2,
    "width": 3,
    "optimizer": "adam",
}
GRIDS = (
    _CELL,
    {**_CELL, "dataset": "digits", "normalization": "batch", "residual": 0.5},
    {**_CELL, "case": "chosen"},
)
BEST = "adam(0.01)"
"""The optimizer with which the script classifies every point right."""


def SCRIPT(task: TrainTask) -> list[Snapshot]:
    """Train as the common script does; with the best rate all held-out points are right, but for
    one in ten of each second member."""
    snapshots = scripted(task)
    if task.optimizer != BEST:
        return snapshots
    logits = _right(task.heldout_labels)
    logits[1::2, ::10] *= -1
    return [*snapshots[:-1], dataclasses.replace(snapshots[-1], heldout_logits=logits)]


def _right(labels: Array) -> Array:
    """Return logits that classify every point of the circles right, (K, N)."""
    return np.where(labels > 0.5, 1.0, -1.0).astype(np.float32)


class _Judged(Run):
    """A run of which the last training is judged: those before it choose the rate."""

    @property
    def task(self) -> TrainTask:
        task: TrainTask = self.given("train")[-1][0]
        return task

    @property
    def snapshots(self) -> list[Snapshot]:
        snapshots: list[Snapshot] = self.answers("train")[-1]
        return snapshots


def _judged(run: Run) -> Run:
    return _Judged(run.study, run.stack, run.measurement, run.framework, run.oracle, run.root)


def finite(run: Run, k: int) -> bool:
    return common.finite(_judged(run), k)


def columns(run: Run) -> Columns:
    measured, cell = outcomes(_judged(run)), run.members[0].cell
    result = chosen(
        measured,
        "train_loss",
        "heldout_loss",
        "train_accuracy",
        "heldout_accuracy",
        "first_epoch_95",
        "diverged_step",
    )
    least = {"circles": 0.95, "digits": 0.9}[cell.text("dataset")]
    right = measured["heldout_accuracy"]
    result["learned"] = run.each(lambda k: 1.0 if right[k] >= least else 0.0)
    if cell["case"] == "chosen":
        result["chosen_rate"] = run.each(lambda k: 0.01)
    return {"runs": result}
