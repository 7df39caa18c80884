"""Whether the fields of a plugin's item hold what their annotations say.

The classes of the catalogues are plain: what the suite itself writes is checked by mypy and by
tests, which nobody runs on a plugin.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_WORDS = {
    str: "text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    type(None): "None",
}


def wrong_field(entry: object) -> str | None:
    """Return what is wrong with the first field that does not fit its annotation, or None."""
    if not is_dataclass(entry):
        return None
    hints = get_type_hints(type(entry))
    for field in fields(entry):
        value = getattr(entry, field.name)
        if not fits(value, hints[field.name]):
            given = f"{type(value).__name__} {value!r}"[:80]
            return f"{field.name} is {given}, not {words(hints[field.name])}"
        if field.name == "source" and not value.strip():
            return "source is empty; say where it is from"
    return None


def fits(value: object, hint: Any) -> bool:
    """Return whether a value is of the type of an annotation, as far as one can see."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, part) for part in arguments)
    if origin is Literal:
        return value in arguments
    if hint is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is None:
        return (hint is None and value is None) or isinstance(value, hint)
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            fits(key, arguments[0]) and fits(item, arguments[1]) for key, item in value.items()
        )
    if origin is tuple:
        return isinstance(value, tuple) and _parts_fit(value, arguments)
    if issubclass(origin, Callable):  # type: ignore[arg-type]  # an abstract class to issubclass
        return callable(value)
    return isinstance(value, origin)


def _parts_fit(value: tuple[object, ...], arguments: tuple[Any, ...]) -> bool:
    if len(arguments) == 2 and arguments[1] is ...:
        return all(fits(part, arguments[0]) for part in value)
    return len(value) == len(arguments) and all(map(fits, value, arguments))


def words(hint: Any) -> str:
    """Return an annotation in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(words, arguments)))
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if hint in _WORDS:
        return _WORDS[hint]
    if origin is None:
        return f"a {getattr(hint, '__name__', hint)}"
    if issubclass(origin, Mapping):
        return f"a mapping from {words(arguments[0])} to {words(arguments[1])}"
    if origin is tuple:
        parts = [part for part in arguments if part is not ...]
        return f"a tuple of {' and '.join(dict.fromkeys(map(words, parts)))}"
    return "a function"
