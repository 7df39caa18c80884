"""What the runs behind a red verdict say in plain terms.

A claim may be about a number that says little by itself, a Kolmogorov-Smirnov distance say. The
metric names another one that moves with it and that everyone reads (``Metric.plain``): the median
of that one in the cells of the claim goes with the verdict. So do the two sides of a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from suite.claims.claim import Claim
from suite.judging.indexed_runs import IndexedRuns
from suite.judging.verdicts import Verdict, group_fields
from suite.metrics import METRICS
from suite.planning.axes import nondefault_fields
from suite.text_tables import number
from suite.types import Array

Plain = Mapping[tuple[str, str], str]
"""Claim and group -> what its runs say."""


def plain_numbers(
    claims: Iterable[Claim], verdicts: Iterable[Verdict], frames: Mapping[str, pd.DataFrame]
) -> dict[tuple[str, str], str]:
    """Return the plain numbers of the verdicts that contradict their expectation. ``frames``: study
    -> runs, as they were judged."""
    by_id = {claim.id: claim for claim in claims}
    runs: dict[str, IndexedRuns] = {}
    found = {}
    for verdict in verdicts:
        if verdict.contradicts:
            if verdict.study not in runs:
                runs[verdict.study] = IndexedRuns(frames[verdict.study])
            words = _plain(by_id[verdict.claim], verdict.group, runs[verdict.study])
            if words:
                found[verdict.claim, verdict.group] = words
    return found


def in_words(metric: str, *values: float) -> str:
    """Return a sentence about the value of a metric, or about its values on two sides."""
    numbers = " against ".join(map(number, values))
    reads = METRICS[metric].reads if metric in METRICS else ""
    return reads.format(numbers) if reads else f"{metric} is {numbers}"


def _plain(claim: Claim, group: str, runs: IndexedRuns) -> str:
    """Return what the runs of a claim in one group say; empty where its own number says it."""
    metric = METRICS[claim.metric].plain or claim.metric
    sides = [claim.of] if claim.versus is None else [claim.of, claim.versus]
    if metric not in runs.frame.columns or (metric == claim.metric and len(sides) == 1):
        return ""
    values, places = [], []
    for selector in sides:
        cells = runs.select(selector, claim.each)
        for axis, text in group_fields(group).items():
            cells = cells & (runs.cells[axis].astype(str) == text).to_numpy()
        cell = _farthest(runs, np.flatnonzero(cells), claim.metric)
        values.append(_median(runs, cell, metric))
        if cells.sum() > 1:
            fields = runs.cells.iloc[cell].to_dict()
            places.append(nondefault_fields({str(axis): value for axis, value in fields.items()}))
    where = f" (in {' and '.join(places)})" if places else ""
    return f"{in_words(metric, *values)}{where}"


def _farthest(runs: IndexedRuns, cells: Array, metric: str) -> int:
    """Return the cell in which a metric is largest, whatever its sign: it decides a verdict on
    several cells more than the others do."""
    sizes = [abs(_median(runs, int(cell), metric)) for cell in cells]
    return int(cells[int(np.argmax(np.nan_to_num(sizes, nan=-1.0)))])


def _median(runs: IndexedRuns, cell: int, metric: str) -> float:
    """Return the median of a metric over the ok runs of a cell; NaN without any."""
    rows = np.flatnonzero((runs.cell == cell) & (runs.status == "ok"))
    measured = runs.column(metric)[rows]
    return float(np.median(measured)) if len(measured) else np.nan
