"""The ways to run a plan's stacks: a file of this package each, found by its name.

An executor decides where stacks are measured and what happens when a worker is lost. To add one,
add a file here that sets ``EXECUTOR``, a class that is made with a ``Job`` and a number of workers
and that has the three methods of ``Executor``; ``suite run --executor NAME`` then finds it. A file
whose executor needs an option of the command line sets ``OPTION``, the name of that option, and
``prepared``, a function from its value to such a class. One from outside is named as
MODULE:FACTORY, or by the name of an entry point in the group ``suite.executors``, and may be a
``concurrent.futures.Executor``; or it is an item of a plugin. ``suite.measuring.remote`` has what
such engines share. A worker calls one of two functions of
``suite.measuring.measure_stack``: ``measure_and_store`` where it can write to the results folder,
and ``measure_and_return`` where it cannot, in which case the shard comes back as bytes and the
runner stores it.

Workers set ``suite.measuring.environment.worker(PROCESS)`` in their environment before a framework
is imported; ``PROCESS`` is what the framework's entry says. Others than the driver's libraries and
processors round differently: ``remote`` refuses other libraries, and records the processor with
each stack.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from suite.catalogue.registry import TOGETHER, unknown
from suite.errors import UserError

if TYPE_CHECKING:  # --help names the executors before NumPy is loaded
    from suite.datafiles import DataFile
    from suite.plugins import Source
    from suite.types import Stack

DEFAULT = "local"
"""The executor that a run uses unless another is named."""
GROUP = "suite.executors"
"""The group of entry points in which a package announces executors by name."""


@dataclass(frozen=True)
class Job:
    """The part of a run that all of its stacks share: the results folder, the root seed, and what
    the user has brought, which every worker loads."""

    folder: Path
    root: int
    sources: tuple[Source, ...] = ()
    data: tuple[DataFile, ...] = ()
    frameworks: tuple[str, ...] = ()
    """Those of the run, whose versions and flags a worker on another machine must have."""
    process: str = TOGETHER
    """The kind of process that measures it; see ``suite.catalogue.frameworks.Entry``."""


@dataclass(frozen=True)
class Result:
    """The outcome of one stack, or of one attempt at it.

    ``status`` is ``measured`` when there is a shard, be it one of failed runs, whose first reason
    is then ``reason``; ``retrying`` when the worker was lost and the executor tries again;
    ``lost`` when it was lost and the executor does not; ``not stored`` when the worker could not
    write the shard. ``reason`` says how the worker was lost, or why the shard was not written.
    ``shard`` is the content of the shard where the worker returned it instead of writing it.
    ``resident_bytes``: the memory of the worker afterwards; 0 where that is not known.
    """

    stack: Stack
    reason: str = ""
    status: Literal["measured", "retrying", "lost", "not stored"] = "measured"
    shard: bytes | None = None
    resident_bytes: float = field(default=0.0, compare=False)


class Executor(Protocol):
    """Measures stacks somewhere, several at a time."""

    def submit(self, stack: Stack, timeout: float) -> None:
        """Queue a stack; return at once.

        A worker that spends longer than ``timeout`` seconds on it is taken to hang.
        """
        ...

    def results(self) -> Iterator[Result]:
        """Yield a result for every submitted stack, in the order in which they end.

        A stack has any number of results that are ``retrying``, then one that is not.
        """
        ...

    def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        ...


class Gone(ConnectionError):
    """Raised where what executes can run nothing any more: its scheduler has ended, say."""


class Start(Protocol):
    """Makes an executor; the class of an executor is one."""

    def __call__(self, job: Job, workers: int) -> Executor:
        """Return an executor that measures the stacks of a job, ``workers`` at a time."""
        ...


def names() -> tuple[str, ...]:
    """Return the names of the executors: those of the files of this package."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


@dataclass(frozen=True)
class Chosen:
    """The executor that a run uses, and its name."""

    name: str
    start: Start

    def __call__(self, job: Job, workers: int) -> Executor:
        """Return a new executor, as ``Start`` does."""
        return self.start(job, workers)


def find(name: str, scheduler: str | None = None, config: str | None = None) -> Chosen:
    """Return what makes the executor of a name: one of ``names``, the name of an entry point,
    PLUGIN:CLASS, or a function or class of an installed module, as MODULE:FACTORY.

    ``scheduler`` and ``config`` are for the executors that need them. Raises UserError for an
    unknown name, for an executor that needs a package which is not installed, for an option that
    is missing or that the executor does not have, and where what the option names cannot be used.
    """
    given = {"scheduler": scheduler, "config": config}
    module = None
    if name in names():
        module = _imported(name, f"{__name__}.{name}")
    needed = getattr(module, "OPTION", None)
    for option, value in given.items():
        if value is not None and option != needed:
            raise UserError(f"--{option} is not for --executor {name}; {_who_needs(option)}")
    if module is None:
        return Chosen(name, _brought(name))
    if needed is None:
        return Chosen(name, module.EXECUTOR)
    if (value := given[needed]) is None:
        raise UserError(f"--executor {name} needs --{needed}; {_who_needs(needed)}")
    return Chosen(name, module.prepared(value))


def _who_needs(option: str) -> str:
    return {
        "scheduler": "--executor dask --scheduler ADDRESS names a Dask scheduler",
        "config": "--executor parsl --config FILE names a Python file with a parsl.Config",
    }[option]


_EXTRAS = {"distributed": "dask", "parsl": "parsl"}
"""Package -> the extra that installs it."""


def _imported(name: str, module: str) -> ModuleType:
    """Import the module of an executor. Raises UserError for a package that is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "suite":
            raise
        extra = _EXTRAS.get(error.name)
        hint = f"; pip install 'init-suite[{extra}]'" if extra else ""
        raise UserError(
            f"executor {name!r} needs the package {error.name!r}, which is not installed{hint}"
        ) from error


def _brought(name: str) -> Start:
    """Return what makes an executor that the user brings."""
    made = _named(name) if ":" in name else _announced(name)
    # By its name, as the files of this package: it imports this module.
    pools = importlib.import_module("suite.measuring.remote.pools")
    return cast(Start, pools.starts(name, made))


def _announced(name: str) -> Any:
    """Return the factory that an installed package has announced under a name."""
    from importlib import metadata  # here: looking through the packages takes time

    points = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name not in points:
        raise unknown("executor", name, (*names(), *sorted(points)))
    try:
        return points[name].load()
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"executor {name!r}: its entry point {points[name].value!r} cannot be loaded ({error})"
        ) from error


def _named(name: str) -> Any:
    """Return the factory that PLUGIN:CLASS or MODULE:FACTORY names."""
    from suite import plugins

    home, _, attribute = name.partition(":")
    loaded = {plugin.source.name: plugin.module for plugin in plugins.active()}
    module = loaded[home] if home in loaded else _imported(name, home)
    made = getattr(module, attribute, None)
    if not callable(made):
        public = [key for key, value in vars(module).items() if callable(value) and key[0] != "_"]
        raise unknown(f"executor of {home}", attribute, public)
    return made
