"""The numbers that the tutorial prints, and how a network's own compare with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.types import Array, Cell, float64

WITHIN = 0.01
"""Accuracy (ten of the 1,000 points) or nats at which a printed number counts as reproduced."""


@dataclass(frozen=True)
class Print:
    """What the tutorial prints of one network after training, on the training set.

    ``again``: the accuracy of a second run of the same network, in its hand-written loop.
    """

    accuracy: float
    loss: float
    again: float = math.nan


START = {"adam": "xavier_uniform", "rmsprop": "normal(1)"}
"""The initializer of the tutorial's networks, by their optimizer: Keras' default, or its own."""
PRINTS = {
    ("relu", 1, "adam"): Print(0.973, 0.2404),
    ("sigmoid", 1, "adam"): Print(0.654, 0.6927),
    ("sigmoid", 3, "adam"): Print(0.533, 0.6922),
    ("sigmoid", 4, "rmsprop"): Print(0.588, 0.6650, 0.652),
    ("tanh", 4, "rmsprop"): Print(0.993, 0.0129, 0.994),
    ("relu", 4, "rmsprop"): Print(0.994, 0.0169, 0.995),
}
"""Activation, hidden layers and optimizer of each network that the tutorial trains."""
_NOTHING = Print(math.nan, math.nan)


def printed(cell: Cell) -> Print:
    """What the tutorial prints of a cell's network; NaN where it trains no such network."""
    name = cell.text("activation"), cell.count("depth"), cell.text("optimizer")
    if cell["case"] == "as_tanh" or START.get(name[2]) != cell["initializer"]:
        return _NOTHING
    return PRINTS.get(name, _NOTHING)


def comparison(cells: Sequence[Cell], accuracy: Array, loss: Array) -> dict[str, Array]:
    """The metrics of the prints, each (K,), from the accuracy and loss (K,) after training.

    NaN for a network that the tutorial does not train; a column that is NaN throughout is left
    out, as not measured.
    """
    found = [printed(cell) for cell in cells]
    wanted, nats, again = (
        np.array([getattr(one, name) for one in found]) for name in ("accuracy", "loss", "again")
    )
    columns = {
        "printed_accuracy": wanted,
        "accuracy_over_print": accuracy - wanted,
        "within_print": _within(accuracy, wanted),
        "printed_again": again,
        "within_print_again": _within(accuracy, again),
        "printed_loss": nats,
        "loss_over_print": float64(loss) - nats,
        "loss_within_print": _within(float64(loss), nats),
    }
    return {name: column for name, column in columns.items() if not np.isnan(column).all()}


def _within(values: Array, wanted: Array) -> Array:
    """1 where a value lies within ``WITHIN``, else 0; NaN where nothing is printed."""
    # An accuracy is a multiple of 0.001: the margin only keeps rounding out of it.
    inside = np.abs(values - wanted) <= WITHIN + 1e-9
    return np.where(np.isnan(wanted), np.nan, inside.astype(np.float64))
