"""New processes that do not run the user's script again, and rest for the garbage collector."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
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
