"""JAX's derivatives, compiler and map, of functions that are written in Keras;
``suite.frameworks.keras.differentiate`` says what each does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from suite.frameworks.jax_stack import in_precision

__all__ = ["compiled", "in_precision", "mapped", "recorded", "slopes", "tanh"]

tanh = jax.numpy.tanh
compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = jax.jit


def recorded(
    function: Callable[..., Any], arguments: Sequence[Any]
) -> tuple[Any, Callable[[Any], list[Any]]]:
    """Differentiate by ``vjp``."""
    value, pull = jax.vjp(function, *arguments)
    return value, lambda cotangent: list(pull(cotangent))


def slopes(pulled: Callable[..., Any], function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compile both passes as one program."""
    made: Callable[[Any], Any] = jax.jit(lambda x: pulled(function, [x]))
    return made


def mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Map as one program."""
    return compiled(jax.vmap(function))
