"""Deep networks with normalization, for the studies ``normalized`` and ``internal_shift``.

Two arrangements of one layer of ``width`` units, r being the factor of the residual connection:

    chain    x <- activation(normalization(dense(x)))                  the order of 2015
    blocks   x <- x + r dense(activation(normalization(x)))            "pre-activation", 2016

With r other than 0, layers of the chain from the second on give x + r f(x) in place of f(x). gamma
is 1 and beta 0 at the start.
"""

from __future__ import annotations

from typing import Protocol

from suite.types import Array, Weights


class DeepSignals(Protocol):
    """Networks at initialisation."""

    def propagate(
        self,
        activation: str,
        arrangement: str,
        normalization: str,
        residual: float,
        weights: Weights,
        inputs: Array,
        cotangent: Array,
        epsilon: float,
    ) -> tuple[Array, Array]:
        """Return the output of each layer (depth, samples, width), and the gradients (depth + 1,
        samples, width) of sum(cotangent * last output) by the inputs and by each layer's output.

        In training mode; single precision in a framework. ``weights`` have no leading axis; inputs
        and cotangent (samples, width); ``epsilon`` is added to the variance.
        """
        ...


class DeepNetworks(DeepSignals, Protocol):
    """Networks at initialisation and in training."""

    def shift(
        self,
        activation: str,
        normalization: str,
        weights: Weights,
        inputs: Array,
        labels: Array,
        optimizer: str,
        steps: int,
        epsilon: float,
    ) -> tuple[Array, Array, Array]:
        """Train a network, and at each step measure what the step of the layers below a layer does
        to that layer's gradient (Santurkar, Tsipras, Ilyas and Madry 2018).

        A chain of equally wide hidden layers and one logit, binary cross-entropy, a step of the
        optimizer (``common`` settings) on all inputs (N, features) and labels (N,) at a time.
        ``weights`` have no leading axis. Returns the losses (steps,) before each step, and twice
        (steps, depth - 1, width, width), for the second to the last hidden layer: the gradient by
        its kernel before the step, and the gradient after the layers below it alone have made the
        step (their gamma and beta too).
        """
        ...
