"""torch's derivatives, compiler and map, of functions that are written in Keras;
``suite.frameworks.keras.differentiate`` says what each does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

tanh = torch.tanh
mapped: Callable[[Callable[..., Any]], Callable[..., Any]] = torch.func.vmap


def recorded(
    function: Callable[..., Any], arguments: Sequence[Any]
) -> tuple[Any, Callable[[Any], list[Any]]]:
    """Differentiate by autograd."""
    leaves = [argument.detach().requires_grad_() for argument in arguments]
    with torch.enable_grad():
        value = function(*leaves)
    return value, lambda cotangent: list(torch.autograd.grad(value, leaves, cotangent))


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Go operation by operation."""
    return function


def slopes(pulled: Callable[..., Any], function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compile the function, from which torch makes a program for each pass."""
    torch.compiler.reset()  # beyond eight programs of one function torch would go on eagerly
    program = torch.compile(function)
    return lambda x: pulled(program, [x])


def in_precision(name: str) -> AbstractContextManager[Any]:
    """Nothing is to be set."""
    return nullcontext()
