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
TOGETHER = "together"
"""The kind of worker process that frameworks share whose environments agree."""

KERAS = ("tensorflow", "keras_torch", "keras_jax")
"""The frameworks that run Keras, whose objects are the same whatever the backend."""

E = TypeVar("E", bound=Entry)
T = TypeVar("T")


def nearest(given: object, allowed: Iterable[object]) -> str:
    """Return ``; did you mean 'NAME'?`` with the nearest allowed name; empty if none is near."""
    names = {str(name).casefold(): str(name) for name in allowed}
    near = difflib.get_close_matches(str(given).casefold(), names, n=1, cutoff=0.5)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


BROUGHT = (
    "activation",
    "initializer",
    "normalization",
    "optimizer",
    "dataset",
    "study",
    "metric",
    "framework",
)
"""The kinds of items of which users may bring their own; see ``suite.plugins``."""
SEPARATOR = ":"
"""What stands between the name of a plugin and that of its item, as in ``my:snake``."""
_DATA_FILE = "--dataset FILE,label=COLUMN,task=TASK"


def unknown(kind: str, given: object, allowed: Iterable[object]) -> UserError:
    """Return the error for a name that is not allowed, with the nearest and all allowed names.

    Where users may bring their own items of the kind, it says how.
    """
    names = [str(name) for name in allowed]
    prefix, colon, _ = str(given).partition(SEPARATOR)
    own = ""
    if kind == "dataset" and prefix == "file":
        own = f"; bring the file with {_DATA_FILE}"
    elif kind == "dataset" and not colon:
        own = f"; bring your own with --plugin FILE, or a table with {_DATA_FILE}"
    elif kind in BROUGHT and colon:
        own = f"; no plugin {prefix!r} has it: bring the plugin with --plugin FILE"
    elif kind in BROUGHT:
        own = "; bring your own with --plugin FILE"
    hint = nearest(given, names)
    return UserError(f"unknown {kind} {str(given)!r}{hint} (allowed: {', '.join(names)}){own}")


def choose(kind: str, name: str, table: Mapping[str, T]) -> T:
    """Return the entry of a name; ``kind`` in words. Raises UserError for an unknown name."""
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]


def undeclared(owner: str, declared: Iterable[str], framework: str) -> str | None:
    """Return the reason when an entry declares nothing for a framework; None when it does.

    ``declared``: the frameworks for which the entry, ``owner`` in words, declares something. A
    plugin's framework knows by itself what it has.
    """
    names = tuple(declared)
    if framework in names or SEPARATOR in framework:
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


def natives(**objects: str | Callable[..., Any] | Native) -> Mapping[str, Native]:
    """Return framework -> its own object, which takes no arguments unless they are given.

    An object is named as "module:attribute", so that nothing is imported, or given as it is. That
    of ``keras`` is declared for all frameworks that run Keras.
    """
    return of_keras(
        {
            framework: declared if isinstance(declared, tuple) else (declared, {})
            for framework, declared in objects.items()
        }
    )


def of_keras(declared: Mapping[str, T]) -> Mapping[str, T]:
    """Return the same mapping with the frameworks that run Keras in place of ``keras``."""
    return {
        name: value
        for framework, value in declared.items()
        for name in (KERAS if framework == "keras" else (framework,))
    }


def native(declared: Native) -> Callable[..., Any]:
    """Return the framework's object that a catalogue names, with its keyword arguments bound.

    It imports the module of the object, so only the framework's own folder may call it.
    """
    target, arguments = declared
    made = named(target) if isinstance(target, str) else target
    return functools.partial(made, **arguments) if arguments else made


def named(target: str) -> Callable[..., Any]:
    """Import a module and return its attribute, both named as "module:attribute"."""
    module, _, attribute = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def target(declared: Native) -> str:
    """Return the name of a framework's object, as "module:attribute"."""
    made, _ = declared
    if isinstance(made, str):
        return made
    return f"{made.__module__}:{getattr(made, '__qualname__', type(made).__qualname__)}"


