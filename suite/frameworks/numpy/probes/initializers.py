"""Kernels drawn in NumPy by the declared laws, the reference of the frameworks' draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.catalogue import initializers, registry
from suite.types import Array, Layer, float64

KINDS = ("dense", "convolution", "transposed", "truncated")


def draw(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Draw the initializer's own law, float64, with a bias of zeros.

    The fans are the channels times the receptive field. A truncated normal is drawn by rejection.
    Raises UserError for another kind, and Unsupported for ``default``.
    """
    if layer_kind not in KINDS:
        raise registry.unknown("kind of layer", layer_kind, KINDS)
    rng = np.random.default_rng(seed)
    bias = np.zeros(shape[-1])
    if layer_kind == "truncated":
        std = initializers.resolve(initializer).parameters[0]
        kernel = rng.normal(0.0, std, tuple(shape))
        while (outside := np.abs(kernel) > 2 * std).any():
            kernel[outside] = rng.normal(0.0, std, int(outside.sum()))
        return kernel, bias
    field = int(np.prod(shape[:-2]))
    flat = initializers.resolve(initializer).draw(rng, field * shape[-2], field * shape[-1])
    return flat.ravel()[: field * shape[-2] * shape[-1]].reshape(tuple(shape)), bias


def through(kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
    """Multiply in float64."""
    kernel = float64(kernel)
    return float64(inputs) @ kernel, float64(cotangent) @ kernel.T


def sharing(kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Draw one kernel after the other from one generator, whatever the kind."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]
