"""How well networks do on data that a user has brought: beside what a guess would get.

On such data no fixed accuracy says that a network has learned. The guess that needs no input is the
most frequent class, or the mean, of the training part; what counts is the share of its errors (of
its squared error) that a network removes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from suite.catalogue.registry import SEPARATOR
from suite.metrics.brought import HALF
from suite.studies.common.protocol import accuracy, first_true
from suite.types import Array, Snapshot, TrainTask, float64

SCORES = ("majority_share", "heldout_skill", "train_r2", "heldout_r2", "first_epoch_half")
"""The metrics of the table of runs on data that a user has brought."""
_ACCURACIES = ("train_accuracy", "heldout_accuracy", "initial_accuracy", "first_epoch_95")


def scored(
    columns: Mapping[str, Array], dataset: str, task: TrainTask, snapshots: Sequence[Snapshot]
) -> dict[str, Array]:
    """Return the columns of a table of runs, with ``SCORES`` where a user has brought the data.

    ``snapshots``: all of the training, so that they hold every batch. Where a number is predicted
    there is no accuracy, and the columns of accuracy are left out.
    """
    classes = task.loss != "squared"
    kept = {name: v for name, v in columns.items() if classes or name not in _ACCURACIES}
    if SEPARATOR not in dataset:
        return kept
    return kept | (_of_classes if classes else _of_numbers)(task, snapshots)


@np.errstate(divide="ignore", invalid="ignore")
def _of_classes(task: TrainTask, snapshots: Sequence[Snapshot]) -> dict[str, Array]:
    majority = np.array([np.bincount(labels.astype(int)).argmax() for labels in task.labels])
    train = (task.labels == majority[:, None]).mean(axis=1)
    heldout = (task.heldout_labels == majority[:, None]).mean(axis=1)
    right = accuracy(snapshots[-1].heldout_logits, task.heldout_labels)
    correct = _by_epoch(task, [snapshot.batch_correct for snapshot in snapshots])
    points = task.labels.shape[1]
    return {
        "majority_share": heldout,
        "heldout_skill": 1.0 - (1.0 - right) / (1.0 - heldout),
        "first_epoch_half": first_true(points - correct <= HALF * points * (1.0 - train)),
    }


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def _of_numbers(task: TrainTask, snapshots: Sequence[Snapshot]) -> dict[str, Array]:
    last, mean = snapshots[-1], float64(task.labels).mean(axis=1, keepdims=True)

    def r2(predicted: Array, labels: Array) -> Array:
        error = ((float64(predicted) - labels) ** 2).mean(axis=1)
        return np.asarray(1.0 - error / ((labels - mean) ** 2).mean(axis=1))

    sizes = _batch_sizes(task)[:, None]
    losses = [float64(snapshot.batch_loss) for snapshot in snapshots]
    epochs = task.record[-1]
    weighted = np.concatenate(losses) * np.tile(sizes, (epochs, 1))
    loss = _by_epoch(task, [weighted]) / task.labels.shape[1]
    heldout = r2(last.heldout_logits, float64(task.heldout_labels))
    return {
        "heldout_skill": heldout,
        "train_r2": r2(last.logits, float64(task.labels)),
        "heldout_r2": heldout,
        "first_epoch_half": first_true(loss <= HALF * float64(task.labels).var(axis=1)),
    }


def _batch_sizes(task: TrainTask) -> Array:
    points = task.labels.shape[1]
    starts = np.arange(0, points, task.batch)
    return np.asarray(np.minimum(task.batch, points - starts))


def _by_epoch(task: TrainTask, values: Sequence[Array]) -> Array:
    """Return the sums of values by batch (steps, K) over each epoch: (epochs, K)."""
    steps = float64(np.concatenate(values))
    return np.asarray(steps.reshape(task.record[-1], -1, steps.shape[1]).sum(axis=1))
