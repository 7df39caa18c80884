"""Load plugins: their items are in the registries for the length of a block, or for the rest of a
worker's life.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from suite import claims
from suite.catalogue.registry import SEPARATOR, Registry
from suite.claims import ClaimsFile
from suite.claims.claim import Claim
from suite.errors import UserError
from suite.plugins.items import REGISTRIES, Item, items
from suite.plugins.module import imported
from suite.plugins.source import Source


@dataclass(frozen=True)
class Plugin:
    """A plugin that is loaded: where it is from, its module and its items."""

    source: Source
    module: ModuleType
    items: tuple[Item, ...]

    @property
    def judges_only(self) -> bool:
        """Whether it has nothing that a run could select: claims, or a way to execute."""
        return all(_registry(item) is None for item in self.items)


_CACHED = type(functools.cache(lambda: None))
"""The type of a function with a cache."""
_LOADED: dict[str, Plugin] = {}
"""Name -> the plugin whose items are in the registries. Like the registries, it is one for the
whole process."""


def active() -> tuple[Plugin, ...]:
    """Return the plugins that are loaded, in the order in which they were."""
    return tuple(_LOADED.values())


def sources() -> tuple[Source, ...]:
    """Return the sources of the plugins that are loaded, which workers need to load them."""
    return tuple(plugin.source for plugin in active())


@contextmanager
def loaded(sources: Iterable[Source]) -> Iterator[tuple[Plugin, ...]]:
    """Have the items of some plugins in the registries for the length of this block.

    A plugin that is loaded already stays as it is. Raises UserError as ``imported`` and ``items``
    do, with nothing loaded, and where another version of one is loaded.
    """
    brought: list[Plugin] = []
    try:
        for source in sources:
            before = _LOADED.get(source.name)
            if before is None:
                brought.append(_load(source))
            elif before.source.sha256 != source.sha256:
                raise UserError(
                    f"{source.label}: another version of it is loaded ({before.source.origin},"
                    f" sha256 {before.source.sha256[:12]})"
                )
        yield active()
    finally:
        for plugin in reversed(brought):
            _unload(plugin)


def keep(sources: Iterable[Source]) -> None:
    """Load plugins for the rest of this process, as a worker does; one that is loaded in another
    version is replaced.

    Raises UserError as ``loaded`` does.
    """
    for source in sources:
        before = _LOADED.get(source.name)
        if before is not None and before.source.sha256 == source.sha256:
            continue
        if before is not None:
            _unload(before)
        _load(source)


def _load(source: Source) -> Plugin:
    module = imported(source)
    try:
        plugin = Plugin(source, module, items(source, module))
    except UserError:
        _forget_module(source, module)
        raise
    for item in plugin.items:
        if found := _registry(item):
            found.bring(item.entry)
    _LOADED[source.name] = plugin
    return plugin


def _unload(plugin: Plugin) -> None:
    for item in plugin.items:
        if found := _registry(item):
            found.take_away(item.name)
    del _LOADED[plugin.source.name]
    _forget_module(plugin.source, plugin.module)
    forget()


def _forget_module(source: Source, module: ModuleType) -> None:
    if source.content is not None:  # an installed one stays imported, as any other does
        sys.modules.pop(module.__name__, None)


def _registry(item: Item) -> Registry[Any] | None:
    return next((found for found in REGISTRIES.values() if found.kind == item.kind), None)


def brought_claims() -> tuple[Claim, ...]:
    """Return the claims of the loaded plugins, each under its id with the plugin's name before it.

    Raises UserError for claims that cannot be read or are not well stated.
    """
    return tuple(
        replace(claim, id=f"{plugin.source.name}{SEPARATOR}{claim.id}")
        for plugin in active()
        for item in plugin.items
        if isinstance(item.entry, ClaimsFile | Claim)
        for claim in _claims(plugin, item.entry)
    )


def _claims(plugin: Plugin, named: ClaimsFile | Claim) -> tuple[Claim, ...]:
    if isinstance(named, Claim):
        return (named,)
    if named.text is not None:
        return claims.parse(named.text, f"{plugin.source.label}: {named.file}")
    return claims.read([Path(str(plugin.module.__file__)).parent / named.file])


def forget() -> None:
    """Empty every cache of the suite.

    Many are keyed by names, and a name may mean another item once a plugin is gone or replaced.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("suite."):
            for value in list(vars(module).values()):
                # By its type: an object that looks up its own attributes, as probes do, may raise.
                if isinstance(value, _CACHED) and value.__module__ == name:
                    value.cache_clear()
