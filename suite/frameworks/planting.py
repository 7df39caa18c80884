"""Mistakes that a release of a framework could bring, planted into the one that is installed.

Each framework's home has its own table, ``mistakes.MISTAKES``, with the same names. A mistake
replaces a real object of the framework for the length of a block. To add one, add an entry with its
name to the table of each framework.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from suite.types import Value

Make = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Makes the mistaken function out of the framework's own."""


@dataclass(frozen=True)
class Mistake:
    """One mistake, and where the upgrade gate must see it.

    ``size``: what the framework does with it, in words. ``study`` and ``cell``: the cells of the
    gate that meet it, by the values of some axes. ``metric``: a metric that must move there.
    ``plant()``: the block in which the framework makes the mistake.
    """

    name: str
    size: str
    study: str
    cell: Mapping[str, Value]
    metric: str
    plant: Callable[[], AbstractContextManager[None]]


def mistakes(framework: str) -> Sequence[Mistake]:
    """Return the table of a framework, which is imported with it."""
    module = importlib.import_module(f"suite.frameworks.{framework}.mistakes")
    table: Sequence[Mistake] = module.MISTAKES
    return table


def replaced(
    owner: Callable[[], Any], name: str, make: Make
) -> Callable[[], AbstractContextManager[None]]:
    """Return a block that replaces an attribute of a module or a class, and puts it back.

    ``owner()``: where the attribute is looked up; a class may have inherited it.
    """

    @contextmanager
    def plant() -> Iterator[None]:
        place = owner()
        own, original = name in vars(place), getattr(place, name)
        mistaken = functools.wraps(original)(make(original))
        with contextlib.suppress(ValueError):  # a function in C has no signature
            # Keras reads the arguments of a layer off its own ``__init__``. A function may carry
            # such an attribute, which the types of Python do not declare.
            mistaken.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
        setattr(place, name, mistaken)
        try:
            yield
        finally:
            if own:
                setattr(place, name, original)
            else:
                delattr(place, name)

    return plant


def given(**values: Any) -> Make:
    """Return the mistake of passing other values than the caller's."""
    return lambda original: lambda *arguments, **options: original(*arguments, **options | values)


def assumed(**values: Any) -> Make:
    """Return the mistake of other defaults."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        takes = inspect.signature(original)

        def mistaken(*arguments: Any, **options: Any) -> Any:
            passed = takes.bind_partial(*arguments, **options).arguments
            added = {name: value for name, value in values.items() if name not in passed}
            return original(*arguments, **options, **added)

        return mistaken

    return make
