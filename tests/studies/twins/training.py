"""Twins of the study ``training``."""

from __future__ import annotations

from tests.studies.twins.common import finite, layer_statistics, outcomes
from tests.studies.twins.run import Columns, Run

__all__ = ["GRIDS", "columns", "finite"]

_CELL = {
    "activation": "tanh",
    "initializer": ("xavier_uniform", "normal(1)"),
    "depth": 2,
    "width": 3,
}
GRIDS = ({**_CELL, "weights": ("native", "shared")}, {**_CELL, "dataset": "digits"})


def columns(run: Run) -> Columns:
    return {"runs": outcomes(run), "layers": layer_statistics(run)}
