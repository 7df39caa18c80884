"""What the declared laws give: kernels drawn in NumPy, the reference of the frameworks' draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suite.catalogue import initializers, registry
from suite.types import Array, Layer, float64

KINDS = ("dense", "convolution", "transposed", "truncated")


def draw(layer_kind: str, shape: Sequence[int], initializer: str, seed: int) -> Layer:
    """Kernel of ``shape``, float64, by the initializer's own law, and a bias of zeros (outputs,).

    The fans are the channels times the receptive field. ``truncated`` is a normal cut at two
    standard deviations, by rejection. Raises UserError for another kind, and for ``default``.
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
    """Outputs (samples, fan_out) of a linear layer without bias, and the gradient by its inputs
    (samples, fan_in) for a cotangent (samples, fan_out), float64."""
    kernel = float64(kernel)
    return float64(inputs) @ kernel, float64(cotangent) @ kernel.T


def sharing(kind: str, shapes: Sequence[tuple[int, int]], seed: int) -> list[Array]:
    """Kernels of dense layers, (fan_in, fan_out) each, N(0, 1), one after the other from one
    generator, whatever the kind."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]
