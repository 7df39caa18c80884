"""One network at a time in NumPy float64: the definition of the frameworks' training loops."""

from __future__ import annotations

from dataclasses import replace

from suite.frameworks.numpy import Numpy
from suite.types import TrainTask, Weights


def fit(task: TrainTask, member: int) -> tuple[Weights, float, float]:
    """Train a task that has this member alone."""
    row = [member]
    alone = replace(
        task,
        weights=tuple((kernel[row], bias[row]) for kernel, bias in task.weights),
        inputs=task.inputs[row],
        labels=task.labels[row],
        heldout_inputs=task.heldout_inputs[row],
        heldout_labels=task.heldout_labels[row],
        order=lambda epoch: task.order(epoch)[row],
        record=task.record[-1:],
    )
    (last,) = Numpy().train(alone)
    right = ((last.logits > 0) == (alone.labels > 0.5)).mean()
    weights = tuple((kernel[0], bias[0]) for kernel, bias in last.weights)
    return weights, float(last.loss[0]), float(right)
