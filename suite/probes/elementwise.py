"""The time of an activation alone, for the passport of an item."""

from __future__ import annotations

from typing import Protocol

from suite.types import Array


class Elementwise(Protocol):
    """An activation on an array of numbers, without a network."""

    def seconds(self, activation: str, points: Array) -> tuple[float, float]:
        """Return the seconds of one call of the framework's function at (n,) float32 points, and
        those of its derivative by a vector of ones.

        Both are computed eagerly on the CPU, and the clock stops when the numbers are there.
        """
        ...
