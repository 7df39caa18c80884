"""Points of a stack in the order of its members, and answers counted by batch, for all frameworks
that run on torch."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from suite.types import Array

Data = tuple[Tensor, Tensor]
"""Inputs (K, N, features) and labels (K, N), whole numbers where they are classes."""


def take(data: Data, order: Tensor) -> Data:
    """Return a copy of the points of each member in its own order (K, n)."""
    inputs, labels = data
    rows = order.unsqueeze(-1).expand(-1, -1, inputs.shape[-1])
    return inputs.gather(1, rows), labels.gather(1, order)


def correct(right: Array, batch: int) -> Array:
    """Return the number of correct answers in each batch, (steps, K), of (N, K) answers in the
    order of an epoch. The last batch may be shorter."""
    counted: Array = np.add.reduceat(right, np.arange(0, len(right), batch), axis=0, dtype=np.int64)
    return counted
