"""Which runs of a study a claim speaks of.

A study has tens of thousands of runs of some hundreds of cells, and hundreds of claims ask for a
few of them. So the cells are numbered once, and runs are looked up by the number of their cell.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from suite.claims import Claim, Selector
from suite.judging.per_seed import Side
from suite.planning.axes import AXES
from suite.types import Array, Value


class Runs:
    """The runs of one study, n of them, of k cells in the order of their first rows."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """``frame``: the axes, then seed, status, reason and the metrics."""
        self.frame = frame.reset_index(drop=True)
        """The runs as they were given, and for each array below."""
        self.axes = [str(name) for name in frame.columns[: list(frame.columns).index("seed")]]
        self.cells = self.frame[self.axes].drop_duplicates(ignore_index=True)
        """(k) the fields of each cell."""
        self.cell: Array = (
            self.frame.groupby(self.axes, sort=False, dropna=False).ngroup().to_numpy()
        )
        """(n,) the number of each run's cell."""
        self.status: Array = self.frame["status"].to_numpy(dtype=object)
        self.seed: Array = self.frame["seed"].to_numpy()
        rows = pd.DataFrame({"cell": self.cell, "seed": self.seed, "status": self.status})
        self.repeated: Array = rows.duplicated().to_numpy()
        """(n,) whether a run above is of that cell and seed and ended alike: it counts once."""
        supported = rows[self.status != "unsupported"]
        self.twice: Array = np.zeros(len(rows), dtype=bool)
        """(n,) whether a run above is of that cell and seed, whichever way they ended."""
        self.twice[supported.index] = supported.duplicated(["cell", "seed"])
        self._columns: dict[str, Array] = {}
        self._with: dict[tuple[str, Value], Array] = {}

    def having(self, axis: str, value: Value) -> Array:
        """(k,) which cells have a value on an axis."""
        if (axis, value) not in self._with:
            self._with[axis, value] = (self.cells[axis] == value).to_numpy(dtype=bool)
        return self._with[axis, value]

    def select(self, selector: Selector, free: Iterable[str]) -> Array:
        """(k,) which cells a selector speaks of: with one of its values on each of its axes, the
        default on those that it leaves out, anything on those that are free."""
        chosen = np.ones(len(self.cells), dtype=bool)
        for axis in self.axes:
            if axis in selector:
                chosen &= np.any([self.having(axis, value) for value in selector[axis]], axis=0)
            elif axis not in free:
                default = AXES[axis].default
                chosen &= default is not None and self.having(axis, default)
        return chosen

    def of(self, cells: Array) -> Array:
        """The positions of the runs of the chosen cells, (k,) truths, in the order of the frame."""
        return np.flatnonzero(cells[self.cell])

    def reason(self, at: int) -> str:
        """Why the run at a position ended as it did."""
        return str(self.frame["reason"].iloc[at])

    def column(self, name: str) -> Array:
        """(n,) a metric; NaN where it was not measured."""
        if name not in self._columns:
            values = self.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
            self._columns[name] = values
        return self._columns[name]

    def side(self, claim: Claim, at: Array) -> Side:
        """The runs at the given positions, as the numbers that a claim needs."""
        status = self.status[at]
        diverged = status == "diverged"
        return Side(
            self.cell[at],
            self.seed[at],
            diverged | (status == "ok"),
            diverged,
            self.column(claim.metric)[at],
            None if claim.prediction is None else self.column(claim.prediction)[at],
            None if claim.along is None else self.cells[claim.along].to_numpy()[self.cell[at]],
        )
