"""New processes that do not run the user's script again, and rest for the garbage collector."""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import ModuleType


@contextlib.contextmanager
def without_script() -> Iterator[None]:
    """Spawn processes inside this block that do not import the script which is running.

    They would run it from its top, unless it guards itself with ``if __name__ == "__main__"``. What
    they are given must not be defined there.
    """
    script, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextlib.contextmanager
def helpers(count: int, module: str) -> Iterator[ProcessPoolExecutor | None]:
    """Start processes that import a module, while this one goes on; they end with the block, and
    what they have not begun is dropped. None where ``count`` is 0."""
    if count == 0:
        yield None
        return
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))
    try:
        with without_script():
            for _ in range(count):
                executor.submit(importlib.import_module, module)
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


DRAWING = "suite.report.figures"
"""What a process that draws imports."""
_WORTH = 6
"""The fewest studies for which another process that draws saves more time than its start takes."""


def others(jobs: int, studies: Sequence[str]) -> int:
    """Return how many of ``jobs`` processes draw the figures of these studies beside this one."""
    return jobs - 1 if len(studies) >= _WORTH else 0


_MANY = 50_000
"""The new objects after which ``collecting_seldom`` has the garbage collector look at them: some
20 MB."""


@contextlib.contextmanager
def collecting_seldom() -> Iterator[None]:
    """Let the garbage collector work seldom inside this block, and only on objects made in it.

    Figures and tables of rows are hundreds of thousands of objects that stay until the end. Python
    looks through them again and again, which takes an eighth of the time of drawing.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_MANY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
