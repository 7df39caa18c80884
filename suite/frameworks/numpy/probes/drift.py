"""Training in float64 by the formula of either framework: what each optimizer really computes.

The network and its gradient are the oracle's. The forms differ in where epsilon stands and in how
a norm clips; with g the gradient, v the running mean of its square and t the step:

| | torch | Keras and TensorFlow |
| --- | --- | --- |
| RMSprop | g / (sqrt(v) + epsilon) | g / sqrt(v + epsilon) |
| Adam | epsilon beside sqrt(v / (1 - beta_2^t)) | epsilon beside sqrt(v) |
| clipping by norm | threshold / (norm + 1e-6), at most 1 | threshold / norm, at most 1 |

``clipnorm`` is the third convention, an argument of Keras' optimizers: each kernel and each bias is
clipped by its own norm. Read from the frameworks' source code.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.registry import unknown
from suite.frameworks.numpy import cross_entropy, forward, gradient
from suite.types import Array, Snapshot, TrainTask, Unsupported, Weights, float64

FORMS = ("torch", "keras", "clipnorm")
Parts = list[Array]
"""All parameters of K networks, or their gradients, one after the other; each (K, ...)."""
Rule = Callable[[Parts], Parts]
"""Gradients -> the changes subtracted from the parameters. It remembers earlier gradients."""


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # what diverges is a result
def train(task: TrainTask, form: str) -> list[Snapshot]:
    """Train in float64 by the formulas of a form."""
    if form not in FORMS:
        raise unknown("form of an optimizer", form, FORMS)
    name = task.architecture.activation
    inputs, labels = float64(task.inputs), float64(task.labels)
    heldout, heldout_labels = float64(task.heldout_inputs), float64(task.heldout_labels)
    weights = _pairs([float64(part) for layer in task.weights for part in layer])
    clip, rule = _clip(task.clipping, form), _rule(task.optimizer, form)
    members, points = labels.shape
    snapshots: list[Snapshot] = []
    losses: Parts = []
    for epoch in range(task.record[-1] + 1):
        for start in range(0, points if epoch else 0, task.batch):
            chosen = task.order(epoch)[:, start : start + task.batch]
            x = np.take_along_axis(inputs, chosen[:, :, None], axis=1)
            y = np.take_along_axis(labels, chosen, axis=1)
            losses.append(cross_entropy(forward(name, weights, x), y))
            steps = rule(clip(_flat(gradient(name, weights, x, y))))
            parts = zip(_flat(weights), steps, strict=True)
            weights = _pairs([part - step for part, step in parts])
        if epoch in task.record:
            logits, heldout_logits = forward(name, weights, inputs), forward(name, weights, heldout)
            snapshots.append(
                Snapshot(
                    epoch=epoch,
                    weights=weights,
                    gradients=(),
                    loss=cross_entropy(logits, labels),
                    heldout_loss=cross_entropy(heldout_logits, heldout_labels),
                    logits=logits,
                    heldout_logits=heldout_logits,
                    batch_loss=np.reshape(losses, (-1, members)),
                    batch_correct=np.empty((0, members), dtype=np.int64),
                )
            )
            losses = []
    return snapshots


def _flat(weights: Weights) -> Parts:
    return [part for layer in weights for part in layer]


def _pairs(parts: Parts) -> Weights:
    return tuple(zip(parts[::2], parts[1::2], strict=True))


# --- clipping ------------------------------------------------------------------------------------


def _clip(clipping: str, form: str) -> Rule:
    name, values = optimizers.rule(clipping, optimizers.CLIPPING)
    if name == "none":
        return lambda gradients: gradients
    if name != "norm":
        raise Unsupported(f"clipping {clipping!r} has no formula here (allowed: none, norm)")
    threshold = values["threshold"]

    def whole(gradients: Parts) -> Parts:
        norm = np.sqrt(np.sum([_squares(part) for part in gradients], axis=0))
        small = 1e-6 if form == "torch" else 0.0
        factor = np.minimum(1.0, threshold / (norm + small))
        return [_times(part, factor) for part in gradients]

    def one_by_one(gradients: Parts) -> Parts:
        return [
            _times(part, np.minimum(1.0, threshold / np.sqrt(_squares(part)))) for part in gradients
        ]

    return one_by_one if form == "clipnorm" else whole


def _squares(part: Array) -> Array:
    """Return the sum of the squares of each member's entries, (K,)."""
    return np.asarray(np.sum(part.reshape(len(part), -1) ** 2, axis=1))


def _times(part: Array, factor: Array) -> Array:
    """Return each member's entries times its factor (K,)."""
    return np.asarray(part * factor.reshape(-1, *[1] * (part.ndim - 1)))


# --- optimizers ----------------------------------------------------------------------------------


def _rule(optimizer: str, form: str) -> Rule:
    """Return the optimizer of all parameters; with ``clipnorm`` its form is that of Keras."""
    entry = optimizers.resolve(optimizer)
    steps: list[optimizers.Step] = []

    def rule(gradients: Parts) -> Parts:
        if not steps:
            steps.extend(entry.step("torch" if form == "torch" else "keras") for _ in gradients)
        return [step(g) for step, g in zip(steps, gradients, strict=True)]

    return rule
