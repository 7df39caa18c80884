"""Twins of the study ``remedies``."""

from __future__ import annotations

import math

import numpy as np

from suite.types import Array
from tests.studies.twins.common import chosen, finite, outcomes
from tests.studies.twins.run import Columns, Run

__all__ = ["GRIDS", "columns", "finite"]

_CELL = {
    "case": ("healthy", "exploding_relu"),
    "activation": "relu",
    "initializer": "he_normal",
    "depth": 3,
    "width": 4,
    "scale": (1.0, 2.0),
    "clipping": "norm(1)",
}
GRIDS = (_CELL, {**_CELL, "dataset": "digits"})


def _norm(arrays: list[Array]) -> float:
    return math.sqrt(sum(float(x) ** 2 for array in arrays for x in np.ravel(array)))


def columns(run: Run) -> Columns:
    gradients = run.snapshots[0].gradients
    names = ("train_loss", "heldout_loss", "train_accuracy", "heldout_accuracy")
    return {
        "runs": {
            **chosen(outcomes(run), *names, "first_epoch_95", "diverged_step"),
            "initial_gradient_norm": run.each(
                lambda k: _norm([array[k] for layer in gradients for array in layer])
            ),
            "first_gradient_norm": run.each(lambda k: _norm([gradients[0][0][k]])),
        }
    }
