"""What several twins compute alike, written as its definition says, for one member."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from suite.types import Array, Snapshot, TrainTask, Weights, float64
from tests.studies.twins.run import Run

STATISTICS = ("mean", "std", "mean_abs", "rms")


def share_right(logits: Array, labels: Array) -> float:
    """Return the share of points that one network classifies right; NaN with a NaN logit."""
    if np.isnan(logits).any():
        return math.nan
    right = 0
    for logit, label in zip(logits.tolist(), labels.tolist(), strict=True):
        answer = logit.index(max(logit)) if isinstance(logit, list) else logit > 0
        right += int(answer == label)
    return right / len(labels)


def first(flags: Iterable[bool]) -> float:
    """Return the place of the first true flag, counted from 1; infinite if there is none."""
    for place, flag in enumerate(flags, start=1):
        if flag:
            return float(place)
    return math.inf


def batch_losses(snapshots: list[Snapshot], k: int) -> list[float]:
    """Return the loss of every batch of a member, from the first."""
    return [float(loss) for snapshot in snapshots for loss in snapshot.batch_loss[:, k]]


def learned_epoch(task: TrainTask, snapshots: list[Snapshot], k: int, learned: float) -> float:
    """Return the first epoch in which the share of right answers reaches ``learned``."""
    right = [int(n) for snapshot in snapshots for n in snapshot.batch_correct[:, k]]
    points = len(task.labels[k])
    batches = math.ceil(points / task.batch)
    epochs = [right[i : i + batches] for i in range(0, len(right), batches)]
    # In whole numbers: a share of 0.95 itself counts.
    return first(100 * sum(epoch) >= round(100 * learned) * points for epoch in epochs)


def diverged_step(snapshots: list[Snapshot], k: int) -> float:
    """Return the first batch whose loss is not finite."""
    return first(not math.isfinite(loss) for loss in batch_losses(snapshots, k))


def statistic(key: str, values: Array) -> float:
    """Return one of ``STATISTICS`` of all entries of an array."""
    with np.errstate(invalid="ignore", over="ignore"):
        entries = np.asarray(values, dtype=np.float64).ravel()
        mean = entries.sum() / entries.size
        return float(
            {
                "mean": mean,
                "std": np.sqrt(((entries - mean) ** 2).sum() / entries.size),
                "mean_abs": np.abs(entries).sum() / entries.size,
                "rms": np.sqrt((entries**2).sum() / entries.size),
            }[key]
        )


def layer_statistics(run: Run) -> dict[str, Array]:
    """Return the statistics of kernels and gradients, (K, epochs, layers) each."""

    def column(tensor: str, key: str) -> Array:
        return run.each(
            lambda k: [
                [statistic(key, kernel[k]) for kernel, _ in getattr(snapshot, tensor)]
                for snapshot in run.snapshots
            ]
        )

    return {
        f"{name}_{key}": column(tensor, key)
        for name, tensor in (("weight", "weights"), ("gradient", "gradients"))
        for key in STATISTICS
    }


def member(weights: Weights, k: int) -> list[tuple[Array, Array]]:
    """Return the layers of one member in double precision."""
    return [(float64(kernel[k]), float64(bias[k])) for kernel, bias in weights]


def outcomes(run: Run) -> dict[str, Array]:
    """Return the columns about the end of training that several studies store."""
    task, end, start = run.task, run.snapshots[-1], run.snapshots[0]
    return {
        "train_loss": run.each(lambda k: float(end.loss[k])),
        "heldout_loss": run.each(lambda k: float(end.heldout_loss[k])),
        "train_accuracy": run.each(lambda k: share_right(end.logits[k], task.labels[k])),
        "heldout_accuracy": run.each(
            lambda k: share_right(end.heldout_logits[k], task.heldout_labels[k])
        ),
        "initial_accuracy": run.each(lambda k: share_right(start.logits[k], task.labels[k])),
        "first_epoch_95": run.each(lambda k: learned_epoch(task, run.snapshots, k, 0.95)),
        "diverged_step": run.each(lambda k: diverged_step(run.snapshots, k)),
    }


def chosen(columns: dict[str, Array], *names: str) -> dict[str, Array]:
    """Return the columns of these names."""
    return {name: columns[name] for name in names}


def finite(run: Run, k: int) -> bool:
    """Return whether every loss, weight and gradient of a trained member is finite."""
    arrays = [
        array[k]
        for snapshot in run.snapshots
        for array in (
            snapshot.loss,
            snapshot.heldout_loss,
            snapshot.batch_loss.T,
            *(part for layer in (*snapshot.weights, *snapshot.gradients) for part in layer),
        )
    ]
    return all(bool(np.isfinite(array).all()) for array in arrays)


def deviation(measured: Array, exact: Array) -> float:
    """Return the largest deviation, relative to the largest exact entry; 0 where both are 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.abs(float64(measured) - float64(exact)).max()
        return 0.0 if gap == 0 else float(gap / np.abs(float64(exact)).max())
