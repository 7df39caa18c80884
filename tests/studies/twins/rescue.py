"""Twins of the study ``rescue``."""

from __future__ import annotations

from tests.studies.twins.common import chosen, finite, outcomes
from tests.studies.twins.run import Columns, Run

__all__ = ["GRIDS", "columns", "finite"]

_CELL = {
    "activation": "tanh",
    "initializer": ("normal(0.01)", "normal(1)"),
    "depth": 2,
    "width": 3,
    "normalization": "batch",
}
GRIDS = (_CELL, {**_CELL, "dataset": "digits"})


def columns(run: Run) -> Columns:
    names = ("train_loss", "heldout_loss", "train_accuracy", "heldout_accuracy")
    return {"runs": chosen(outcomes(run), *names, "initial_accuracy")}
