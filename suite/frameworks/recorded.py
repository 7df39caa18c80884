"""What is recorded of a stack in training: the epochs of a task, the batches between snapshots, and
a snapshot of both. Every framework's stack records in this way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from suite.frameworks.timing import clock
from suite.types import Array, Snapshot, TrainTask, Weights


class Trained(Protocol):
    """A stack in training."""

    def train(self, epoch: int) -> None:
        """Train for one epoch, counted from 1."""
        ...

    def snapshot(self, epoch: int) -> Snapshot:
        """Return the stack as it is after ``epoch``, and the batches since the previous call."""
        ...


def snapshots(task: TrainTask, stack: Trained) -> Iterator[Snapshot]:
    """Train the stack of a task, and yield its snapshots."""
    for epoch in range(task.record[-1] + 1):
        if epoch > 0:
            stack.train(epoch)
        if epoch in task.record:
            with clock("record"):
                snapshot = stack.snapshot(epoch)
            yield snapshot


class Batches:
    """Losses and numbers of correct answers of K networks in the batches since a snapshot."""

    def __init__(self, members: int) -> None:
        self._members = members
        self._losses: list[Array] = []
        self._correct: list[Array] = []

    def add(self, losses: Array, correct: Array) -> None:
        """Add the batches of an epoch, both (steps, K)."""
        self._losses.append(losses)
        self._correct.append(correct)

    def snapshot(
        self, epoch: int, weights: Sequence[Array], gradients: Sequence[Array], measured: Measured
    ) -> Snapshot:
        """Return the snapshot after these batches, and forget them.

        ``weights``, ``gradients``: kernel, bias, kernel, bias ... of the dense layers, kernels
        (K, in, out).
        """
        loss, logits, heldout_loss, heldout_logits = measured
        losses = np.concatenate([np.empty((0, self._members), loss.dtype), *self._losses])
        correct = np.concatenate([np.empty((0, self._members), np.int64), *self._correct])
        self._losses, self._correct = [], []
        return Snapshot(
            epoch=epoch,
            weights=_pairs(weights),
            gradients=_pairs(gradients),
            loss=loss,
            heldout_loss=heldout_loss,
            logits=logits,
            heldout_logits=heldout_logits,
            batch_loss=losses,
            batch_correct=correct,
        )


Measured = tuple[Array, Array, Array, Array]
"""Loss and logits on the training set, then on the held-out set."""


def _pairs(values: Sequence[Array]) -> Weights:
    """Return kernel and bias of each layer, from kernel, bias, kernel, bias ..."""
    return tuple(zip(values[::2], values[1::2], strict=True))
