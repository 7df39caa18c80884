"""The kernels that layers really get, for the study ``initializers``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from suite.types import Array, Layer


class LayerDraws(Protocol):
    """Draws of single layers, and of several layers that share an initializer."""

    def draw(self, layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
        """Return kernel and bias of one fresh layer.

        ``layer_kind``: ``dense`` with ``shape`` (fan_in, fan_out); ``convolution`` and
        ``transposed`` with (height, width, channels in, channels out); ``truncated``: dense, filled
        by a normal that is cut at two standard deviations, with the standard deviation of
        ``initializer``, a ``normal``. The kernel has this shape, the bias (outputs,). Any other
        kind of ``suite.catalogue.kernels`` takes the sizes that its entry names; the kernel is as
        the framework keeps it, and the biases are one vector, empty where the layer has none and
        without those of an LSTM's forget gate. ``default`` is the layer's own start; another
        initializer fills the kernel and leaves the bias to the layer. Raises UserError for another
        kind.
        """
        ...

    def bias(self, initializer: str, fan_in: int, fan_out: int, seed: int) -> Array:
        """Return the bias (fan_out,) of a fresh dense layer that an initializer without fans fills,
        or with ``default`` the layer's own."""
        ...

    def through(self, kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
        """Return the outputs (samples, fan_out) of a linear layer without bias, and the gradient by
        its inputs (samples, fan_in) for a cotangent (samples, fan_out)."""
        ...

    def sharing(self, kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
        """Return the kernels of dense layers, (fan_in, fan_out) each, all filled by N(0, 1).

        ``kind``: what the layers share. ``shared``: one initializer to which no seed is given;
        ``shared_seeded``: one with a whole number as its seed; ``shared_generator``: one with a
        generator; ``fresh``: nothing. Raises UserError for a kind that the framework does not have.
        """
        ...
