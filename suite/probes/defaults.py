"""The numbers that a framework chooses by itself, for the study ``defaults``."""

from __future__ import annotations

from typing import Protocol


class DefaultNumbers(Protocol):
    """Defaults, read off, measured on or drawn by objects that are made without arguments."""

    def value(self, case: str, seed: int) -> float:
        """Return the number of a case of the study; a random one is drawn from ``seed``.

        ``suite.studies.defaults`` lists the cases and their units. Raises UserError for an unknown
        case.
        """
        ...
