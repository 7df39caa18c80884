"""Plugins of installed packages, found by their entry points.

A package names a module, or an item of one, in a group such as ``suite.activations``. It is looked
up when a name with the prefix of that module is met, so that an installed plugin costs nothing in
commands that do not name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata

from suite.errors import UserError
from suite.plugins.source import FILE, Source, find, from_module

GROUPS = tuple(
    f"suite.{kind}"
    for kind in (
        "activations",
        "initializers",
        "normalizations",
        "optimizers",
        "datasets",
        "studies",
        "claims",
        "frameworks",
    )
)
"""The groups of entry points. Any item may stand in any of them. Executors have a group of their
own; see ``suite.measuring.executors``."""
_PREFIX = re.compile(r"(?<![\w:./\\])([a-z][a-z0-9_]*):(?=[A-Za-z_])")


def find_all(given: Iterable[str], words: Iterable[str] = ()) -> tuple[Source, ...]:
    """Return the plugins that are given, each once, and those of installed packages whose items
    some words name.

    Raises UserError as ``find`` does, and where two plugins have the same name.
    """
    found: dict[str, Source] = {}
    for source in map(find, given):
        first = found.setdefault(source.name, source)
        if first.sha256 != source.sha256:
            raise UserError(
                f"--plugin {source.origin}: {first.origin} is also a plugin named {source.name!r};"
                " rename one of them"
            )
    return (*found.values(), *provided(prefixes(words) - found.keys()))


def prefixes(words: Iterable[str]) -> set[str]:
    """Return the prefixes of the names in some words, as ``my`` in ``activation=my:snake,relu``."""
    return {prefix for word in words for prefix in _PREFIX.findall(word)} - {FILE}


def provided(names: Iterable[str]) -> tuple[Source, ...]:
    """Return the plugins of these names that installed packages provide; others are left out.

    Raises UserError where two packages provide one of the same name.
    """
    wanted, found = set(names), dict[str, str]()
    if not wanted:
        return ()
    for point in (point for group in GROUPS for point in metadata.entry_points(group=group)):
        name = point.module.rpartition(".")[2]
        if name in wanted and found.setdefault(name, point.module) != point.module:
            raise UserError(
                f"the installed modules {found[name]} and {point.module} are both a plugin named"
                f" {name!r}; name one with --plugin MODULE"
            )
    return tuple(from_module(module) for module in found.values())
