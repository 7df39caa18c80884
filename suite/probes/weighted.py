"""Training with a weight for each point, for the study ``weighting``."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array, Weights


class WeightedTraining(Protocol):
    """Importance-weighted training."""

    def train(
        self,
        optimizer: str,
        weights: Weights,
        inputs: Array,
        labels: Array,
        importance: Array,
        points: Array,
        record: tuple[int, ...],
    ) -> Array:
        """Train K ReLU networks of two hidden layers and one logit, all points in every step.

        ``weights``: (K, fan_in, fan_out) and (K, fan_out) of three layers; inputs (K, N, features),
        labels and ``importance`` (K, N). The loss is the mean over the points of importance times
        binary cross-entropy. Returns the logits on ``points`` (K, M, features) after each number of
        steps in ``record``, ascending: (K, records, M). Raises UserError for an optimizer that the
        framework does not have.
        """
        ...
