"""Small convolutional networks, as the study ``digits`` draws and trains them."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array, Layer, Weights


class Convolutions(Protocol):
    """Networks of 3 x 3 convolutions and a dense output layer, on images of one channel."""

    def draw(self, initializer: str, channels: int, filters: int, seed: int) -> Layer:
        """Return kernel (3, 3, channels, filters) and bias (filters,) of a fresh convolution.

        ``default`` is the layer's own start; a named initializer leaves the bias at zero. The fans
        are 9 channels and 9 filters (Glorot and Bengio 2010, He et al. 2015). Raises UserError for
        an initializer that the framework does not have.
        """
        ...

    def train(
        self,
        activation: str,
        optimizer: str,
        weights: Weights,
        inputs: Array,
        labels: Array,
        heldout: Array,
        order: Array,
        batch: int,
    ) -> tuple[Array, Array, Array]:
        """Train K networks; return the loss of each batch, and the logits afterwards.

        ``weights``: kernels (K, 3, 3, channels, filters) and biases (K, filters) of the
        convolutions, then of the output layer, which reads rows, columns and channels in this
        order. inputs (K, N, side, side), labels (K, N) from 0, order (epochs, K, N), N a multiple
        of ``batch``. Returns the categorical cross-entropy of each batch before its step, in nats
        (steps, K), and the logits on the inputs (K, N, classes) and on ``heldout`` (K, M, side,
        side). Raises UserError for an optimizer that the framework does not have.
        """
        ...
