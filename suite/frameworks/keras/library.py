"""Keras on the backend that a framework's home chooses, and the settings that Keras keeps for a
whole process."""

from __future__ import annotations

import importlib
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from suite.types import UserError


class _Library:
    """The package ``keras``, imported when something of it is first used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("keras"), name)


keras: Any = _Library()


_FRAMEWORK: list[str] = []


def use(backend: str, framework: str) -> None:
    """Choose the backend for this process, under the name that the catalogues have for it.

    Raises UserError where Keras is already imported on another one.
    """
    if "keras" in sys.modules and (other := sys.modules["keras"].config.backend()) != backend:
        raise UserError(
            f"Keras is already imported on {other!r}, and the framework {framework} needs it on"
            f" {backend!r}: set KERAS_BACKEND={backend} before Keras is imported"
        )
    os.environ["KERAS_BACKEND"] = backend
    _FRAMEWORK[:] = [framework]


def framework() -> str:
    """Return the name of this process' framework in the catalogues, such as ``keras_torch``."""
    (name,) = _FRAMEWORK
    return name


@contextmanager
def python_random_kept() -> Iterator[None]:
    """Put Python's global generator back afterwards: Keras draws the seeds that are not given from
    it."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Let Keras make and compute everything inside the block in ``float32`` or ``float64``.

    Keras keeps two settings: ``floatx``, and the policy of layers, which follows it only until
    the first layer is made.
    """
    kept = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(kept[0])
        keras.config.set_dtype_policy(kept[1])
