"""How far stored evidence is from a question, axis by axis, and when it is too far to answer it.

The rule: evidence answers a question where it has the same activation, framework, optimizer, data
set and normalization, as well as residual connections where they are asked for, a depth within a
factor of ``DEPTH`` and a width within a factor of ``WIDTH``. Beyond that the answer is "not known".
The factor of the depth is small because what a layer does to the signal is raised to the power of
the depth; the factor of the width is larger because in the theory of wide layers the width does not
occur.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from suite.advising.question import Question
from suite.types import Value

DEPTH, WIDTH = 1.5, 4.0
"""The largest ratio of depths and of widths at which evidence answers a question."""
_OTHER: Mapping[str, float] = {
    "framework": 2.0,
    "optimizer": 3.0,
    "dataset": 2.0,
    "normalization": 4.0,
    "residual": 4.0,
}
"""What another value counts, where a ratio at its limit counts 1. It only orders what is too
far."""


@dataclass(frozen=True)
class Distance:
    """One axis on which evidence differs from a question.

    ``ratio``: of the stored value to the one that is asked for; None for names. ``near``: whether
    it is within the rule. ``weight``: how far, with 1 at the limit of a ratio.
    """

    axis: str
    asked: Value
    stored: Value
    ratio: float | None
    near: bool
    weight: float

    def __str__(self) -> str:
        """Return the difference in words."""
        if self.axis == "residual":
            return f"{self.stored} residual connections"
        if self.ratio is None:
            return f"{self.axis} {self.stored}, not {self.asked}"
        return f"{self.axis} {self.stored} for {self.asked} (x {self.ratio:.3g})"


def distances(question: Question, cell: Mapping[str, Value]) -> tuple[Distance, ...] | None:
    """Return the axes on which a stored cell differs; empty where it is what was asked.

    None for the cell of another activation, which is not evidence at all.
    """
    if question.activation not in (None, cell["activation"]):
        return None
    result = []
    for axis, asked in question.given.items():
        stored = cell[axis]
        if stored == asked or axis == "activation":
            continue
        if axis in ("depth", "width"):
            ratio, limit = float(stored) / float(asked), DEPTH if axis == "depth" else WIDTH
            size = abs(math.log(ratio)) / math.log(limit)
            result.append(Distance(axis, asked, stored, ratio, size <= 1 + 1e-12, size))
        else:
            result.append(Distance(axis, asked, stored, None, False, _OTHER[axis]))
    has = cell["residual"] != 0
    if has != question.residual:
        names = {True: "with", False: "without"}
        differs = names[question.residual], names[has]
        result.append(Distance("residual", *differs, None, False, _OTHER["residual"]))
    return tuple(result)
