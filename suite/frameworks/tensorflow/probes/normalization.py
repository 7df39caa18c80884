"""Keras' own normalization layers, one at a time: values, gradients, running statistics, defaults.

Values come as (N, D) or (N, H, W, C), which is the layout of Keras. All is computed in the
precision of the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from suite.catalogue.normalizations import LAYERS
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float | None, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Apply Keras' layer, differentiated by a tape."""
    normalization = _built(kind, values, _given(epsilon))
    normalization.gamma.assign(gamma)
    normalization.beta.assign(beta)
    x = tf.constant(values)
    leaves = [x, normalization.gamma.value, normalization.beta.value]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = normalization(x, training=True)
    gradients = tape.gradient(y, leaves, tf.constant(cotangent))
    by_values, by_gamma, by_beta = (gradient.numpy() for gradient in gradients)
    return y.numpy(), by_values, by_gamma, by_beta


def running(
    kind: str, batches: Array, kept: float | None, epsilon: float | None
) -> tuple[Array, Array, Array, Array]:
    """Train Keras' layer on the batches; its ``momentum`` is ``kept``."""
    values = _given(epsilon)
    if kept is not None and LAYERS[kind].keeps_statistics:
        values["momentum"] = kept
    normalization = _built(kind, batches[0], values)
    for batch in batches:
        trained = normalization(tf.constant(batch), training=True)
    inferred = normalization(tf.constant(batches[-1]), training=False)
    names = ("moving_mean", "moving_variance")
    statistics = [getattr(normalization, name, None) for name in names]
    mean, variance = (np.empty(0) if s is None else s.numpy() for s in statistics)
    return mean, variance, trained.numpy(), inferred.numpy()


def defaults(kind: str) -> dict[str, float]:
    """Read the defaults off a layer that Keras makes without arguments."""
    features = 4
    shape = (2, 3, 3, features) if kind.endswith("convolution") else (2, features)
    normalization = _built(kind, np.zeros(shape), {})
    trainable = sum(int(np.prod(weight.shape)) for weight in normalization.trainable_weights)
    return {
        "epsilon": normalization.epsilon,
        "momentum": getattr(normalization, "momentum", float("nan")),
        "parameters": trainable / features,
    }


def rescaled(
    kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array]:
    """Put the layer behind ``Dense`` or ``Conv2D``."""
    common: dict[str, Any] = {"use_bias": False, "kernel_initializer": "zeros"}
    common["dtype"] = values.dtype.name
    features = kernel.shape[-1]
    if kernel.ndim == 2:
        before = keras.layers.Dense(features, **common)
    else:
        before = keras.layers.Conv2D(features, kernel.shape[:2], **common)
    before.build(values.shape)
    before.kernel.assign(kernel)
    normalization = _built(kind, cotangent, _given(epsilon))
    with tf.GradientTape() as tape:
        y = normalization(before(tf.constant(values)), training=True)
    gradient = tape.gradient(y, before.kernel.value, tf.constant(cotangent))
    return y.numpy(), gradient.numpy()


def _given(epsilon: float | None) -> dict[str, float]:
    """Return the hyper-parameters to set, under the names of the catalogue."""
    return {} if epsilon is None else {"epsilon": epsilon}


def _built(kind: str, inputs: Array, values: Mapping[str, float]) -> Any:
    """Return a fresh layer for inputs of this shape and precision, hyper-parameters set."""
    declared = LAYERS[kind].native("tensorflow", values)
    assert declared is not None  # every entry of LAYERS is a layer
    layer = native(declared)(dtype=inputs.dtype.name)
    layer.build(inputs.shape)
    return layer
