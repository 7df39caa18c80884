"""Look up named entries; an unknown name raises an error with the nearest and all allowed names.

A name may carry parameters, as in ``normal(0.05)``: it is parsed here, checked against the
parameters that its entry declares, and written in one canonical form (``normal(.05)`` is
``normal(0.05)``, and ``leaky_relu(0.01)`` is ``leaky_relu`` where 0.01 is the declared default).
A parameter is a number, or one of the words that its entry declares for it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from suite.errors import Unsupported, UserError

if TYPE_CHECKING:  # NumPy is slow to import, and the command line needs this file at once
    from suite.types import Native


class Entry(Protocol):
    """An item of a registry: anything that has a name."""

    @property
    def name(self) -> str: ...


ORACLE = "numpy"
"""The framework that follows the definitions of the catalogues and has no native objects."""

E = TypeVar("E", bound=Entry)
T = TypeVar("T")


def nearest(given: object, allowed: Iterable[object]) -> str:
    """Return ``; did you mean 'NAME'?`` with the nearest allowed name; empty if none is near."""
    names = {str(name).casefold(): str(name) for name in allowed}
    near = difflib.get_close_matches(str(given).casefold(), names, n=1, cutoff=0.5)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


def unknown(kind: str, given: object, allowed: Iterable[object]) -> UserError:
    """Return the error for a name that is not allowed, with the nearest and all allowed names."""
    names = [str(name) for name in allowed]
    hint = nearest(given, names)
    return UserError(f"unknown {kind} {str(given)!r}{hint} (allowed: {', '.join(names)})")


def undeclared(owner: str, declared: Iterable[str], framework: str) -> str | None:
    """Return the reason when an entry declares nothing for a framework; None when it does.

    ``declared``: the frameworks for which the entry, ``owner`` in words, declares something.
    """
    names = tuple(declared)
    if framework in names:
        return None
    known = ", ".join(names) or "no framework"
    return f"{owner} is not declared for framework {framework!r} (declared for: {known})"


def of_framework(owner: str, declared: Mapping[str, T], framework: str) -> T:
    """Return what an entry declares for a framework.

    Raises Unsupported where it declares nothing for it.
    """
    if reason := undeclared(owner, declared, framework):
        raise Unsupported(reason)
    return declared[framework]


def natives(**objects: str | Native) -> Mapping[str, Native]:
    """Return framework -> its own object; a bare "module:attribute" takes no arguments."""
    return {
        framework: (declared, {}) if isinstance(declared, str) else declared
        for framework, declared in objects.items()
    }


def native(declared: Native) -> Callable[..., Any]:
    """Return the framework's object that a catalogue names, with its keyword arguments bound.

    It imports the module of the object, so only the framework's own folder may call it.
    """
    target, arguments = declared
    module, _, attribute = target.partition(":")
    target_object: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return functools.partial(target_object, **arguments) if arguments else target_object


class Registry(Generic[E]):
    """An ordered table of named entries."""

    def __init__(self, kind: str, entries: Iterable[E]) -> None:
        self.kind = kind
        self._entries: dict[str, E] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: E) -> None:
        """Add an entry. ValueError when its name is taken."""
        if entry.name in self._entries:
            raise ValueError(f"{self.kind} {entry.name!r} is declared twice")
        self._entries[entry.name] = entry

    def __getitem__(self, name: str) -> E:
        if name not in self._entries:
            raise unknown(self.kind, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[E]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of declaration."""
        return tuple(self._entries)


_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\(\s*(.*?)\s*\))?\s*", re.DOTALL)


def parse(kind: str, given: str, registry: Registry[E]) -> tuple[E, tuple[Any, ...]]:
    """Return the entry that a name with parameters means, and its parameters: floats and words.

    An entry that takes parameters declares ``parameters``, a mapping from their names to their
    defaults in order (None: it has no default and must be given), and may declare ``words``, a
    mapping from a parameter that is a word to the words that are allowed. Trailing parameters that
    are left out take their defaults. Raises UserError for an unknown name, a parameter that is not
    a finite number or an allowed word, too many of them, or one that is missing.
    """
    match = _NAME.fullmatch(given)
    if match is None:
        raise unknown(kind, given, registry.names)
    name, inside = match.groups()
    entry = registry[name]
    declared = _parameters(entry)
    words: Mapping[str, tuple[str, ...]] = getattr(entry, "words", {})
    form = f"{name}({', '.join(declared)})" if declared else name
    parts = [part.strip() for part in inside.split(",")] if inside else []
    if inside == "" or len(parts) > len(declared):
        raise UserError(f"{kind} {given!r} has the wrong number of parameters; write {form}")
    values: list[float | str] = []
    for position, (parameter, default) in enumerate(declared.items()):
        if position < len(parts):
            part = parts[position]
        elif default is not None:
            part = written(default)
        else:
            raise UserError(f"{kind} {given!r} lacks its parameter {parameter}; write {form}")
        if parameter in words:
            values.append(_word(f"{kind} {given!r}: {parameter}", part, words[parameter]))
        else:
            values.append(_finite(f"{kind} {given!r}: {parameter}", part, form))
    return entry, tuple(values)


def _parameters(entry: object) -> Mapping[str, float | str | None]:
    """Return the parameters of an entry with their defaults; empty where it takes none."""
    declared: Mapping[str, float | str | None] = getattr(entry, "parameters", {})
    return declared


def _word(owner: str, given: str, allowed: tuple[str, ...]) -> str:
    """Return a parameter that is a word. UserError, with the nearest word, where it is unknown."""
    if given not in allowed:
        hint = nearest(given, allowed)
        raise UserError(f"{owner} is {given!r}{hint} (allowed: {', '.join(allowed)})")
    return given


def _finite(owner: str, given: str, form: str) -> float:
    """Return a parameter that is a number. UserError where it is not a finite one."""
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{owner} is {given!r}, not a finite number; write {form}")
    return value + 0.0  # -0.0 is 0.0


def number(value: float) -> str:
    """Return the shortest decimal that reads back as the same double, without a final ``.0``."""
    return repr(float(value)).removesuffix(".0")


def written(parameter: float | str) -> str:
    """Return a parameter as it stands in a canonical name."""
    return parameter if isinstance(parameter, str) else number(parameter)


def canonical(kind: str, given: str, registry: Registry[E]) -> str:
    """Return a name in canonical form: numbers as shortest decimals, trailing defaults left out.

    Raises UserError as ``parse`` does.
    """
    entry, values = parse(kind, given, registry)
    kept = list(zip(_parameters(entry).values(), values, strict=True))
    while kept and kept[-1][0] == kept[-1][1]:
        kept.pop()
    return f"{entry.name}({', '.join(written(value) for _, value in kept)})" if kept else entry.name
