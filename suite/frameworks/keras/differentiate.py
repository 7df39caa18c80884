"""Derivatives of functions that are written in Keras, by the backend's own differentiation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from suite.frameworks.keras.library import keras, precision
from suite.types import Array

Tensor = Any
"""A tensor of the backend."""
Pull = Callable[[Tensor], list[Tensor]]
"""A function that takes a cotangent to the gradients by each argument."""
Pulled = tuple[Tensor, list[Tensor]]
DTYPES = {"double": "float64", "single": "float32"}


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
    return _BACKENDS[keras.config.backend()](function, arguments)


def compiled_pulled(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Pulled]:
    """Return ``pulled`` of a function of one tensor, compiled by the backend: on JAX as one
    program; on torch the function, from which torch makes a program for each pass."""
    if keras.config.backend() == "jax":
        import jax

        made: Callable[[Tensor], Pulled] = jax.jit(lambda x: pulled(function, [x]))
        return made
    import torch

    torch.compiler.reset()  # beyond eight programs of one function torch would go on eagerly
    program = torch.compile(function)
    return lambda x: pulled(program, [x])


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function of tensors as one program where the backend is JAX, which takes
    longer to dispatch an operation than to compute it; torch goes operation by operation.

    Call it once for a function and keep what it returns: each program is compiled anew.
    """
    if keras.config.backend() != "jax":
        return function
    import jax

    program: Callable[..., Any] = jax.jit(function)
    return program


@contextmanager
def in_precision(name: str) -> Iterator[None]:
    """Let Keras make and compute everything inside the block in ``single`` or ``double``; JAX has
    doubles only in such a block."""
    with ExitStack() as stack:
        if keras.config.backend() == "jax":
            import jax

            stack.enter_context(jax.enable_x64(name == "double"))
        stack.enter_context(precision(DTYPES[name]))
        yield


def tensor(values: Array, dtype: str | None = None) -> Tensor:
    """Return a tensor of the values, of their own type where no other is named."""
    return keras.ops.convert_to_tensor(values, dtype=dtype or values.dtype.name)


def numbers(values: Tensor) -> Array:
    """Return a tensor's values as a NumPy array."""
    result: Array = keras.ops.convert_to_numpy(values)
    return result


def _by_torch(function: Callable[..., Tensor], arguments: Sequence[Tensor]) -> tuple[Tensor, Pull]:
    import torch

    leaves = [argument.detach().requires_grad_() for argument in arguments]
    with torch.enable_grad():
        value = function(*leaves)
    return value, lambda cotangent: list(torch.autograd.grad(value, leaves, cotangent))


def _by_jax(function: Callable[..., Tensor], arguments: Sequence[Tensor]) -> tuple[Tensor, Pull]:
    import jax

    value, pull = jax.vjp(function, *arguments)
    return value, lambda cotangent: list(pull(cotangent))


def _by_tensorflow(
    function: Callable[..., Tensor], arguments: Sequence[Tensor]
) -> tuple[Tensor, Pull]:
    import tensorflow  # type: ignore[import-untyped]  # it ships no types

    with tensorflow.GradientTape() as tape:
        tape.watch(arguments)
        value = function(*arguments)
    return value, lambda cotangent: list(tape.gradient(value, arguments, cotangent))


_BACKENDS: Mapping[str, Callable[..., tuple[Tensor, Pull]]] = {
    "torch": _by_torch,
    "jax": _by_jax,
    "tensorflow": _by_tensorflow,
}
