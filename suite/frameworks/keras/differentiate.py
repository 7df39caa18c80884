"""Derivatives of functions that are written in Keras, by the backend's own differentiation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from suite.frameworks.keras.library import keras, precision
from suite.types import Array

Tensor = Any
"""A tensor of the backend."""
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
    return _BACKENDS[keras.config.backend()](function, arguments, cotangent)


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


def _by_torch(function: Callable[..., Tensor], arguments: Sequence[Tensor], g: Tensor) -> Pulled:
    import torch

    leaves = [argument.detach().requires_grad_() for argument in arguments]
    with torch.enable_grad():
        value = function(*leaves)
        gradients = torch.autograd.grad(value, leaves, torch.ones_like(value) if g is None else g)
    return value.detach(), list(gradients)


def _by_jax(function: Callable[..., Tensor], arguments: Sequence[Tensor], g: Tensor) -> Pulled:
    import jax

    value, pull = jax.vjp(function, *arguments)
    return value, list(pull(jax.numpy.ones_like(value) if g is None else g))


_BACKENDS: Mapping[str, Callable[..., Pulled]] = {"torch": _by_torch, "jax": _by_jax}
