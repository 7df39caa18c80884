"""What a manifest says of the plugins of a run, and how their names are read without them.

A stored name such as ``my:snake(0.5)`` has all that judging needs. Where a plugin is not loaded,
entries with a name and parameters stand in for the items that a manifest names; they raise a
UserError that names the missing plugin as soon as a value is asked of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from suite.catalogue import frameworks, initializers, registry
from suite.catalogue.activations import Activation
from suite.catalogue.datasets import Dataset
from suite.catalogue.initializers import Initializer
from suite.catalogue.normalizations import Definition, Normalization
from suite.catalogue.optimizers import Optimizer
from suite.catalogue.registry import SEPARATOR
from suite.datafiles import record as datafiles
from suite.errors import UserError
from suite.planning.grids import Plan
from suite.plugins.items import CLAIMS, REGISTRIES, Item
from suite.plugins.loading import active, forget
from suite.results.manifest import BroughtItem, BroughtPlugin, Manifest
from suite.studies import STUDIES
from suite.types import Stack


class Absent(UserError):
    """Raised where an item of a plugin is needed and the plugin is not loaded."""


# --- writing -------------------------------------------------------------------------------------


def mentioned(stacks: Iterable[Stack]) -> set[str]:
    """Return the names with a prefix that the cells of some stacks have, without parameters."""
    texts = {stack.study for stack in stacks}
    for stack in stacks:
        for cell in {member.cell for member in stack.members}:
            texts |= {value for _, value in cell.values if isinstance(value, str)}
    return {text.partition("(")[0] for text in texts if SEPARATOR in text}


def used(stacks: Iterable[Stack]) -> set[str]:
    """Return the plugins of which some stacks have an item."""
    return {name.partition(SEPARATOR)[0] for name in mentioned(stacks)}


def record(plan: Plan) -> tuple[BroughtPlugin, ...]:
    """Return the loaded plugins of which a plan has an item, as a manifest keeps them."""
    if not active():
        return ()
    names = used([stack for stacks in plan.stacks.values() for stack in stacks])
    return tuple(
        BroughtPlugin(
            name=plugin.source.name,
            origin=plugin.source.origin,
            sha256=plugin.source.sha256,
            items=tuple(
                _recorded(item, plan.selection.frameworks)
                for item in plugin.items
                if item.kind != CLAIMS
            ),
        )
        for plugin in active()
        if plugin.source.name in names
    )


def _recorded(item: Item, chosen: Iterable[str]) -> BroughtItem:
    forms = {name: form for name in chosen if (form := native_form(item.entry, name))}
    parameters: Mapping[str, float | str | None] = getattr(item.entry, "parameters", {})
    return BroughtItem(
        kind=item.kind,
        name=item.name,
        parameters=dict(parameters),
        native=forms,
        slope_from=getattr(item.entry, "slope_from", ""),
    )


def native_form(entry: Any, framework: str) -> str:
    """Return ``own`` where an entry names an object of a framework, ``generic`` where its NumPy
    code runs on the framework's operations, and nothing where it has neither."""
    if isinstance(entry, Initializer):
        defaults = tuple(1.0 if value is None else value for value in entry.parameters.values())
        example = next((given for given in entry.examples if given), defaults)
        full = (*example, *defaults[len(example) :])
        entry = initializers.Resolved(entry.name, entry, full)
    undeclared = getattr(entry, "undeclared", None)
    if framework == registry.ORACLE or undeclared is None:
        return ""
    if isinstance(entry, Activation):
        return entry.form(framework).replace("none", "")
    return "" if undeclared(framework) else "own"


# --- reading -------------------------------------------------------------------------------------


def missing(manifest: Manifest) -> dict[str, str]:
    """Return the plugins of a run that are not loaded, or in another version: name -> what to do,
    in words."""
    loaded = {plugin.source.name: plugin.source for plugin in active()}
    found = {}
    for plugin in manifest.plugins:
        source = loaded.get(plugin.name)
        if source is None or source.sha256 != plugin.sha256:
            has = f", and the one given has sha256 {source.sha256[:12]}" if source else ""
            found[plugin.name] = (
                f"measured with the plugin {plugin.name} ({plugin.origin}, sha256"
                f" {plugin.sha256[:12]}){has}: give it with --plugin"
            )
    return found


def studies_without_plugin(manifest: Manifest) -> dict[str, str]:
    """Return the studies of a run that are of a plugin which is not loaded: name -> what to do, in
    words."""
    plugins = {plugin.name: plugin for plugin in manifest.plugins}
    found = {}
    for name in manifest.studies:
        plugin = plugins.get(name.partition(SEPARATOR)[0]) if SEPARATOR in name else None
        if plugin is not None and name not in STUDIES:
            found[name] = (
                f"study {name!r} is of the plugin {plugin.name} ({plugin.origin}, sha256"
                f" {plugin.sha256[:12]}): give it with --plugin"
            )
    return found


@contextmanager
def remembered(manifest: Manifest) -> Iterator[None]:
    """Have the names of a manifest's plugins and data files in the registries for the length of
    this block, where they are not loaded."""
    brought: list[tuple[registry.Registry[Any], str]] = []
    registries = {catalogue.kind: catalogue for catalogue in REGISTRIES.values()}
    try:
        for plugin in manifest.plugins:
            for item in plugin.items:
                catalogue = registries.get(item.kind)
                make = _STAND_INS.get(item.kind)
                if catalogue is None or make is None or item.name in catalogue:
                    continue
                catalogue.bring(make(item, _raising(plugin, item)))
                brought.append((catalogue, item.name))
        with datafiles.remembered(manifest):
            yield
    finally:
        for catalogue, name in brought:
            catalogue.take_away(name)
        if brought:
            forget()


def _raising(plugin: BroughtPlugin, item: BroughtItem) -> Any:
    def absent(*_: object, **__: object) -> NoReturn:
        raise Absent(
            f"{item.kind} {item.name!r} is of the plugin {plugin.name} ({plugin.origin}, sha256"
            f" {plugin.sha256[:12]}): give it with --plugin"
        )

    return absent


def _nothing(*_: object) -> dict[str, Any]:
    return {}


def _numbers(item: BroughtItem) -> dict[str, float | None]:
    return {
        name: None if value is None else float(value) for name, value in item.parameters.items()
    }


def _hyperparameters(item: BroughtItem) -> dict[str, float]:
    return {name: value or 0.0 for name, value in _numbers(item).items()}


_SOURCE = "a plugin that is not loaded"
_STAND_INS: Mapping[str, Callable[[BroughtItem, Any], Any]] = {
    "activation": lambda item, absent: Activation(
        item.name, _SOURCE, absent, absent, _nothing, parameters=_numbers(item)
    ),
    "initializer": lambda item, absent: Initializer(
        item.name,
        _SOURCE,
        absent,
        parameters=item.parameters,
        words={name: _Any() for name, value in item.parameters.items() if isinstance(value, str)},
    ),
    "normalization": lambda item, absent: Normalization(
        item.name, _SOURCE, Definition(absent, absent), _nothing
    ),
    "optimizer": lambda item, absent: Optimizer(
        item.name, _SOURCE, _hyperparameters(item), _nothing
    ),
    "dataset": lambda item, absent: Dataset(item.name, _SOURCE, absent, item.name, 1, 1),
    "framework": lambda item, absent: frameworks.Entry(item.name, "", (), None),
}


class _Any(tuple[str, ...]):
    """The words that a parameter may have, where these are not known: every word is among them."""

    def __contains__(self, word: object) -> bool:
        return True
