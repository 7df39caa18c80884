"""Derivatives, compiled programs and maps of functions that are written in Keras, by the backend's
own means: those in the file ``transforms.py`` of each framework that runs Keras."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from suite.frameworks.keras.library import framework, keras, precision
from suite.types import Array

Tensor = Any
"""A tensor of the backend."""
Pull = Callable[[Tensor], list[Tensor]]
"""A function that takes a cotangent to the gradients by each argument."""
Pulled = tuple[Tensor, list[Tensor]]
DTYPES = {"double": "float64", "single": "float32"}


def _transforms() -> Any:
    return importlib.import_module(f"suite.frameworks.{framework()}.transforms")


def pulled(
    function: Callable[..., Tensor], arguments: Sequence[Tensor], cotangent: Tensor | None = None
) -> Pulled:
    """Return the value of a function of some tensors, and the gradients of sum(cotangent * value)
    by each of them.

    ``cotangent``: a tensor of the value's shape; None: ones. Variables of a layer are no arguments:
    give their values to its ``stateless_call``.
    """
    value, pull = recorded(function, arguments)
    gradients = pull(keras.ops.ones_like(value) if cotangent is None else cotangent)
    return keras.ops.stop_gradient(value), gradients


def recorded(function: Callable[..., Tensor], arguments: Sequence[Tensor]) -> tuple[Tensor, Pull]:
    """Return the value of a function of some tensors, and what takes a cotangent to the
    gradients."""
    result: tuple[Tensor, Pull] = _transforms().recorded(function, arguments)
    return result


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function of tensors as one program where the backend is JAX, which takes
    longer to dispatch an operation than to compute it; torch goes operation by operation.

    Call it once for a function and keep what it returns: each program is compiled anew.
    """
    program: Callable[..., Any] = _transforms().compiled(function)
    return program


def slopes(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Pulled]:
    """Return ``pulled`` of a function of one tensor, compiled by the backend: on JAX as one
    program; on torch the function, from which torch makes a program for each pass."""
    made: Callable[[Tensor], Pulled] = _transforms().slopes(pulled, function)
    return made


def mapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function over a leading axis of each argument."""
    result: Callable[..., Any] = _transforms().mapped(function)
    return result


def tanh(x: Tensor) -> Tensor:
    """Return the backend's own tanh, which keeps double precision where Keras' does not."""
    return _transforms().tanh(x)


@contextmanager
def in_precision(name: str) -> Iterator[None]:
    """Let Keras make and compute everything inside the block in ``single`` or ``double``; JAX has
    doubles only in such a block."""
    with _transforms().in_precision(name), precision(DTYPES[name]):
        yield


def tensor(values: Array, dtype: str | None = None) -> Tensor:
    """Return a tensor of the values, of their own type where no other is named."""
    return keras.ops.convert_to_tensor(values, dtype=dtype or values.dtype.name)


def numbers(values: Tensor) -> Array:
    """Return a tensor's values as a NumPy array."""
    result: Array = keras.ops.convert_to_numpy(values)
    return result
