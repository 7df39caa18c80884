"""Code that was carried over from another framework, for the study ``idioms``."""

from __future__ import annotations

from typing import Protocol


class Ports(Protocol):
    """Lines that mean one thing in one framework and another in the next."""

    def carried(self, case: str, seed: int) -> tuple[float, bool, str]:
        """Run a case; return what it gives, whether it warns, and its error.

        ``suite.studies.idioms.PORTS`` says what each number is. It is NaN where the code raises an
        error, which is ``Type: message``, and otherwise empty. ``seed`` starts what is drawn.
        Raises UserError for an unknown case.
        """
        ...
