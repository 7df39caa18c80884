"""The generic form of an activation: a NumPy definition that runs on a framework's own tensors.

An activation from outside may declare no function for a framework. Its NumPy ``value`` is then
called with a ``Proxy`` of the framework's tensor. NumPy hands every ufunc (SciPy's too) and most of
its functions over to the proxy (NEP 13 and NEP 18), which looks the operation up in the framework's
table, ``frameworks/*/operations.py``. So the framework computes, differentiates and compiles the
formula with its own operations, in the type of its tensor, which Python numbers take as well.

What has no counterpart raises ``NotGeneric``, which names the operation: a branch on values, an
index, a write in place, a result of another shape.
"""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from suite.catalogue.registry import named
from suite.errors import UserError

Tensor = Any
"""A framework's tensor."""
_WAY_OUT = "give a native function for {framework}"


class NotGeneric(UserError):
    """A NumPy definition cannot be run on a framework's tensors; the message says why."""


@dataclass(frozen=True)
class Operations:
    """What a framework computes under NumPy's and SciPy's names.

    ``functions``: name -> function of tensors and, where ``plain`` has the name, of Python numbers.
    ``constant(number, like)``: a tensor without axes, in the type of ``like``. ``mask``: whether a
    tensor is one of truth values. ``as_numbers(mask, like)``: the truth values as 0 and 1 in the
    type of ``like``.
    """

    framework: str
    functions: Mapping[str, Callable[..., Tensor]]
    plain: frozenset[str]
    constant: Callable[[float, Tensor], Tensor]
    mask: Callable[[Tensor], bool]
    as_numbers: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Form:
    """The generic form of one activation with its parameters in one framework: a function of a
    tensor.

    ``operations``: "module:attribute" of the framework's table, imported at the first call.
    """

    name: str
    definition: Callable[..., Any]
    parameters: tuple[float, ...]
    operations: str

    def __call__(self, x: Tensor) -> Tensor:
        """Return the value at ``x``, in its type and shape. NotGeneric where that cannot be."""
        run = _Run(self.name, _table(self.operations), x)
        try:
            value = run.lifted(self.definition(Proxy(run, x), *self.parameters))
        except NotGeneric:
            raise
        except Exception as error:
            said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise run.error(f"the NumPy definition stops with {said}") from error
        if isinstance(value, numbers.Real):
            raise run.error("the NumPy definition returns one number for all points")
        return run.operations.as_numbers(value, x) if run.operations.mask(value) else value


def _table(target: str) -> Operations:
    return cast(Operations, named(target))


@dataclass(frozen=True)
class _Run:
    """One call of a definition: its name for messages, the table, the tensor it was called with."""

    name: str
    operations: Operations
    like: Tensor

    def error(self, reason: str) -> NotGeneric:
        way_out = _WAY_OUT.format(framework=self.operations.framework)
        return NotGeneric(
            f"activation {self.name!r} has no generic form in {self.operations.framework}:"
            f" {reason}; {way_out}"
        )

    def lifted(self, given: Any) -> Any:
        """Return the tensor of a proxy, or a Python number; None and truth values as they are."""
        if isinstance(given, Proxy):
            return given.tensor
        if isinstance(given, np.ndarray | np.generic):
            if given.shape:
                raise self.error("its values are combined with an array of NumPy; use np.full_like")
            return self.lifted(given.item())
        if given is None or isinstance(given, bool | numbers.Real):
            return given
        raise self.error(f"its values are combined with a {type(given).__name__}")

    def call(self, name: str, arguments: tuple[Any, ...]) -> Proxy:
        """Return the result of an operation of the table."""
        table = self.operations
        if name not in table.functions:
            raise self.error(f"{name} has no counterpart among its operations")
        tensors = [self.lifted(argument) for argument in arguments]
        if name not in _LOGICAL:
            first = 1 if name == "where" else 0
            tensors[first:] = [
                table.as_numbers(one, self.like)
                if not _plain(one) and table.mask(one)
                else float(one)
                if isinstance(one, bool)
                else one
                for one in tensors[first:]
            ]
            if name not in table.plain:
                tensors[first:] = [
                    table.constant(float(one), self.like) if _plain(one) else one
                    for one in tensors[first:]
                ]
        return Proxy(self, table.functions[name](*tensors))


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, numbers.Real)


_LOGICAL = frozenset({"logical_and", "logical_or", "logical_xor", "logical_not"})
_SAME = {
    "true_divide": "divide",
    "abs": "absolute",
    "fabs": "absolute",
    "float_power": "power",
    "mod": "remainder",
    "conjugate": "positive",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "bitwise_invert": "logical_not",
    "invert": "logical_not",
    "fix": "trunc",
}
"""Names of NumPy -> the name under which a table has the operation."""


class Proxy(np.lib.mixins.NDArrayOperatorsMixin):
    """A framework's tensor that NumPy's functions can be called with."""

    def __init__(self, run: _Run, tensor: Tensor) -> None:
        self.tensor = tensor
        self._run = run

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        if "out" in options:
            raise self._run.error(f"{name} writes in place")
        if method != "__call__" or options:
            said = method if method != "__call__" else ", ".join(options)
            raise self._run.error(f"{name} with {said} has no counterpart among its operations")
        return self._run.call(_SAME.get(name, name), inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = func.__name__
        if name in _COMPOSED:
            try:
                return _COMPOSED[name](*args, **kwargs)
            except TypeError as error:
                raise self._run.error(f"{name}: {error}") from error
        if kwargs or name not in _FUNCTIONS:
            said = f"{name} with {', '.join(kwargs)}" if name in _FUNCTIONS else name
            raise self._run.error(f"{said} has no counterpart among its operations")
        return self._run.call(_SAME.get(name, name), args)

    def __getattr__(self, name: str) -> Any:
        """Return NumPy's methods; NumPy itself calls those of ufuncs on arrays of objects."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "copy":
            return lambda: self
        if name in ("clip", "round"):
            return functools.partial(_COMPOSED[name], self)
        if _SAME.get(name, name) in self._run.operations.functions:
            return lambda *others: self._run.call(_SAME.get(name, name), (self, *others))
        raise self._run.error(f"its values have no attribute .{name} here")

    def __bool__(self) -> bool:
        raise self._run.error("a branch (if, and, or, max) depends on its values; use np.where")

    def __float__(self) -> float:
        raise self._run.error("its values are turned into numbers of Python or NumPy")

    __int__ = __index__ = __float__

    def __getitem__(self, index: Any) -> Any:
        raise self._run.error("an index picks values; use np.where")

    def __setitem__(self, index: Any, value: Any) -> None:
        raise self._run.error("an index writes in place; use np.where")


def _clip(x: Any, low: Any = None, high: Any = None) -> Any:
    below = x if low is None else np.maximum(x, low)
    return below if high is None else np.minimum(below, high)


def _polynomial(coefficients: Any, x: Any) -> Any:
    value = np.zeros_like(x)
    for coefficient in coefficients:
        value = value * x + float(coefficient)
    return value


def _select(conditions: Any, choices: Any, default: Any = 0.0) -> Any:
    value = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        value = np.where(condition, choice, value)
    return value


_FUNCTIONS = frozenset({"where", "zeros_like", "ones_like", "full_like", "fix"})
"""Functions of NumPy that are not ufuncs and that the tables have."""
_COMPOSED: Mapping[str, Callable[..., Any]] = {
    "clip": _clip,
    "polyval": _polynomial,
    "select": _select,
    "copy": lambda x: x,
    "round": lambda x: np.rint(x),
    "around": lambda x: np.rint(x),
}
"""Functions of NumPy that are composed of others here."""
