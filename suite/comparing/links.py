"""The runs of several frameworks side by side, and what separates two of them in each cell.

Every run has a place that its cell and seed give. Two frameworks share their seeds, and where the
starting weights are shared their draws; where each draws anew, a pair is two independent networks.
The sign test and the interval of the median difference hold in both cases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import bdtr, bdtrc

from suite.comparing.metric_changes import RATE
from suite.comparing.paired_runs import FINISHED, Side, axes_of
from suite.judging.summary import medians
from suite.metrics import METRICS, Metric
from suite.planning.axes import nondefault_fields
from suite.types import Array

_PREDICTED = "_predicted"
"""The ending of metrics that nothing measured."""


@dataclass(frozen=True)
class Link:
    """What separates two frameworks, (cells,) each.

    ``above``, ``below``: seeds in which the second has the larger or the smaller value, beyond what
    counts as equal. ``p_differ``: of the two-sided sign test that they are exchangeable.
    ``p_equal``: of the test that the median difference is outside of the margin; 1 where the sign
    test says that they differ.
    """

    n: Array
    above: Array
    below: Array
    p_differ: Array
    p_equal: Array


class SideBySide:
    """A metric of a study in several frameworks.

    ``values``: framework -> (places,), NaN where it was not measured; ``measured``: framework ->
    (places,) booleans. ``cell``: (places,) the number of the cell.
    """

    def __init__(
        self,
        study: str,
        metric: Metric,
        cell: Array,
        names: Sequence[str],
        values: Mapping[str, Array],
        measured: Mapping[str, Array],
    ) -> None:
        self.study, self.metric, self.cell, self.names = study, metric, cell, names
        self.values, self.measured = values, measured

    @property
    def cells(self) -> int:
        """The number of cells."""
        return len(self.names)

    def count(self, places: Array) -> Array:
        """Return (cells,) how many of the (places,) booleans are true."""
        return np.bincount(self.cell[places], minlength=self.cells)

    def together(self, names: Iterable[str]) -> Array:
        """Return (places,) booleans: where all of some frameworks measured the metric, and it is a
        number in one of them."""
        chosen = list(names)
        both = np.logical_and.reduce([self.measured[name] for name in chosen])
        number = np.logical_or.reduce([~np.isnan(self.values[name]) for name in chosen])
        return np.asarray(both & number)

    def differences(self, a: str, b: str) -> Array:
        """Return (places,) b - a: 0 for equal values, infinities and two NaN too; infinite for a
        single NaN, for the worse where the metric has a better direction."""
        x, y = self.values[a], self.values[b]
        worse = -np.inf if self.metric.direction == "higher" else np.inf
        with np.errstate(invalid="ignore"):
            found = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, y - x)
        found = np.where(np.isnan(y) & ~np.isnan(x), worse, found)
        return np.where(np.isnan(x) & ~np.isnan(y), -worse, found)

    def middle(self, name: str, places: Array) -> Array:
        """Return (cells,) the median of a framework over some places."""
        return medians(self.values[name][places], self.cell[places], self.cells)["centre"]

    def margin(self, names: Iterable[str], places: Array) -> Array:
        """Return (cells,) the largest difference that does not matter: what the metric tolerates
        at the size of the largest finite median."""
        sizes = np.abs([self.middle(name, places) for name in names])
        largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=0)
        return self.metric.tolerated(largest)

    def link(self, a: str, b: str, places: Array, margin: Array, single: Array) -> Link:
        """Return what separates two frameworks at some places.

        ``margin``: (cells,). ``single``: (cells,) booleans: where one draw says everything, and no
        chance is left.
        """
        cell = self.cell[places]
        difference = self.differences(a, b)[places]
        equal = self.metric.equal(self.values[a][places], self.values[b][places])
        above = np.bincount(cell[~equal & (difference > 0)], minlength=self.cells)
        below = np.bincount(cell[~equal & (difference < 0)], minlength=self.cells)
        n = np.bincount(cell, minlength=self.cells)
        p_differ = np.minimum(1.0, 2 * bdtr(np.minimum(above, below), above + below, 0.5))
        p_differ = np.where(single, np.where(above + below > 0, 0.0, 1.0), p_differ)
        not_above = np.bincount(cell[equal | (difference <= margin[cell])], minlength=self.cells)
        not_below = np.bincount(cell[equal | (difference >= -margin[cell])], minlength=self.cells)
        least = np.minimum(not_above, not_below)
        # Under a median beyond the margin, no more than half of the seeds are expected within it.
        p_equal = bdtrc(least - 1, n, 0.5)
        p_equal = np.where(single, np.where(least == n, 0.0, 1.0), p_equal)
        if self.metric is FINISHED:  # its median hides a changed share
            p_equal = np.where(above + below > 0, 1.0, p_equal)
        p_equal = np.where((n == 0) | (p_differ <= RATE), 1.0, p_equal)
        return Link(n, above, below, np.where(n == 0, 1.0, p_differ), p_equal)


def side_by_side(
    runs: Mapping[str, pd.DataFrame], frameworks: Collection[str]
) -> Iterator[SideBySide]:
    """Yield each measured metric of each study that two of some frameworks ran. ``runs``: study ->
    its runs."""
    for study, frame in runs.items():
        axes = axes_of(frame)
        if "framework" not in axes:
            continue
        kept = frame["framework"].isin(frameworks)
        kept &= ~frame["status"].isin(("unsupported", "missing"))
        frame = frame[kept]
        if frame["framework"].nunique() < 2:
            continue
        yield from _metrics(study, frame, [axis for axis in axes if axis != "framework"])


def _metrics(study: str, frame: pd.DataFrame, axes: Sequence[str]) -> Iterator[SideBySide]:
    """Yield the metrics of a study whose runs have some axes beside the framework."""
    if axes:
        number = frame.groupby([*axes], sort=False, dropna=False).ngroup().to_numpy()
        cells = frame[[*axes]].iloc[np.unique(number, return_index=True)[1]].to_dict("records")
    else:
        number, cells = np.zeros(len(frame), dtype=int), [{}]
    names = [nondefault_fields({str(key): value for key, value in row.items()}) for row in cells]
    seed = frame["seed"].to_numpy(dtype=np.int64)
    stride = 1 + int(seed.max())
    keys, place = np.unique(number * stride + seed, return_inverse=True)
    cell = keys // stride
    sides = {
        str(name): (np.flatnonzero(chosen), Side(frame[chosen], number[chosen]))
        for name in frame["framework"].unique()
        for chosen in [(frame["framework"] == name).to_numpy()]
    }
    skipped = {*axes, "framework", "seed", "status", "reason"}
    metrics = [
        METRICS[str(name)]
        for name in frame
        if name in METRICS and name not in skipped and not str(name).endswith(_PREDICTED)
    ]
    for metric in (FINISHED, *metrics):
        values, measured = {}, {}
        for name, (rows, side) in sides.items():
            values[name] = np.full(len(keys), np.nan)
            measured[name] = np.zeros(len(keys), dtype=bool)
            values[name][place[rows]] = side.values(metric, comparable=True)
            measured[name][place[rows]] = side.measures(metric)
        yield SideBySide(study, metric, cell, names, values, measured)
