"""Keras' own draws and TensorFlow's matrix products, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from suite.catalogue import initializers
from suite.catalogue.registry import native
from suite.frameworks.tensorflow.backend import tf
from suite.studies.propagation import INPUTS


def drawer(initializer: str, width: int) -> Callable[[], Any]:
    """Return a function that draws one kernel by Keras' initializer."""
    declared = initializers.resolve(initializer).native("tensorflow")
    assert declared is not None
    draw = native(declared)()
    return lambda: draw((width, width), dtype="float32")


def products(width: int) -> Callable[[list[Any]], object]:
    """Return a function that multiplies a batch through kernels, and a cotangent back.

    It is compiled, because eager products would measure Python.
    """
    inputs, cotangent = tf.random.normal((INPUTS, width)), tf.random.normal((INPUTS, width))

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # no types
    def both(kernels: list[Any]) -> tuple[Any, Any]:
        x, back = inputs, cotangent
        for kernel in kernels:
            x = tf.matmul(x, kernel)
        for kernel in reversed(kernels):
            back = tf.matmul(back, kernel, transpose_b=True)
        return x, back

    return both  # type: ignore[no-any-return]  # no types
