"""From runs to verdicts: decides which rows a claim speaks of, and when it is decided.

Each claim is judged on the rows of its study alone, in this order:

1. select the cells of ``of`` and ``versus`` and split them by ``each``. Unsupported cells are
   left out; where none is left, where only one of two sides would lose some, or where a cell that
   the claim names is not in the folder, the claim is not judged;
2. a diverged run counts with the metric's worst value, or as measured where divergence does not
   touch the metric;
3. reduce each seed to one number and pair the sides by seed (``samples``);
4. put an interval over the seeds (``intervals``) and hold it against the closed band
   (``deciding``).

A failed or missing run, a missing column or a NaN makes the claim undecided, whatever the other
runs say, and so do seeds that are copies of one another (``copies``) where it speaks of a sample;
the interval of the complete seeds is shown nevertheless. Nothing here knows how the rows were
measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from suite.claims import Claim, Selector
from suite.judging.band_to_verdict import UNKNOWN, Finding, decide, interval_of
from suite.judging.duplicate_seeds import Copies, copies, dependent
from suite.judging.indexed_runs import Runs
from suite.judging.per_seed import samples
from suite.judging.verdicts import Verdict
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.types import Array, Value

_NO_CELL = "this folder has no such cell"


def _no_axis(axis: str) -> str:
    return f"the study has no axis {axis} in this folder"


def judge(
    claims: Sequence[Claim], frames: Mapping[str, pd.DataFrame], profile: str | None
) -> list[Verdict]:
    """The verdicts on claims, in their order; several for a claim with ``each``.

    ``frames``: study -> its runs: the axes, then seed, status, reason and the metrics. The status
    ``missing`` stands for a run that was expected and is not there. ``profile`` says which claims
    were promised to be decided; None: none was, as in a run whose seeds or axes a user chose.
    """
    spoken_of = {claim.study for claim in claims} & set(frames)
    runs = {study: Runs(frames[study]) for study in spoken_of}
    copied = {study: copies(held) for study, held in runs.items()}
    return [verdict for claim in claims for verdict in _judge(claim, runs, copied, profile)]


def _judge(
    claim: Claim,
    studies: Mapping[str, Runs],
    copied: Mapping[str, Sequence[Copies]],
    profile: str | None,
) -> Iterator[Verdict]:
    if claim.study not in studies:
        yield decide(claim, "", f"study {claim.study} was not run", profile)
        return
    runs = studies[claim.study]
    selectors = [claim.of] if claim.versus is None else [claim.of, claim.versus]
    selected = [runs.select(selector, claim.each) for selector in selectors]
    absent = [axis for axis in claim.each if axis not in runs.axes]
    groups = [] if absent else _groups(claim, runs.cells[selected[0]])
    if not groups:
        reason = _no_axis(absent[0]) if absent else _NO_CELL
        yield decide(claim, "", reason, profile)
    for group in groups:
        sides = selected
        for axis, value in group.items():
            sides = [cells & runs.having(axis, value) for cells in sides]
        name = " ".join(f"{axis}={value}" for axis, value in group.items())
        found = _find(claim, runs, sides, copied[claim.study])
        yield decide(claim, name, found, profile)


def _groups(claim: Claim, cells: pd.DataFrame) -> list[dict[str, Value]]:
    """Axis of ``each`` -> value, for each verdict: every value that ``of`` names, in the folder
    or not; the values in the folder on the axes that ``of`` leaves open."""
    named = [axis for axis in claim.each if axis in claim.of]
    left = [axis for axis in claim.each if axis not in claim.of]
    found = cells[left].drop_duplicates().to_dict("records") if left else [{}]
    stated = [
        dict(zip(named, values, strict=True))
        for values in itertools.product(*(claim.of[axis] for axis in named))
    ]
    both = [there | values for there in found for values in stated]
    return [{axis: group[axis] for axis in claim.each} for group in both]


def _find(
    claim: Claim, runs: Runs, sides: Sequence[Array], copied: Sequence[Copies]
) -> Finding | str:
    """What the runs of the sides say, or why the claim is not judged. ``sides``: the cells of
    each, a truth for each cell of the study."""
    for cells, selector in zip(sides, (claim.of, claim.versus or {}), strict=False):
        if lacking := _lacking(runs.cells, cells, selector, claim):
            return lacking
    held = [runs.of(cells) for cells in sides]
    kept = [at[runs.status[at] != "unsupported"] for at in held]
    for at, side in zip(kept, held, strict=True):
        if len(at) < len(side) and (not len(at) or len(sides) > 1):
            left_out = side[runs.status[side] == "unsupported"]
            return f"unsupported: {_named(runs, left_out)} ({runs.reason(left_out[0])})"
    both = np.union1d(kept[0], kept[-1])
    status = runs.status[both[~runs.repeated[both]]]
    diverged, failed, missing = (
        int((status == name).sum()) for name in ("diverged", "failed", "missing")
    )
    for name in (claim.metric, claim.prediction):
        if name is not None and name not in runs.frame.columns:
            problem = f"there is no column {name}: all {len(status)} runs lack it"
            return Finding(UNKNOWN, problem, diverged, failed, missing=len(status))
    numbers, correlation = samples(claim, [runs.side(claim, at) for at in kept])
    problem = (
        _incomplete(runs, kept)
        or _unusable(claim, numbers, diverged)
        or ("" if claim.kind == "exact" else dependent(copied, runs, both))
    )
    return Finding(interval_of(claim, numbers), problem, diverged, failed, missing, correlation)


def _lacking(cells: pd.DataFrame, chosen: Array, selector: Selector, claim: Claim) -> str:
    """The first cell that a claim names and the folder does not have; empty if it has all."""
    named = [axis for axis in selector if axis not in claim.each]
    absent = [axis for axis in named if axis not in cells.columns]
    if absent:
        return _no_axis(absent[0])
    if not chosen.any():
        return _NO_CELL
    if all(len(selector[axis]) == 1 for axis in named):
        return ""  # the one that it names has been found
    there = set(cells.loc[chosen, named].itertuples(index=False, name=None))
    for values in itertools.product(*(selector[axis] for axis in named)):
        if values not in there:
            cell = " ".join(f"{axis}={value}" for axis, value in zip(named, values, strict=True))
            return f"this folder has no cell {cell}"
    return ""


def _incomplete(runs: Runs, sides: Sequence[Array]) -> str:
    """Which runs are not there or there twice; empty when each is there once."""
    for at in sides:
        for status in ("failed", "missing"):
            bad = at[runs.status[at] == status]
            if len(bad):
                return f"{len(bad)} {status}: {_named(runs, bad)}"
        twice = at[runs.twice[at]]
        if len(twice):
            return f"{len(twice)} there twice: {_named(runs, twice)}"
    return ""


def _named(runs: Runs, at: Array, limit: int = 3) -> str:
    """The first few of some runs by the fields that are no defaults, and how many more there
    are."""
    names = []
    for row in runs.frame.loc[at[:limit], [*runs.axes, "seed"]].to_dict("records"):
        fields = [f"{axis}={row[axis]}" for axis in runs.axes if row[axis] != AXES[axis].default]
        names.append(" ".join([*fields, f"seed={row['seed']}"]))
    more = f" and {len(at) - limit} more" if len(at) > limit else ""
    return "; ".join(names) + more


def _unusable(claim: Claim, numbers: Array, diverged: int) -> str:
    """Why the numbers of the seeds decide nothing; empty when they may."""
    unknown = int(np.isnan(numbers).sum())
    if unknown and diverged and METRICS[claim.metric].uncountable:
        return f"{diverged} diverged, and {claim.metric} has no worst value to count them with"
    if unknown:
        after = f" ({diverged} runs diverged)" if diverged else ""
        return f"{claim.metric} gives NaN for {unknown} of {len(numbers)} seeds{after}"
    return "" if len(numbers) else "no seed has all the cells"
