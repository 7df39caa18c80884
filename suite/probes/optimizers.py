"""A framework's own optimizers, step by step, for the study ``optimizers``."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array


class Steps(Protocol):
    """Steps of an optimizer with its options on a task with few parameters."""

    def path(self, setting: str, task: str, batches: int) -> Array:
        """Return the parameters before the first and after each batch, (batches + 1, n) float64.

        ``setting``: a name as in ``suite.catalogue.step_options``; ``task``: one of
        ``suite.theory.steps``, which has its loss and start. Everything is computed in double
        precision. Raises UserError for an unknown setting or task.
        """
        ...
