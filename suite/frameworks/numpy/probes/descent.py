"""Two small problems with a known answer, step by step in float64 with gradients by hand."""

from __future__ import annotations

import math

import numpy as np

from suite.catalogue import optimizers
from suite.types import Array, Unsupported, Weights, float64


def noise(
    optimizer: str, threshold: float | None, weights: Weights, inputs: Array, targets: Array
) -> tuple[Array, Array, Weights]:
    """Train one member after another; a gradient g is scaled by min(1, threshold / |g|).

    Raises Unsupported for an optimizer other than plain gradient descent.
    """
    rate, momentum = _descent(optimizer)
    if momentum:
        raise Unsupported(f"optimizer {optimizer!r}: momentum has no definition here")
    losses, norms = np.empty(targets.shape[:2]), np.empty(targets.shape[:2])
    trained = [float64(part).copy() for layer in weights for part in layer]
    for member in range(len(targets)):
        w1, b1, w2, b2 = (part[member] for part in trained)
        batches = zip(float64(inputs[member]), float64(targets[member]), strict=True)
        for step, (x, y) in enumerate(batches):
            before = x @ w1 + b1
            hidden = np.maximum(before, 0)
            error = (hidden @ w2 + b2)[:, 0] - y
            by_output = 2 * error[:, None] / len(y)
            by_before = by_output @ w2.T * (before > 0)
            gradients = (
                x.T @ by_before,
                by_before.sum(axis=0),
                hidden.T @ by_output,
                by_output.sum(axis=0),
            )
            norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
            losses[member, step], norms[member, step] = (error**2).mean(), norm
            factor = 1.0 if threshold is None else min(1.0, threshold / norm)
            for part, gradient in zip((w1, b1, w2, b2), gradients, strict=True):
                part -= rate * factor * gradient  # in place: in ``trained``
    return losses, norms, tuple(zip(trained[::2], trained[1::2], strict=True))


def quadratic(optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
    """Descend by the recurrence of momentum m and learning rate r (Polyak 1964):

        v <- m v + c x,    x <- x - r v

    Raises Unsupported for an optimizer other than gradient descent.
    """
    rate, momentum = _descent(optimizer)
    x, velocity = float64(start).copy(), np.zeros(start.shape)
    distances = [np.linalg.norm(x, axis=1)]
    for _ in range(steps):
        velocity = momentum * velocity + curvatures * x
        x = x - rate * velocity
        distances.append(np.linalg.norm(x, axis=1))
    return np.array(distances)


def _descent(optimizer: str) -> tuple[float, float]:
    """Return learning rate and momentum of ``sgd(rate, momentum)``.

    Raises Unsupported for another optimizer.
    """
    resolved = optimizers.resolve(optimizer)
    if resolved.name != "sgd":
        raise Unsupported(f"optimizer {optimizer!r} has no definition here; allowed: sgd")
    return resolved.common["learning_rate"], resolved.common["momentum"]
