"""The time of an activation in JAX."""

from __future__ import annotations

import time

import jax

from suite.catalogue import activations
from suite.catalogue.registry import native
from suite.types import Array


def seconds(activation: str, points: Array) -> tuple[float, float]:
    """Time the function forward and backward; see ``suite.probes.elementwise.Elementwise``.

    JAX returns before a result is there, so each clock waits for it. The backward time is that of
    the pulled-back vector: the forward pass before it is not counted.
    """
    function = native(activations.resolve(activation).native("jax"))
    x = jax.block_until_ready(jax.numpy.asarray(points))
    started = time.perf_counter()
    jax.block_until_ready(function(x))
    between = time.perf_counter()
    value, pull = jax.vjp(function, x)
    ones = jax.block_until_ready(jax.numpy.ones_like(value))
    begun = time.perf_counter()
    jax.block_until_ready(pull(ones))
    return between - started, time.perf_counter() - begun
