"""What every item from outside must keep before anything is measured with it.

Each framework has a process of its own, so that an item that hangs, dies or fills the memory costs
only that process, and the line that says so. What each kind of item must keep is in
``suite.assessing.activations``, ``draws`` and ``layers``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, cast

from suite import frameworks, plugins
from suite.assessing import activations, draws, layers
from suite.catalogue import initializers
from suite.catalogue.frameworks import entry_of
from suite.catalogue.registry import ORACLE, SEPARATOR
from suite.errors import UserError
from suite.measuring.executors import Job
from suite.measuring.executors.local import GRACE, READY, START_TIMEOUT, Process, Work
from suite.planning.grids import Plan, unsupported
from suite.plugins.source import FILE, Source
from suite.studies import STUDIES

LIMIT = 120.0
"""The most seconds for one item in one framework; the suite's own items take 5 at most on a busy
core."""
PATIENCE = 10.0
"""Seconds after which a line says which item is being waited for."""
KINDS = {
    "activation": "activation",
    "formula": "activation",
    "initializer": "initializer",
    "bias": "initializer",
    "normalization": "normalization",
    "optimizer": "optimizer",
    "dataset": "dataset",
}
"""Axis of a cell -> the kind of item that its values name."""


@dataclass(frozen=True)
class Named:
    """An item with its parameters, in canonical form, as cells name it."""

    kind: str
    name: str


@dataclass(frozen=True)
class Breach:
    """One way in which an item breaks its contract; ``framework`` is empty for its definition."""

    item: Named
    framework: str
    what: str

    def __str__(self) -> str:
        """Return the breach in one line."""
        where = f" in {self.framework}" if self.framework else ""
        return " ".join(f"{self.item.kind} {self.item.name}{where}: {self.what}".split())


def named(plan: Plan) -> dict[Named, tuple[str, ...]]:
    """Return the items from outside that the cells of a plan name -> the frameworks that measure
    them, where they are not ``unsupported``."""
    found: dict[Named, dict[str, None]] = {}
    for study, stacks in plan.stacks.items():
        for cell in dict.fromkeys(member.cell for stack in stacks for member in stack.members):
            items = [
                Named(KINDS[axis], str(value))
                for axis, value in cell.values
                if axis in KINDS and SEPARATOR in str(value) and not _data(str(value))
            ]
            if items and unsupported(STUDIES[study], cell) is None:
                for item in items:
                    found.setdefault(item, {})[cell.text("framework")] = None
    return {item: tuple(names) for item, names in found.items()}


def _data(name: str) -> bool:
    """Return whether a name is that of a data file, which was checked when it was read."""
    return name.startswith(f"{FILE}{SEPARATOR}")


def breaches(
    items: Iterable[tuple[Named, Sequence[str]]],
    sources: tuple[Source, ...],
    limit: float = LIMIT,
    told: Callable[[str], None] = lambda line: None,
) -> Iterator[Breach]:
    """Yield what breaks the contracts of items in the frameworks that measure them.

    ``sources``: the plugins that hold the items. ``limit``: the seconds for one item in one
    framework. ``told`` takes a line about an item that takes long. An item that breaks its contract
    is not tried in the frameworks after it; the definition comes first.
    """
    asked = dict(items)
    broken: set[Named] = set()
    of_framework = {ORACLE: list(asked)}
    for item, names in asked.items():
        for name in names:
            if name != ORACLE:
                of_framework.setdefault(name, []).append(item)
    for framework, chosen in of_framework.items():
        with _Asked(framework, sources, limit, told) as process:
            for item in chosen:
                if item in broken:
                    continue
                for what in process.ask(item):
                    broken.add(item)
                    yield Breach(item, "" if framework == ORACLE else framework, what)


class _Asked:
    """A process that checks items in one framework; it is started again where one ends it."""

    def __init__(
        self,
        framework: str,
        sources: tuple[Source, ...],
        limit: float,
        told: Callable[[str], None],
    ) -> None:
        self._told = told
        self._job = Job(Path(framework), 0, sources, process=entry_of(framework).process)
        self._limit = limit
        self._process: Process | None = None

    def __enter__(self) -> _Asked:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.end(GRACE)

    def ask(self, item: Named) -> list[str]:
        """Return what breaks the contract of an item, or how it ended the process."""
        if self._process is None:
            self._process = Process(self._job, cast(Work, check))
            if not wait([self._process.connection], START_TIMEOUT):
                return [self._ended(f"the process did not start within {START_TIMEOUT:g} s")]
            assert self._process.connection.recv() == READY
        process = self._process
        deadline = time.monotonic() + self._limit
        try:
            process.connection.send(item)
            if not wait([process.connection], min(PATIENCE, self._limit)):
                where = self._job.folder.name
                self._told(
                    f"waiting for {item.kind} {item.name} in {where}, at most {self._limit:g} s"
                )
            if not wait([process.connection], max(0.0, deadline - time.monotonic())):
                return [self._ended(f"it does not end within {self._limit:g} s")]
            return cast("list[str]", process.connection.recv())
        except (EOFError, OSError):
            self._process = None
            return [f"{process.end(GRACE)}, while it was tried"]

    def _ended(self, what: str) -> str:
        assert self._process is not None
        self._process.end()
        self._process = None
        return what


def check(job: Job, item: Any) -> list[str]:
    """Return what breaks the contract of an item in this process, a line each.

    ``job.folder`` has the name of the framework; the NumPy oracle stands for the definition.
    """
    try:
        plugins.keep(job.sources)
        framework = frameworks.load(job.folder.name)
        oracle = framework.name == ORACLE
        if item.kind == "activation":
            of_item = activations.definition(item.name) if oracle else None
            return list(of_item or activations.in_framework(item.name, framework))
        if item.kind == "initializer":
            resolved = initializers.resolve(item.name)
            adjusted = draws.adjusted(resolved) if oracle else ()
            drawn = resolved.undeclared(framework.name) is None
            return list(adjusted or (draws.initializer(item.name, framework) if drawn else ()))
        if item.kind == "dataset":
            return list(draws.dataset(item.name)) if oracle else []
        if item.kind == "normalization":
            return list(layers.normalization(item.name, framework))
        return list(layers.optimizer(item.name, framework))
    except UserError as error:
        return [str(error)]
