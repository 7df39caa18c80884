"""Find the runs of a study that a claim is about.

A study has tens of thousands of runs of some hundreds of cells, and each of hundreds of claims is
about a few of them. Therefore the cells are numbered once, and runs are looked up by the number
of their cell.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from suite.claims.claim import Selector
from suite.planning.axes import AXES
from suite.types import Array, Value


class IndexedRuns:
    """The runs of one study, n of them, of k cells in the order of their first rows."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """``frame``: the axes, then seed, status, reason and the metrics."""
        self.frame = frame.reset_index(drop=True)
        """The runs as they were given; the arrays below follow their order."""
        self.axes = [str(name) for name in frame.columns[: list(frame.columns).index("seed")]]
        self.cells = self.frame[self.axes].drop_duplicates(ignore_index=True)
        """The fields of each cell, k rows."""
        self.cell: Array = (
            self.frame.groupby(self.axes, sort=False, dropna=False).ngroup().to_numpy()
        )
        """(n,) the number of each run's cell."""
        self.status: Array = self.frame["status"].to_numpy(dtype=object)
        self.seed: Array = self.frame["seed"].to_numpy()
        rows = pd.DataFrame({"cell": self.cell, "seed": self.seed, "status": self.status})
        self.repeated: Array = rows.duplicated().to_numpy()
        """(n,) whether an earlier run has the same cell, seed and status: it counts once."""
        supported = rows[self.status != "unsupported"]
        self.twice: Array = np.zeros(len(rows), dtype=bool)
        """(n,) whether an earlier run has the same cell and seed, whatever its status."""
        self.twice[supported.index] = supported.duplicated(["cell", "seed"])
        others = [axis for axis in self.axes if axis != "framework"]
        self.twin: Array = (
            self.cells.groupby(others, sort=False, dropna=False).ngroup().to_numpy()
            if others
            else np.zeros(len(self.cells), dtype=np.int64)
        )
        """(k,) a number for each cell, equal for cells that differ in the framework alone."""
        self._columns: dict[str, Array] = {}
        self._with: dict[tuple[str, Value], Array] = {}

    def having(self, axis: str, value: Value) -> Array:
        """Return (k,) booleans: which cells have a value on an axis."""
        if (axis, value) not in self._with:
            self._with[axis, value] = (self.cells[axis] == value).to_numpy(dtype=bool)
        return self._with[axis, value]

    def select(self, selector: Selector, free: Iterable[str]) -> Array:
        """Return (k,) booleans: which cells a selector selects.

        They have one of its values on each of its axes, the default on the axes that it leaves
        out, and any value on those that are ``free``.
        """
        chosen = np.ones(len(self.cells), dtype=bool)
        for axis in self.axes:
            if axis in selector:
                chosen &= np.any([self.having(axis, value) for value in selector[axis]], axis=0)
            elif axis not in free:
                default = AXES[axis].default
                chosen &= default is not None and self.having(axis, default)
        return chosen

    def positions(self, cells: Array) -> Array:
        """Return the positions of the runs of the chosen cells, (k,) booleans, in the order of the
        frame."""
        return np.flatnonzero(cells[self.cell])

    def reason(self, position: int) -> str:
        """Return why the run at a position ended as it did."""
        return str(self.frame["reason"].iloc[position])

    def column(self, name: str) -> Array:
        """Return (n,) values of a metric, those that are ``not_measured`` with their own NaN."""
        if name not in self._columns:
            self._columns[name] = self.frame[name].to_numpy(dtype=np.float64)
        return self._columns[name]
