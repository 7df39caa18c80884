"""Executors that users bring as MODULE:FACTORY: of the suite's own kind, or of Python's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Executor as Pool
from typing import Any, cast

from suite.errors import UserError
from suite.measuring.executors import Executor, Job, Start
from suite.measuring.measure_stack import error_line
from suite.measuring.remote.driver import Driver, Engine


def starts(name: str, factory: Callable[..., Any]) -> Start:
    """Return what makes the executor of a factory.

    A factory takes the job and the number of workers, or that number alone, or nothing, and returns
    an ``Executor`` or a ``concurrent.futures.Executor``; a class of the latter is a factory too.
    """

    def start(job: Job, workers: int) -> Executor:
        try:
            made = _made(factory, job, workers)
        except UserError:
            raise
        except Exception as error:  # whatever code of a user raises
            raise UserError(f"executor {name!r} does not start: {error_line(error)}") from error
        if isinstance(made, Pool):
            return Driver(job, Engine(made, workers))
        if all(callable(getattr(made, method, None)) for method in ("submit", "results", "close")):
            return cast(Executor, made)
        raise UserError(
            f"executor {name!r} is a {type(made).__name__}, which is not a"
            " concurrent.futures.Executor and lacks submit, results or close"
        )

    return start


def _made(factory: Callable[..., Any], job: Job, workers: int) -> Any:
    """Call a factory with what it takes."""
    try:
        parameters = inspect.signature(factory).parameters
    except ValueError:  # written in C
        return factory(job, workers)
    if "max_workers" in parameters:
        return factory(max_workers=workers)
    if any(p.kind == p.VAR_POSITIONAL for p in parameters.values()):
        return factory(job, workers)
    needed = [p for p in parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
    return factory(*(job, workers)[2 - len(needed) :] if len(needed) < 3 else (job, workers))
