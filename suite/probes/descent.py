"""Two small problems with a known answer, for the study ``descent``."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array, Weights


class KnownProblems(Protocol):
    """Gradient descent with and without clipping and momentum."""

    def noise(
        self,
        optimizer: str,
        threshold: float | None,
        weights: Weights,
        inputs: Array,
        targets: Array,
    ) -> tuple[Array, Array, Weights]:
        """Train K networks with one hidden ReLU layer on batches that are each seen once.

        ``weights``: kernels (K, fan_in, fan_out) and biases (K, fan_out) of two layers; inputs (K,
        steps, batch, features), targets (K, steps, batch). The gradient g of the mean squared error
        is clipped to the norm ``threshold``, |g| over all weights and biases (Pascanu, Mikolov and
        Bengio 2013); None: not at all. Returns the loss of each batch before its step and |g|
        before clipping, both (K, steps), and the weights afterwards. Raises UserError for an
        optimizer that the framework does not have.
        """
        ...

    def quadratic(self, optimizer: str, curvatures: Array, start: Array, steps: int) -> Array:
        """Descend sum(curvatures x^2) / 2 from K starts (K, n); curvatures (n,).

        Returns |x| after 0 to ``steps`` steps, (steps + 1, K). Raises UserError for an optimizer
        that the framework does not have.
        """
        ...
