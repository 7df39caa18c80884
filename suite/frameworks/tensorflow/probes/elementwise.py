"""The time of an activation in TensorFlow."""

from __future__ import annotations

import time

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import tf
from suite.types import Array


def seconds(activation: str, points: Array) -> tuple[float, float]:
    """Time the function forward and backward; see ``suite.probes.elementwise.Elementwise``.

    Eager operations on the CPU return when their result is there.
    """
    function = native(activations.resolve(activation).native("tensorflow"))
    x = tf.constant(points)
    with tf.GradientTape() as tape:
        tape.watch(x)
        started = time.perf_counter()
        value = function(x)
        between = time.perf_counter()
    begun = time.perf_counter()
    tape.gradient(value, x)
    return between - started, time.perf_counter() - begun
