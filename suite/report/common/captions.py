"""What captions say of training and of overlapping lines, where the rows of a figure call for it.

Numbers come from the catalogues and the study, not from here.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from suite.catalogue.optimizers import OPTIMIZERS
from suite.report.common import words
from suite.studies.common.protocol import BATCH
from suite.studies.training import RECORD

WIDE = "xavier_normal"
"""The line that another one covers where TensorFlow's default is drawn."""


def protocol(rows: pd.DataFrame) -> str:
    """How the networks of some rows were trained; they share one optimizer and its settings."""
    frameworks = rows["framework"].unique()
    name, settings = rows["optimizer"].iloc[0], rows["settings"].iloc[0]
    text = f"{RECORD[-1]} epochs in batches of {BATCH}"
    if name in OPTIMIZERS:
        optimizer = OPTIMIZERS[name]
        title = optimizer.native("torch")[0].partition(":")[2]
        given = ", ".join(
            f"{parameter.replace('_', ' ')} {words.number(value)}"
            for parameter, value in optimizer.common.items()
            if value
        )
        where = {1: frameworks[0], 2: "both frameworks"}.get(len(frameworks), "all frameworks")
        text += f"; {title} with " + (
            f"{given} in {where}" if settings == "common" else "each framework's own defaults"
        )
    if name == "rmsprop" and {"torch", "tensorflow"} <= set(frameworks):
        text += (
            ". Keras divides by sqrt(v + epsilon), torch by sqrt(v) + epsilon: a difference"
            " between the frameworks on the same initializer can be the optimizer's, not the"
            " start's (claims fw-rmsprop-eps, fw-rmsprop-outcome)"
        )
    return f"{text}."


def covered(frameworks: Collection[str], initializers: Collection[str]) -> bool:
    """Whether TensorFlow's default covers ``WIDE``, which has the same variance."""
    return "tensorflow" in frameworks and {"default", WIDE} <= set(initializers)


def layer_notes(rows: pd.DataFrame, metric: str) -> str:
    """What the eye would take wrongly in a figure of signal or gradient by layer."""
    frameworks, initializers = set(rows["framework"]), set(rows["initializer"])
    notes = []
    if covered(frameworks, initializers):
        notes.append(
            f"TensorFlow's default is xavier_uniform and covers {WIDE}, which is therefore drawn"
            " wider, beneath the others."
        )
    if metric == "activation_mean_square" and "torch" in frameworks and "default" in initializers:
        notes.append(
            "The plateau of torch's default is its random biases, equal for all inputs: what"
            " distinguishes two inputs goes on shrinking (claim torch-default-third)."
        )
    dead = rows[(rows["activation"] == "relu") & (rows["initializer"] == "normal(0.01)")]
    if metric == "gradient_mean_square" and len(dead) and (dead[metric] == 0).all():
        notes.append(
            "ReLU with normal(0.01): the signal underflows to 0 in single precision, so no"
            " gradient is left."
        )
    return "".join(f" {note}" for note in notes)
