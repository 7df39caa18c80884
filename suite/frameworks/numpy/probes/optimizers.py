"""The steps of an optimizer by Keras' formulas, which are the oracle's own form."""

from __future__ import annotations

from suite.catalogue import step_options
from suite.theory import steps
from suite.types import Array


def path(setting: str, task: str, batches: int) -> Array:
    """Follow the formula."""
    return steps.path("keras", step_options.resolve(setting), task, batches)
