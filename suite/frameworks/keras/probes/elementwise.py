"""The time of an activation of Keras."""

from __future__ import annotations

import time

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.frameworks.keras.differentiate import numbers, recorded, tensor
from suite.frameworks.keras.library import framework, keras
from suite.types import Array


def seconds(activation: str, points: Array) -> tuple[float, float]:
    """Time the function forward and backward; see ``suite.probes.elementwise.Elementwise``.

    The pass backward is recorded in a call of its own, outside of the clock: on JAX the recording,
    in Python, takes longer than the numbers. JAX computes while Python goes on, until it is asked
    for the numbers.
    """
    function = native(activations.resolve(activation).native(framework()))
    x = tensor(points)
    ones = keras.ops.ones_like(x)
    started = time.perf_counter()
    numbers(function(x))
    forward = time.perf_counter() - started
    value, pull = recorded(function, [x])
    numbers(value)
    started = time.perf_counter()
    (slope,) = pull(ones)
    numbers(slope)
    return forward, time.perf_counter() - started
