"""Kernels drawn in NumPy by the declared laws, the reference of the frameworks' draws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from suite.catalogue import initializers
from suite.catalogue.kernels import KERNELS
from suite.types import Array, Layer, float64

FIELDS = ("dense", "convolution", "transposed")
"""The kinds whose kernel is drawn in one piece, with the receptive field first."""


def draw(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Draw the initializer's own law with the textbook's fans, float64, with a bias of zeros.

    A truncated normal is drawn by rejection. The kernel of a layer that keeps several in one array
    is drawn one after the other, as the entries of a vector. Raises UserError for another kind, and
    Unsupported for ``default``.
    """
    kind = KERNELS[layer_kind]
    rng = np.random.default_rng(seed)
    bias = np.zeros(shape[-1])
    if layer_kind == "truncated":
        std = initializers.resolve(initializer).parameters[0]
        kernel = rng.normal(0.0, std, tuple(shape))
        while (outside := np.abs(kernel) > 2 * std).any():
            kernel[outside] = rng.normal(0.0, std, int(outside.sum()))
        return kernel, bias
    if layer_kind not in FIELDS:
        fans, entries = kind.fans(*shape), kind.entries(*shape)
        drawn = initializers.resolve(initializer).draw
        parts = [drawn(rng, *fans).ravel() for _ in range(-(-entries // math.prod(fans)))]
        return np.concatenate(parts)[:entries], np.zeros(0)
    field = int(np.prod(shape[:-2]))
    flat = initializers.resolve(initializer).draw(rng, field * shape[-2], field * shape[-1])
    return flat.ravel()[: field * shape[-2] * shape[-1]].reshape(tuple(shape)), bias


def bias(initializer: str, fan_in: int, fan_out: int, seed: int) -> Array:
    """Draw the initializer's law, float64. Raises Unsupported for ``default``."""
    rng = np.random.default_rng(seed)
    return np.ravel(initializers.resolve(initializer).draw(rng, 1, fan_out))


def through(kernel: Array, inputs: Array, cotangent: Array) -> tuple[Array, Array]:
    """Multiply in float64."""
    kernel = float64(kernel)
    return float64(inputs) @ kernel, float64(cotangent) @ kernel.T


def sharing(kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Draw one kernel after the other from one generator, whatever the kind."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]
