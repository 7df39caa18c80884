"""The items of a plugin: what its module holds that a catalogue of the suite may hold.

An item is a public value of the module, or a member of a public list or tuple of it. No call
registers anything. Its name gets the name of the plugin in front, as in ``my:snake``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from suite.catalogue import frameworks, registry
from suite.catalogue.activations import ACTIVATIONS, Activation
from suite.catalogue.datasets import DATASETS, Dataset
from suite.catalogue.initializers import INITIALIZERS, Initializer
from suite.catalogue.normalizations import NORMALIZATIONS, Normalization
from suite.catalogue.optimizers import OPTIMIZERS, Optimizer
from suite.claims import ClaimsFile
from suite.claims.claim import Claim
from suite.errors import UserError
from suite.metrics import METRICS, Metric
from suite.plugins.fields import wrong_field
from suite.plugins.source import Source
from suite.plugins.study import Brought
from suite.studies import STUDIES
from suite.types import Study

REGISTRIES: dict[type, registry.Registry[Any]] = {
    Metric: METRICS,
    Activation: ACTIVATIONS,
    Initializer: INITIALIZERS,
    Normalization: NORMALIZATIONS,
    Optimizer: OPTIMIZERS,
    Dataset: DATASETS,
    frameworks.Entry: frameworks.FRAMEWORKS,
    Study: STUDIES,
}
"""Class of an entry -> the registry that it goes into. A study comes after its metrics."""
CLAIMS = "claims"
"""The kind of claims. They have no registry: ``brought_claims`` reads them when they are judged."""
EXECUTOR = "executor"
"""The kind of a class that measures stacks. It has no registry: ``suite run --executor`` finds
it."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Item:
    """One item of a plugin: what it is, its name with that of the plugin, and the entry."""

    kind: str
    name: str
    entry: Any


def items(source: Source, module: ModuleType) -> tuple[Item, ...]:
    """Return the items of a plugin's module, in the order of ``REGISTRIES``.

    Raises UserError where it has none, where one has a wrong field, and where the name of one is
    not a name, is used twice or is that of an item of the suite.
    """
    found = [Item(*_kind_and_name(value), value) for value in _entries(module)]
    if not found:
        raise UserError(f"{source.label} has no items{_hint(module)}")
    for item in found:
        _check(source, item)
    taken: dict[tuple[str, str], Item] = {}
    for item in found:
        if taken.setdefault((item.kind, item.name), item) is not item:
            raise UserError(f"{source.label} has two items that are {item.kind} {item.name!r}")
    own = {item.name for item in found if item.kind == METRICS.kind}
    return tuple(_prefixed(source, item, own) for item in _ordered(found))


def _entries(module: ModuleType) -> Iterator[object]:
    """Yield each public value of a module that is an item, once; the suite's own are left out."""
    seen: set[int] = set()
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        for entry in value if isinstance(value, list | tuple) else (value,):
            if _is_item(entry, module) and id(entry) not in seen:
                seen.add(id(entry))
                yield entry


def _is_item(value: object, module: ModuleType) -> bool:
    if isinstance(value, type):
        methods = ("submit", "results", "close")
        own = value.__module__.split(".")[0] == module.__name__.split(".")[0]
        return own and all(callable(getattr(value, method, None)) for method in methods)
    if isinstance(value, ClaimsFile | Claim):
        return True
    for kind, catalogue in REGISTRIES.items():
        if isinstance(value, kind):
            return all(value is not entry for entry in catalogue)
    return False


def _kind_and_name(value: object) -> tuple[str, Any]:
    if isinstance(value, type):
        return EXECUTOR, value.__name__
    if isinstance(value, Claim):
        return CLAIMS, value.id
    if isinstance(value, ClaimsFile):
        return CLAIMS, value.file if value.text is None else value.text
    kind = next(REGISTRIES[kind].kind for kind in REGISTRIES if isinstance(value, kind))
    return kind, getattr(value, "name", None)


def _ordered(found: Iterable[Item]) -> list[Item]:
    order = [*(catalogue.kind for catalogue in REGISTRIES.values()), CLAIMS, EXECUTOR]
    return sorted(found, key=lambda item: order.index(item.kind))


def _check(source: Source, item: Item) -> None:
    if item.kind in (CLAIMS, EXECUTOR):
        return
    owner = f"{source.label}: {item.kind} {item.name!r}"
    if not isinstance(item.name, str) or not _NAME.fullmatch(item.name):
        raise UserError(
            f"{owner} has a wrong name; write lower-case letters, digits and _, a letter first"
            " (the name of the plugin is put before it)"
        )
    catalogue = next(c for c in REGISTRIES.values() if c.kind == item.kind)
    if item.name in catalogue.names:
        raise UserError(f"{owner} has the name of one of the suite's; rename it")
    if wrong := wrong_field(item.entry):
        raise UserError(f"{owner}: {wrong}")


def _prefixed(source: Source, item: Item, metrics: set[str]) -> Item:
    """Return an item under its full name; ``metrics``: the bare names of the plugin's metrics."""
    name = f"{source.name}{registry.SEPARATOR}{item.name}"
    if item.kind in (CLAIMS, EXECUTOR):
        return Item(item.kind, name, item.entry)
    if isinstance(item.entry, Study):
        full = {metric: f"{source.name}{registry.SEPARATOR}{metric}" for metric in metrics}
        return Item(item.kind, name, Brought(item.entry, name, full, source.label))
    return Item(item.kind, name, replace(item.entry, name=name))


def _hint(module: ModuleType) -> str:
    """Return what may be wrong in a plugin without items, as the end of a sentence."""
    for name, value in vars(module).items():
        if isinstance(value, type) and issubclass(value, Study) and value is not Study:
            return f": the study {name} has no instance; write STUDY = {name}()"
    names = ", ".join(catalogue.kind for catalogue in REGISTRIES.values())
    return f": no public value of it is one of {names}, {CLAIMS}, {EXECUTOR}"
