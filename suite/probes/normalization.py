"""Single normalization layers, for the study ``normalization``.

``suite.catalogue.normalizations`` says what each kind of layer averages. Values are (N, D) for a
dense layer and (N, H, W, C) for a convolution; the features are their last axis. Everything is
computed in the precision of the values.
"""

from __future__ import annotations

from typing import Protocol

from suite.types import Array


class NormalizationLayers(Protocol):
    """A framework's own layers, one at a time."""

    def layer(
        self,
        kind: str,
        values: Array,
        gamma: Array,
        beta: Array,
        epsilon: float | None,
        cotangent: Array,
    ) -> tuple[Array, Array, Array, Array]:
        """Return the outputs in training mode, and the gradients of sum(cotangent * outputs) by the
        values, gamma and beta.

        gamma and beta (features,). ``epsilon`` is added to the variance; None: the layer's own.
        """
        ...

    def running(
        self, kind: str, batches: Array, kept: float | None, epsilon: float | None
    ) -> tuple[Array, Array, Array, Array]:
        """Train on (T, ...) batches; return running mean and variance, each (features,), and the
        outputs of the last batch in training and in inference mode.

        ``kept``: the share of the old value in a moving average; None: the layer's own. The
        statistics are empty where the layer keeps none.
        """
        ...

    def defaults(self, kind: str) -> dict[str, float]:
        """Return what a layer made without arguments has: ``epsilon``, ``momentum`` as the
        framework writes it (NaN: none), and ``parameters``, the trainable numbers per feature."""
        ...

    def rescaled(
        self, kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
    ) -> tuple[Array, Array]:
        """Return the outputs of a layer without bias and its normalization, in training mode, and
        the gradient of sum(cotangent * outputs) by the kernel.

        ``kernel``: (fan_in, fan_out) of a dense layer, or (height, width, channels in, channels
        out) of a convolution with stride 1 and without padding.
        """
        ...


class NormalizationDefinition(Protocol):
    """The definition of the layers, which has no epsilon or momentum of its own."""

    def layer(
        self,
        kind: str,
        values: Array,
        gamma: Array,
        beta: Array,
        epsilon: float,
        cotangent: Array,
    ) -> tuple[Array, Array, Array, Array]:
        """Return what ``NormalizationLayers.layer`` returns, for a given epsilon, in float64."""
        ...

    def averages(
        self, kind: str, batches: Array, kept: float, unbiased: bool
    ) -> tuple[Array, Array]:
        """Return the moving averages (features,) of mean and variance after (T, ...) batches.

        They start at 0 and 1; each batch leaves the share ``kept`` of the old value. ``unbiased``:
        the variance that enters is divided by the number of values less one.
        """
        ...
