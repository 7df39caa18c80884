"""The numbers that the tutorial prints, and the comparison of a network with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from suite.types import Array, Cell, float64

WITHIN = 0.01
"""The difference in accuracy (ten of the 1,000 points) or in nats up to which a printed number
counts as reproduced."""


WIDTH = 5
"""The units in each hidden layer of the tutorial's networks."""


@dataclass(frozen=True)
class Print:
    """The numbers that the tutorial prints for one network after training, on the training set.

    ``again``: the accuracy of a second run of the same network, in its hand-written loop.
    """

    accuracy: float
    loss: float
    again: float = math.nan


START = {"adam": "xavier_uniform", "rmsprop": "normal(1)"}
"""Optimizer -> the initializer of the tutorial's networks: Keras' default, or the one it sets."""
PRINTS = {
    ("relu", 1, "adam"): Print(0.973, 0.2404),
    ("sigmoid", 1, "adam"): Print(0.654, 0.6927),
    ("sigmoid", 3, "adam"): Print(0.533, 0.6922),
    ("sigmoid", 4, "rmsprop"): Print(0.588, 0.6650, 0.652),
    ("tanh", 4, "rmsprop"): Print(0.993, 0.0129, 0.994),
    ("relu", 4, "rmsprop"): Print(0.994, 0.0169, 0.995),
}
"""Activation, number of hidden layers and optimizer -> the printed numbers of that network."""
_NOTHING = Print(math.nan, math.nan)


def printed(cell: Cell) -> Print:
    """Return what the tutorial prints for a cell's network; NaN if it trains no such network."""
    activation, depth, optimizer = (
        cell.text("activation"),
        cell.count("depth"),
        cell.text("optimizer"),
    )
    own = cell["case"] == "as_tanh" or cell["width"] != WIDTH
    if own or START.get(optimizer) != cell["initializer"]:
        return _NOTHING
    return PRINTS.get((activation, depth, optimizer), _NOTHING)


def comparison(cells: Sequence[Cell], accuracy: Array, loss: Array) -> dict[str, Array]:
    """Return the metrics of the prints, (K,) each, from accuracy and loss (K,) after training.

    NaN for a network that the tutorial does not train; a column that is NaN throughout is left
    out, as not measured.
    """
    prints = [printed(cell) for cell in cells]
    printed_accuracy = np.array([numbers.accuracy for numbers in prints])
    printed_loss = np.array([numbers.loss for numbers in prints])
    printed_again = np.array([numbers.again for numbers in prints])
    columns = {
        "printed_accuracy": printed_accuracy,
        "accuracy_over_print": accuracy - printed_accuracy,
        "within_print": _within(accuracy, printed_accuracy),
        "printed_again": printed_again,
        "within_print_again": _within(accuracy, printed_again),
        "printed_loss": printed_loss,
        "loss_over_print": float64(loss) - printed_loss,
        "loss_within_print": _within(float64(loss), printed_loss),
    }
    return {name: column for name, column in columns.items() if not np.isnan(column).all()}


def _within(values: Array, printed: Array) -> Array:
    """Return 1 where a value is within ``WITHIN`` of the printed one, else 0; NaN if none is."""
    # Accuracies are multiples of 0.001: the margin only allows for rounding.
    inside = np.abs(values - printed) <= WITHIN + 1e-9
    return np.where(np.isnan(printed), np.nan, inside.astype(np.float64))
