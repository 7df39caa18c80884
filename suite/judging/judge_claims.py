"""Judge claims on runs: which rows a claim is about, and what they say about it.

Each claim is judged on the rows of its study alone, in this order:

1. select the cells of ``of`` and ``versus`` and split them by ``each`` (``indexed_runs``).
   Unsupported cells are left out. The claim is not judged where none is left, where only one of
   two sides would lose some, where a cell that it names is not in the folder, or where it names a
   framework that is not in the table of frameworks;
2. reduce the runs of each seed to one number and pair the sides by seed (``per_seed``). A diverged
   run counts with the metric's worst value, or as measured where divergence does not affect the
   metric;
3. put an interval over the seeds and compare it with the closed band (``band_to_verdict``).

A failed or missing run, a missing column, an empty field or a NaN makes the claim undecided,
whatever the other runs say. Where the claim is about a sample, so do seeds that are copies of one
another (``duplicate_seeds``) and frameworks that share every bit (``same_library``). The interval
of the complete seeds is shown nevertheless.
Nothing here knows how the rows were measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from suite.claims.cells import unknown_framework
from suite.claims.claim import Claim, Selector
from suite.judging.band_to_verdict import Evidence, verdict_on
from suite.judging.duplicate_seeds import Copies, copies, dependent
from suite.judging.indexed_runs import IndexedRuns
from suite.judging.per_seed import per_seed, side_of
from suite.judging.rules import FIXED, Rule
from suite.judging.same_library import same_library
from suite.judging.verdicts import Verdict
from suite.metrics import METRICS
from suite.planning.axes import nondefault_fields
from suite.results.not_measured import not_measured
from suite.types import Array, Value

_NO_CELL = "this folder has no such cell"


def judge(
    claims: Sequence[Claim],
    frames: Mapping[str, pd.DataFrame],
    profile: str | None,
    rule: Rule = FIXED,
) -> list[Verdict]:
    """Return the verdicts on claims, in their order; several for a claim with ``each``.

    ``frames``: study -> its runs, with the axes, then seed, status, reason and the metrics. The
    status ``missing`` marks a run that was expected and is not in the folder. ``profile``: the
    profile whose claims the run promised to decide; None where it promised nothing, as in a run
    whose seeds or axes a user chose. ``rule``: how the numbers of the seeds become an interval.
    """
    return [
        verdict_on(claim, group, evidence, profile, rule)
        for claim, group, evidence in weigh(claims, frames)
    ]


def weigh(
    claims: Sequence[Claim], frames: Mapping[str, pd.DataFrame]
) -> Iterator[tuple[Claim, str, Evidence]]:
    """Yield each claim and group with what the runs say there: all that a verdict rests on.

    ``frames``: as for ``judge``.
    """
    studies = {claim.study for claim in claims} & set(frames)
    runs = {study: IndexedRuns(frames[study]) for study in studies}
    duplicates = {study: copies(indexed) for study, indexed in runs.items()}
    for claim in claims:
        for group, evidence in _groups(claim, runs.get(claim.study), duplicates):
            yield claim, group, evidence


def _groups(
    claim: Claim, runs: IndexedRuns | None, duplicates: Mapping[str, Sequence[Copies]]
) -> Iterator[tuple[str, Evidence]]:
    """Yield each group of cells that a claim has a verdict on, and what the runs say there; one
    nameless group where nothing of the claim is in the folder."""
    if runs is None:
        yield "", Evidence(absent=f"study {claim.study} was not run")
        return
    sides = [runs.select(selector, claim.each) for selector in _selectors(claim)]
    groups = _values_of_each(claim, runs, sides[0])
    if not groups:
        yield "", Evidence(absent=_why_no_group(claim, runs))
    for group in groups:
        name = " ".join(f"{axis}={value}" for axis, value in group.items())
        if reason := unknown_framework(_frameworks(claim, group)):
            yield name, Evidence(absent=reason)
            continue
        cells = sides
        for axis, value in group.items():
            cells = [side & runs.having(axis, value) for side in cells]
        yield name, _evidence(claim, runs, cells, duplicates[claim.study])


def sides_of(claim: Claim, runs: IndexedRuns) -> list[Array]:
    """Return the cells of each side of a claim in all of its groups: (k,) booleans."""
    sides = [runs.select(selector, claim.each) for selector in _selectors(claim)]
    if any(axis not in runs.axes for axis in claim.each):
        return [np.zeros_like(side) for side in sides]
    named = {axis: claim.of[axis] for axis in claim.each if axis in claim.of}
    shared = runs.select(named, runs.axes)
    return [side & shared for side in sides]


def _selectors(claim: Claim) -> list[Selector]:
    """Return the selectors of the one or two sides of a claim."""
    return [claim.of] if claim.versus is None else [claim.of, claim.versus]


def _values_of_each(claim: Claim, runs: IndexedRuns, cells: Array) -> list[dict[str, Value]]:
    """Return the values of the axes in ``each``, for each verdict: every value that ``of`` names,
    in the folder or not, and the values of the chosen ``cells`` on the axes that it leaves open."""
    if any(axis not in runs.axes for axis in claim.each):
        return []
    named = [axis for axis in claim.each if axis in claim.of]
    left_open = [axis for axis in claim.each if axis not in claim.of]
    columns = [runs.cells[axis].to_numpy(dtype=object)[cells] for axis in left_open]
    stored = [
        dict(zip(left_open, values, strict=True))
        for values in dict.fromkeys(zip(*columns, strict=True))
    ]
    stated = [
        dict(zip(named, values, strict=True))
        for values in itertools.product(*(claim.of[axis] for axis in named))
    ]
    groups = [open_ | values for open_ in (stored if left_open else [{}]) for values in stated]
    return [{axis: group[axis] for axis in claim.each} for group in groups]


def _why_no_group(claim: Claim, runs: IndexedRuns) -> str:
    for axis in claim.each:
        if axis not in runs.axes:
            return _no_axis(axis)
    return unknown_framework(_frameworks(claim, {})) or _NO_CELL


def _frameworks(claim: Claim, group: Mapping[str, Value]) -> tuple[Value, ...]:
    """Return the frameworks that one group of a claim is about."""
    if "framework" in group:
        return (group["framework"],)
    return tuple(name for selector in _selectors(claim) for name in selector.get("framework", ()))


def _evidence(
    claim: Claim, runs: IndexedRuns, sides: Sequence[Array], duplicates: Sequence[Copies]
) -> Evidence:
    """Return what the runs of the sides say. ``sides``: the cells of each, a boolean for each cell
    of the study."""
    for cells, selector in zip(sides, _selectors(claim), strict=True):
        if absent := _absent_cell(runs.cells, cells, selector, claim):
            return Evidence(absent=absent)
    selected = tuple(runs.positions(cells) for cells in sides)
    if absent := _unsupported(runs, selected):
        return Evidence(absent=absent)
    supported = [rows[runs.status[rows] != "unsupported"] for rows in selected]
    rows = np.union1d(supported[0], supported[-1])
    status = runs.status[rows[~runs.repeated[rows]]]
    diverged, failed, missing = (
        int((status == name).sum()) for name in ("diverged", "failed", "missing")
    )
    columns = [name for name in (claim.metric, claim.prediction) if name is not None]
    for column in columns:
        if column not in runs.frame.columns:
            problem = f"this folder has no column {column}, which all {len(status)} runs lack"
            return Evidence(
                sides=selected,
                problem=problem,
                diverged=diverged,
                failed=failed,
                missing=len(status),
            )
    empty = {column: _empty(runs, rows, column) for column in columns}
    missing += max(map(len, empty.values()))
    numbers = per_seed(claim, [side_of(claim, runs, positions) for positions in supported])
    problem = (
        _incomplete(runs, supported)
        or _not_measured(runs, empty)
        or _unusable(claim, numbers.value, diverged)
    )
    if not problem and claim.kind == "sampled":
        problem = dependent(duplicates, runs, rows) or same_library(runs, rows, claim.metric)
    return Evidence(
        seeds=numbers,
        sides=selected,
        problem=problem,
        diverged=diverged,
        failed=failed,
        missing=missing,
    )


# --- why a claim is not judged -----------------------------------------------------------------


def _no_axis(axis: str) -> str:
    return f"the study has no axis {axis} in this folder"


def _absent_cell(cells: pd.DataFrame, chosen: Array, selector: Selector, claim: Claim) -> str:
    """Return the first cell that a claim names and the folder lacks; empty where it has all."""
    named = [axis for axis in selector if axis not in claim.each]
    absent = [axis for axis in named if axis not in cells.columns]
    if absent:
        return _no_axis(absent[0])
    if not chosen.any():
        return _NO_CELL
    if all(len(selector[axis]) == 1 for axis in named):
        return ""  # the only one that it names is chosen
    stored = set(cells.loc[chosen, named].itertuples(index=False, name=None))
    for values in itertools.product(*(selector[axis] for axis in named)):
        if values not in stored:
            cell = " ".join(f"{axis}={value}" for axis, value in zip(named, values, strict=True))
            return f"this folder has no cell {cell}"
    return ""


def _unsupported(runs: IndexedRuns, sides: Sequence[Array]) -> str:
    """Return the unsupported runs that leave nothing to judge: all runs of a side, or some runs of
    one of two sides; empty where the others can be judged."""
    for rows in sides:
        left_out = rows[runs.status[rows] == "unsupported"]
        if len(left_out) and (len(left_out) == len(rows) or len(sides) > 1):
            return f"unsupported: {_names(runs, left_out)} ({runs.reason(left_out[0])})"
    return ""


# --- why the runs decide nothing ---------------------------------------------------------------


def _incomplete(runs: IndexedRuns, sides: Sequence[Array]) -> str:
    """Return which runs are lost or stored twice; empty where each is stored once."""
    for rows in sides:
        for status in ("failed", "missing"):
            lost = rows[runs.status[rows] == status]
            if len(lost):
                return f"{len(lost)} {status}: {_names(runs, lost)}"
        twice = rows[runs.twice[rows]]
        if len(twice):
            return f"{len(twice)} stored twice: {_names(runs, twice)}"
    return ""


def _empty(runs: IndexedRuns, rows: Array, column: str) -> Array:
    """Return those of the rows that ended and have an empty field in a column."""
    ended = np.isin(runs.status[rows], ("ok", "diverged"))
    return np.asarray(rows[ended & not_measured(runs.column(column)[rows])])


def _not_measured(runs: IndexedRuns, empty: Mapping[str, Array]) -> str:
    """Return which column has empty fields, and in which runs; empty where none has."""
    for column, rows in empty.items():
        if len(rows):
            return f"{column} was not measured in {len(rows)} runs: {_names(runs, rows)}"
    return ""


def _unusable(claim: Claim, numbers: Array, diverged: int) -> str:
    """Return why the numbers of the seeds decide nothing; empty where they may."""
    unknown = int(np.isnan(numbers).sum())
    if unknown and diverged and METRICS[claim.metric].uncountable:
        return f"{diverged} diverged, and {claim.metric} has no worst value to count them with"
    if unknown:
        after = f" ({diverged} runs diverged)" if diverged else ""
        return f"{claim.metric} is NaN for {unknown} of {len(numbers)} seeds{after}"
    return "" if len(numbers) else "no seed has all of the cells"


def _names(runs: IndexedRuns, rows: Array, limit: int = 3) -> str:
    """Return the first few of some runs by the fields that differ from their defaults, and how
    many more there are."""
    fields = runs.frame.loc[rows[:limit], [*runs.axes, "seed"]].to_dict("records")
    names = [nondefault_fields({str(key): value for key, value in row.items()}) for row in fields]
    more = f" and {len(rows) - limit} more" if len(rows) > limit else ""
    return "; ".join(names) + more
