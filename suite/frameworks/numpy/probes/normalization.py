"""Normalization layers by definition: which axes are averaged, what is added, what is kept.

Values of a dense layer are (N, D), of a convolution (N, H, W, C). Every layer subtracts a mean and
divides by the root of a population variance plus epsilon, then multiplies by gamma and adds beta,
one of each per feature (last axis):

    batch_dense           over N          one mean per feature     (Ioffe and Szegedy 2015)
    batch_convolution     over N, H, W    one mean per channel     (Ioffe and Szegedy 2015)
    layer_dense           over D          one mean per sample      (Ba, Kiros and Hinton 2016)
    instance_convolution  over H, W       one per sample, channel  (Ulyanov et al. 2016)
"""

from __future__ import annotations

import numpy as np

from suite.types import Array, float64

AVERAGED = {
    "batch_dense": (0,),
    "batch_convolution": (0, 1, 2),
    "layer_dense": (1,),
    "instance_convolution": (1, 2),
}
"""Kind of layer -> the axes over which mean and variance are taken."""


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Outputs in training mode, and the derivatives of sum(cotangent * outputs) by the values,
    gamma and beta.

    Every output depends on all values of its group through mean and variance, which takes the
    mean of the gradient and its part along the normalised values away:

        dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + epsilon)     g = gamma cotangent
    """
    axes = AVERAGED[kind]
    values, cotangent = float64(values), float64(cotangent)

    def mean(of: Array) -> Array:
        return np.asarray(of.mean(axis=axes, keepdims=True))

    deviation = np.sqrt(mean((values - mean(values)) ** 2) + epsilon)
    normal = (values - mean(values)) / deviation
    inner = gamma * cotangent
    by_values = (inner - mean(inner) - normal * mean(inner * normal)) / deviation
    others = tuple(range(values.ndim - 1))
    by_gamma, by_beta = (cotangent * normal).sum(axis=others), cotangent.sum(axis=others)
    return gamma * normal + beta, by_values, by_gamma, by_beta


def running(kind: str, batches: Array, kept: float, unbiased: bool) -> tuple[Array, Array]:
    """Moving averages (features,) of mean and variance after (T, ...) batches of training.

    They start at 0 and 1; each batch leaves the share ``kept`` of the old value. ``unbiased``:
    the variance that enters is divided by the number of values less one.
    """
    axes = AVERAGED[kind]
    batches = float64(batches)
    mean, variance = np.zeros(batches.shape[-1]), np.ones(batches.shape[-1])
    for values in batches:
        mean = kept * mean + (1 - kept) * values.mean(axis=axes)
        variance = kept * variance + (1 - kept) * values.var(axis=axes, ddof=int(unbiased))
    return mean, variance
