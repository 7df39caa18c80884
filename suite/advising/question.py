"""A question about how to start a network, as a value, and what is left open in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from suite.catalogue.frameworks import by_default
from suite.planning.axes import canonical_value
from suite.types import UserError, Value

CHOICES = ("initializer", "activation", "framework", "optimizer", "normalization")
"""What is ranked: the initializer always, the others where the question leaves them open."""
SETTINGS = ("depth", "width", "dataset")
"""What the user's task fixes; for one that is left open, there is a ranking for each stored
value."""


@dataclass(frozen=True)
class Question:
    """The properties of the network that is asked about; None leaves one open.

    ``residual``: whether hidden layers have residual connections, of whatever factor.
    """

    activation: str | None = None
    depth: int | None = None
    width: int | None = None
    framework: str | None = None
    optimizer: str | None = None
    dataset: str | None = None
    normalization: str | None = "none"
    residual: bool = False

    def __post_init__(self) -> None:
        """Put names and numbers into their canonical form. Raises UserError for an unknown one."""
        for axis in ("activation", "depth", "width", *CHOICES[2:], "dataset"):
            given = getattr(self, axis)
            if given is not None:
                object.__setattr__(self, axis, canonical_value(axis, given))
        if self.framework == "numpy":
            others = " or ".join(entry.name for entry in by_default())
            raise UserError(f"framework 'numpy' trains nothing; advice is about {others}")

    @property
    def given(self) -> Mapping[str, Value]:
        """Axis -> the value that is asked for, without ``residual``."""
        axes = (*SETTINGS, *CHOICES[1:])
        return {axis: value for axis in axes if (value := getattr(self, axis)) is not None}

    @property
    def open(self) -> tuple[str, ...]:
        """The choices that are ranked."""
        return tuple(axis for axis in CHOICES if axis not in self.given)

    def __str__(self) -> str:
        """Return the question in words."""
        words = [f"{axis} {value}" for axis, value in self.given.items()]
        words += ["residual connections"] * self.residual
        free = [axis for axis in (*SETTINGS, *CHOICES[1:]) if axis not in self.given]
        asked = ", ".join(words)
        return f"{asked}; open: {', '.join(free)}" if free else asked
