"""New processes that do not run the user's script again."""

from __future__ import annotations

import contextlib
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
