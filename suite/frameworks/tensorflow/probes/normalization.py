"""Keras' own normalization layers, one at a time: values, gradients, running statistics, defaults.

Values come as (N, D) or (N, H, W, C), which is the layout of Keras. All is computed in the
precision of the values. Keras has no layer for instance normalization: its own way is
``GroupNormalization(groups=-1)``, one group for each channel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.frameworks.tensorflow.backend import keras, tf
from suite.types import Array

_LAYERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "batch_dense": (keras.layers.BatchNormalization, {}),
    "batch_convolution": (keras.layers.BatchNormalization, {}),
    "layer_dense": (keras.layers.LayerNormalization, {}),
    "instance_convolution": (keras.layers.GroupNormalization, {"groups": -1}),
}


def layer(
    kind: str, values: Array, gamma: Array, beta: Array, epsilon: float | None, cotangent: Array
) -> tuple[Array, Array, Array, Array]:
    """Outputs in training mode, and the gradients of sum(cotangent * outputs) by the values,
    gamma and beta. ``epsilon`` None: Keras' own."""
    own = _built(kind, values, epsilon)
    own.gamma.assign(gamma)
    own.beta.assign(beta)
    x = tf.constant(values)
    leaves = [x, own.gamma.value, own.beta.value]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = own(x, training=True)
    gradients = tape.gradient(y, leaves, tf.constant(cotangent))
    by_values, by_gamma, by_beta = (gradient.numpy() for gradient in gradients)
    return y.numpy(), by_values, by_gamma, by_beta


def running(
    kind: str, batches: Array, kept: float | None, epsilon: float | None
) -> tuple[Array, Array, Array, Array]:
    """After training mode on (T, ...) batches: running mean and variance, each (features,), and
    the outputs of the last batch in training and in inference mode.

    ``kept``: the share of the old value in a moving average; None: Keras' own. The statistics
    are empty where the layer keeps none.
    """
    momentum = {} if kept is None or not kind.startswith("batch") else {"momentum": kept}
    own = _built(kind, batches[0], epsilon, **momentum)
    for values in batches:
        trained = own(tf.constant(values), training=True)
    inferred = own(tf.constant(batches[-1]), training=False)
    statistics = [getattr(own, name, None) for name in ("moving_mean", "moving_variance")]
    mean, variance = (np.empty(0) if s is None else s.numpy() for s in statistics)
    return mean, variance, trained.numpy(), inferred.numpy()


def defaults(kind: str) -> dict[str, float]:
    """What a layer has when nobody asks: ``epsilon``, ``momentum`` as it is written (NaN: none),
    and ``parameters``, the trainable numbers per feature."""
    features = 4
    shape = (2, 3, 3, features) if kind.endswith("convolution") else (2, features)
    own = _built(kind, np.zeros(shape), None)
    trainable = sum(int(np.prod(weight.shape)) for weight in own.trainable_weights)
    return {
        "epsilon": own.epsilon,
        "momentum": getattr(own, "momentum", float("nan")),
        "parameters": trainable / features,
    }


def rescaled(
    kind: str, values: Array, kernel: Array, epsilon: float, cotangent: Array
) -> tuple[Array, Array]:
    """Outputs of a layer without bias and its normalization, in training mode, and the gradient
    of sum(cotangent * outputs) by the kernel.

    ``kernel``: (fan_in, fan_out) of ``Dense``, or (height, width, channels in, channels out) of
    ``Conv2D``, stride 1, without padding.
    """
    common: dict[str, Any] = {"use_bias": False, "kernel_initializer": "zeros"}
    common["dtype"] = values.dtype.name
    features = kernel.shape[-1]
    if kernel.ndim == 2:
        before = keras.layers.Dense(features, **common)
    else:
        before = keras.layers.Conv2D(features, kernel.shape[:2], **common)
    before.build(values.shape)
    before.kernel.assign(kernel)
    normalization = _built(kind, cotangent, epsilon)
    with tf.GradientTape() as tape:
        y = normalization(before(tf.constant(values)), training=True)
    gradient = tape.gradient(y, before.kernel.value, tf.constant(cotangent))
    return y.numpy(), gradient.numpy()


def _built(kind: str, values: Array, epsilon: float | None, **more: Any) -> Any:
    """A fresh layer for values of this shape and precision."""
    make, own = _LAYERS[kind]
    given = {} if epsilon is None else {"epsilon": epsilon}
    result = make(**own, **given, **more, dtype=values.dtype.name)
    result.build(values.shape)
    return result
