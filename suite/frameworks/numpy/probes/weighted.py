"""Training with a weight for each point, in float64 with every gradient by hand."""

from __future__ import annotations

import numpy as np

from suite.catalogue import optimizers
from suite.types import Array, Unsupported, Weights, float64


def train(
    optimizer: str,
    weights: Weights,
    inputs: Array,
    labels: Array,
    importance: Array,
    points: Array,
    record: tuple[int, ...],
) -> Array:
    """Train one member after another, all points in every step.

    Raises Unsupported for an optimizer other than plain gradient descent.
    """
    resolved = optimizers.resolve(optimizer)
    if resolved.name != "sgd" or resolved.common["momentum"]:
        raise Unsupported(f"optimizer {optimizer!r} has no definition here; allowed: sgd")
    rate = resolved.common["learning_rate"]
    logits = np.empty((len(inputs), len(record), points.shape[1]))
    for member in range(len(inputs)):
        parts = [float64(part[member]).copy() for layer in weights for part in layer]
        w1, b1, w2, b2, w3, b3 = parts
        x, y, important = (float64(a[member]) for a in (inputs, labels, importance))
        for step in range(1, record[-1] + 1):
            first = np.maximum(x @ w1 + b1, 0)
            second = np.maximum(first @ w2 + b2, 0)
            probability = 1 / (1 + np.exp(-(second @ w3 + b3)[:, 0]))
            by_logit = (important * (probability - y))[:, None] / len(y)
            by_second = by_logit @ w3.T * (second > 0)
            by_first = by_second @ w2.T * (first > 0)
            gradients = (
                x.T @ by_first,
                by_first.sum(axis=0),
                first.T @ by_second,
                by_second.sum(axis=0),
                second.T @ by_logit,
                by_logit.sum(axis=0),
            )
            for part, gradient in zip(parts, gradients, strict=True):
                part -= rate * gradient
            if step in record:
                seen = np.maximum(float64(points[member]) @ w1 + b1, 0)
                values = (np.maximum(seen @ w2 + b2, 0) @ w3 + b3)[:, 0]
                logits[member, record.index(step)] = values
    return logits