class Registry(Generic[E]):
    """An ordered table of named entries, to which a user may bring others for a time.

    What was brought is found by its name; ``names``, the length and the iteration have the
    entries of the suite alone, so that no grid changes because a plugin is loaded.
    """

    def __init__(self, kind: str, entries: Iterable[E]) -> None:
        self.kind = kind
        self._entries: dict[str, E] = {}
        self._brought: dict[str, E] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: E) -> None:
        """Add an entry. ValueError when its name is taken."""
        if entry.name in self._entries:
            raise ValueError(f"{self.kind} {entry.name!r} is declared twice")
        self._entries[entry.name] = entry

    def bring(self, entry: E) -> None:
        """Add a user's entry. ValueError when its name is taken."""
        if entry.name in self:
            raise ValueError(f"{self.kind} {entry.name!r} is declared twice")
        self._brought[entry.name] = entry

    def take_away(self, name: str) -> None:
        """Remove an entry that was brought. KeyError where there is none of the name."""
        del self._brought[name]

    @property
    def brought(self) -> tuple[E, ...]:
        """The entries that users have brought, in that order."""
        return tuple(self._brought.values())

    @property
    def every(self) -> tuple[str, ...]:
        """The names of all entries, first those of the suite."""
        return (*self._entries, *self._brought)

    def __getitem__(self, name: str) -> E:
        if name in self._entries:
            return self._entries[name]
        if name not in self._brought:
            raise unknown(self.kind, name, self.every)
        return self._brought[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._brought

    def __iter__(self) -> Iterator[E]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of declaration."""
        return tuple(self._entries)


_NAME = re.compile(
    r"\s*((?:[a-z][a-z0-9_]*:)?[A-Za-z_][A-Za-z0-9_]*)\s*(?:\(\s*(.*?)\s*\))?\s*", re.DOTALL
)


def parse(kind: str, given: str, registry: Registry[E]) -> tuple[E, tuple[Any, ...]]:
    """Return the entry that a name with parameters means, and its parameters: floats and words.

    An entry that takes parameters declares ``parameters``, a mapping from their names to their
    defaults in order (None: it has no default and must be given); they are given in this order, or
    as ``parameter=value``. It may declare ``words``, a
    mapping from a parameter that is a word to the words that are allowed. Trailing parameters that
    are left out take their defaults. Raises UserError for an unknown name, a parameter that is not
    a finite number or an allowed word, too many of them, or one that is missing.
    """
    match = _NAME.fullmatch(given)
    if match is None and given.count("(") != given.count(")"):
        raise UserError(f"{kind} {given!r}: a bracket is missing; write NAME(PARAMETER, ...)")
    if match is None:
        raise unknown(kind, given, registry.every)
    name, inside = match.groups()
    entry = registry[name]
    declared = _parameters(entry)
    words: Mapping[str, tuple[str, ...]] = getattr(entry, "words", {})
    form = f"{name}({', '.join(declared)})" if declared else name
    parts = [part.strip() for part in inside.split(",")] if inside else []
    if inside == "" or len(parts) > len(declared):
        raise UserError(f"{kind} {given!r} has the wrong number of parameters; write {form}")
    named = _by_name(f"{kind} {given!r}", parts, tuple(declared), form)
    values: list[float | str] = []
    for parameter, default in declared.items():
        if parameter in named:
            part = named[parameter]
        elif default is not None:
            part = written(default)
        else:
            raise UserError(f"{kind} {given!r} lacks its parameter {parameter}; write {form}")
        if parameter in words:
            values.append(_word(f"{kind} {given!r}: {parameter}", part, words[parameter]))
        else:
            values.append(_finite(f"{kind} {given!r}: {parameter}", part, form))
    return entry, tuple(values)


def _by_name(
    owner: str, parts: Iterable[str], declared: tuple[str, ...], form: str
) -> dict[str, str]:
    """Return parameter -> what was given for it, by its place or as ``parameter=value``.

    UserError for a parameter that is not declared, and for one that is given twice.
    """
    named: dict[str, str] = {}
    for parameter, part in zip(declared, parts, strict=False):
        key, equals, value = (text.strip() for text in part.partition("="))
        if not equals:
            key, value = parameter, part
        if key not in declared:
            hint = nearest(key, declared)
            raise UserError(f"{owner} has no parameter {key!r}{hint}; write {form}")
        if key in named:
            raise UserError(f"{owner} gives its parameter {key} twice; write {form}")
        named[key] = value
    return named


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
