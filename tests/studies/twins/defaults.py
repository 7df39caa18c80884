"""Twins of the study ``defaults``."""

from __future__ import annotations

import math

import numpy as np

from suite.studies import STUDIES
from tests.studies.twins.run import Columns, Run

_CASES = tuple(
    dict.fromkeys(
        str(case) for grid in STUDIES["defaults"].grids("quick") for case in grid.axes["case"]
    )
)
GRIDS = ({"case": _CASES[:3]},)


def _value(case: str, seed: int) -> float:
    """Return a number that depends on the case and the seed; infinite for one of the cases."""
    return math.inf if case == _CASES[1] else _CASES.index(case) + seed / 2**31


PROBES = {"value": _value}


def finite(run: Run, k: int) -> bool:
    return math.isfinite(run.answers("value")[k])


def columns(run: Run) -> Columns:
    for (case, _), member in zip(run.given("value"), run.members, strict=True):
        assert case == member.cell["case"]
    return {"runs": {"default_value": np.array(run.answers("value"))}}
