"""Single normalization layers by definition, with gamma and beta, and what they keep in training.

Values of a dense layer are (N, D), of a convolution (N, H, W, C); gamma and beta have one entry for
each feature (last axis). ``suite.catalogue.normalizations`` says what each kind of layer averages.
"""

from __future__ import annotations

import numpy as np

from suite.catalogue.normalizations import LAYERS
from suite.types import Array, UserError, float64


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Return gamma xhat + beta and its derivatives. UserError for an unknown kind."""
    defined = LAYERS[kind].definition
    cotangent = float64(cotangent)
    xhat = defined.value(values, epsilon)
    by_values = defined.gradient(values, epsilon, gamma * cotangent)
    others = tuple(range(values.ndim - 1))
    by_gamma, by_beta = (cotangent * xhat).sum(axis=others), cotangent.sum(axis=others)
    return gamma * xhat + beta, by_values, by_gamma, by_beta


def averages(kind: str, batches: Array, kept: float, unbiased: bool) -> tuple[Array, Array]:
    """Average the batches, one after another.

    Raises UserError for an unknown kind, and for one that has no axes to average.
    """
    axes = LAYERS[kind].definition.axes
    if axes is None:
        raise UserError(f"normalization layer {kind!r} takes no mean and variance over axes")
    batches = float64(batches)
    mean, variance = np.zeros(batches.shape[-1]), np.ones(batches.shape[-1])
    for values in batches:
        mean = kept * mean + (1 - kept) * values.mean(axis=axes)
        variance = kept * variance + (1 - kept) * values.var(axis=axes, ddof=int(unbiased))
    return mean, variance
