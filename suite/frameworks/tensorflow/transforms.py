"""TensorFlow's derivatives of functions that are written in Keras;
``suite.frameworks.keras.differentiate`` says what they are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from suite.frameworks.tensorflow.backend import tf


def recorded(
    function: Callable[..., Any], arguments: Sequence[Any]
) -> tuple[Any, Callable[[Any], list[Any]]]:
    """Differentiate by a tape."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        value = function(*arguments)
    return value, lambda cotangent: list(tape.gradient(value, arguments, cotangent))


def in_precision(name: str) -> AbstractContextManager[Any]:
    """Nothing is to be set."""
    return nullcontext()
