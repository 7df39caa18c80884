"""Turn a plain NumPy function into an entry of a catalogue."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.catalogue.activations import Activation
from suite.errors import UserError
from suite.types import Array, Native

NativeFunction = str | Callable[..., Any]
"""A framework's function: the object, or its "module:attribute"."""


def activation(
    function: Callable[..., Array] | None = None,
    /,
    *,
    source: str = "",
    slope: Callable[..., Array] | None = None,
    kinks: tuple[float, ...] = (),
    torch: NativeFunction | None = None,
    tensorflow: NativeFunction | None = None,
    bounded: bool = False,
    defects: Mapping[str, tuple[float, float]] | None = None,
    generic: bool = True,
) -> Callable[[Callable[..., Array]], Activation]:
    """Return a decorator that makes an ``Activation`` of a function ``value(x, a=1.0, ...)``.

    The function takes and returns float64 arrays of any shape; its other arguments become the
    parameters of the activation, with their defaults (one without a default must be given in the
    name), and its name becomes the activation's. ``source``: where the formula is from, in words.
    ``slope``: its derivative by x, with the same arguments; without it, finite differences.
    ``kinks``: the points at which the slope may jump. ``torch`` and ``tensorflow``: the
    framework's own function, called with a tensor and the parameters by name; without it, the
    framework runs the NumPy function with its own operations, unless ``generic`` is False, which
    leaves the framework ``unsupported``. ``bounded`` and ``defects``: see ``Activation``. Raises
    UserError for a function with other arguments than numbers, for an argument of another type, and
    for a decorator without its ``source``, as in ``@suite.activation`` alone.

    >>> import numpy as np
    >>> import suite
    >>> @suite.activation(source="Ziyin, Hartwig and Ueda 2020 (arXiv:2006.08195)")
    ... def snake(x, a=1.0):
    ...     return x + np.sin(a * x) ** 2 / a
    >>> snake.parameters
    {'a': 1.0}
    >>> snake(np.array([0.0, 1.0])).round(3).tolist()
    [0.0, 1.708]
    """

    if function is not None or not source:
        raise UserError(
            "activation needs the source of its formula: write"
            ' @suite.activation(source="...") above the function'
        )
    if not isinstance(kinks, tuple | list) or not all(map(_is_number, kinks)):
        raise UserError(f"kinks={kinks!r}: write the points as numbers in a tuple, such as (0.0,)")
    functions = {
        framework: native
        for framework, native in (("torch", torch), ("tensorflow", tensorflow))
        if native is not None
    }
    for framework, native in functions.items():
        if not callable(native) and not isinstance(native, str):
            raise UserError(
                f"{framework}={native!r}: give the framework's function, or its name as"
                ' "module:attribute"'
            )

    def made(value: Callable[..., Array]) -> Activation:
        parameters = _parameters(value)

        def native(*given: float) -> Mapping[str, Native]:
            arguments = dict(zip(parameters, given, strict=True))
            return {name: (function, dict(arguments)) for name, function in functions.items()}

        return Activation(
            name=value.__name__,
            source=source,
            value=value,
            slope=slope,
            native=native,
            parameters=parameters,
            kinks=tuple(float(kink) for kink in kinks),
            bounded=bounded,
            defects=dict(defects or {}),
            generic=generic,
        )

    return made


def _parameters(value: Callable[..., Array]) -> dict[str, float | None]:
    """Return the parameters of a function after its first, with their defaults."""
    name = value.__name__
    if isinstance(value, np.ufunc):
        return {}
    arguments = list(inspect.signature(value).parameters.values())
    if not arguments:
        raise UserError(f"activation {name!r} takes no x: write {name}(x)")
    parameters: dict[str, float | None] = {}
    for other in arguments[1:]:
        default = None if other.default is other.empty else other.default
        usual = other.kind in (other.POSITIONAL_OR_KEYWORD, other.POSITIONAL_ONLY)
        if not usual or not (default is None or _is_number(default)):
            raise UserError(
                f"activation {name!r}: its argument {other} is not a parameter; write"
                f" {name}(x, {other.name}=1.0), a number that is not keyword-only"
            )
        parameters[other.name] = None if default is None else float(default)
    return parameters


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
