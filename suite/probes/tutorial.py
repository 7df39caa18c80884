"""Networks trained one at a time, as a user trains them, for the study ``tutorial``."""

from __future__ import annotations

from typing import Protocol

from suite.types import TrainTask, Weights


class UserLoop(Protocol):
    """The tutorial's network in the framework's own training loop."""

    def fit(self, task: TrainTask, member: int) -> tuple[Weights, float, float]:
        """Train one member of a task; return its weights, loss and accuracy on the training set.

        The weights are (fan_in, fan_out) and (fan_out,) per layer, the loss in nats. Start, data
        and batches are those of the member; training ends with the last recorded epoch.
        """
        ...
