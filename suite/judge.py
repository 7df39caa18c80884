"""From runs to verdicts: decides which rows a claim speaks of, and when it is decided.

Each claim is judged on the rows of its study alone, in this order:

1. select the cells of ``of`` and ``versus`` and split them by ``each``. Unsupported cells are
   left out; where none is left, where only one of two sides would lose some, or where a cell that
   the claim names is not in the folder, the claim is not judged;
2. a diverged run counts with the metric's worst value, or as measured where divergence does not
   touch the metric;
3. reduce each seed to one number and pair the sides by seed (``samples``);
4. put an interval over the seeds (``intervals``) and hold it against the closed band.

A failed or missing run, a missing column or a NaN makes the claim undecided, whatever the other
runs say; the interval of the complete seeds is shown nevertheless. Nothing here knows how the
rows were measured.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from suite import intervals
from suite.claims import Claim, Selector
from suite.grids import AXES
from suite.intervals import LEVEL, Interval
from suite.metrics import METRICS
from suite.samples import samples
from suite.types import PROFILES, Array, Value
from suite.verdicts import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED, Verdict

_UNKNOWN = Interval(math.nan, -math.inf, math.inf, 0)
_NO_CELL = "this folder has no such cell"


def _no_axis(axis: str) -> str:
    return f"the study has no axis {axis} in this folder"


@dataclass(frozen=True)
class _Finding:
    """What the rows say about a claim, before it is held against the band."""

    interval: Interval = _UNKNOWN
    problem: str = ""
    """Why the interval may decide nothing; empty where it may."""
    diverged: int = 0
    failed: int = 0
    missing: int = 0
    pair_correlation: float = math.nan


def judge(
    claims: Sequence[Claim], frames: Mapping[str, pd.DataFrame], profile: str | None
) -> list[Verdict]:
    """The verdicts on claims, in their order; several for a claim with ``each``.

    ``frames``: study -> its runs: the axes, then seed, status, reason and the metrics. The status
    ``missing`` stands for a run that was expected and is not there. ``profile`` says which claims
    were promised to be decided; None: none was, as in a run whose seeds or axes a user chose.
    """
    return [verdict for claim in claims for verdict in _judge(claim, frames, profile)]


def _judge(
    claim: Claim, frames: Mapping[str, pd.DataFrame], profile: str | None
) -> Iterator[Verdict]:
    if claim.study not in frames:
        yield _verdict(claim, "", f"study {claim.study} was not run", profile)
        return
    frame = frames[claim.study].reset_index(drop=True)
    axes = [str(name) for name in frame.columns[: list(frame.columns).index("seed")]]
    selectors = [claim.of] if claim.versus is None else [claim.of, claim.versus]
    selected = [_select(frame, axes, claim, selector) for selector in selectors]
    absent = [axis for axis in claim.each if axis not in axes]
    groups = [] if absent else _groups(claim, selected[0])
    if not groups:
        reason = _no_axis(absent[0]) if absent else _NO_CELL
        yield _verdict(claim, "", reason, profile)
    for group in groups:
        sides = selected
        for axis, value in group.items():
            sides = [rows[rows[axis] == value] for rows in sides]
        name = " ".join(f"{axis}={value}" for axis, value in group.items())
        yield _verdict(claim, name, _find(claim, axes, sides), profile)


def _groups(claim: Claim, rows: pd.DataFrame) -> list[dict[str, Value]]:
    """Axis of ``each`` -> value, for each verdict: every value that ``of`` names, in the folder
    or not; the values in the folder on the axes that ``of`` leaves open."""
    named = [axis for axis in claim.each if axis in claim.of]
    left = [axis for axis in claim.each if axis not in claim.of]
    found = rows[left].drop_duplicates().to_dict("records") if left else [{}]
    stated = [
        dict(zip(named, values, strict=True))
        for values in itertools.product(*(claim.of[axis] for axis in named))
    ]
    both = [there | values for there in found for values in stated]
    return [{axis: group[axis] for axis in claim.each} for group in both]


def _select(frame: pd.DataFrame, axes: list[str], claim: Claim, selector: Selector) -> pd.DataFrame:
    """The rows of the selected cells. An axis that the selector leaves out has its default."""
    mask = np.ones(len(frame), dtype=bool)
    for axis in axes:
        if axis in selector:
            mask &= frame[axis].isin(selector[axis]).to_numpy()
        elif axis not in claim.each:
            mask &= (frame[axis] == AXES[axis].default).to_numpy()
    return frame[mask]


def _find(claim: Claim, axes: list[str], sides: list[pd.DataFrame]) -> _Finding | str:
    """What the rows of the sides say, or why the claim is not judged."""
    for rows, selector in zip(sides, (claim.of, claim.versus or {}), strict=False):
        if lacking := _lacking(rows, selector, claim):
            return lacking
    kept = [rows[rows["status"] != "unsupported"] for rows in sides]
    for rows, side in zip(kept, sides, strict=True):
        if len(rows) < len(side) and (rows.empty or len(sides) > 1):
            left_out = side[side["status"] == "unsupported"]
            return f"unsupported: {_named(left_out, axes)} ({left_out['reason'].iloc[0]})"
    runs = pd.concat(kept).drop_duplicates([*axes, "seed", "status"])
    diverged, failed, missing = (
        int((runs["status"] == status).sum()) for status in ("diverged", "failed", "missing")
    )
    for name in (claim.metric, claim.prediction):
        if name is not None and name not in runs.columns:
            problem = f"there is no column {name}: all {len(runs)} runs lack it"
            return _Finding(_UNKNOWN, problem, diverged, failed, missing=len(runs))
    numbers, correlation = samples(claim, axes, kept)
    problem = _incomplete(kept, axes) or _unusable(claim, numbers, diverged)
    return _Finding(_interval(claim, numbers), problem, diverged, failed, missing, correlation)


def _lacking(rows: pd.DataFrame, selector: Selector, claim: Claim) -> str:
    """The first cell that a claim names and the folder does not have; empty if it has all."""
    named = [axis for axis in selector if axis not in claim.each]
    absent = [axis for axis in named if axis not in rows.columns]
    if absent:
        return _no_axis(absent[0])
    if rows.empty or not named:
        return _NO_CELL if rows.empty else ""
    there = set(rows[named].itertuples(index=False, name=None))
    for values in pd.MultiIndex.from_product([selector[axis] for axis in named]):
        if values not in there:
            cell = " ".join(f"{axis}={value}" for axis, value in zip(named, values, strict=True))
            return f"this folder has no cell {cell}"
    return ""


def _incomplete(sides: list[pd.DataFrame], axes: list[str]) -> str:
    """Which runs are not there or there twice; empty when each is there once."""
    for rows in sides:
        for status in ("failed", "missing"):
            bad = rows[rows["status"] == status]
            if len(bad):
                return f"{len(bad)} {status}: {_named(bad, axes)}"
        twice = rows[rows.duplicated([*axes, "seed"])]
        if len(twice):
            return f"{len(twice)} there twice: {_named(twice, axes)}"
    return ""


def _named(rows: pd.DataFrame, axes: list[str], limit: int = 3) -> str:
    """The first few runs by the fields that are no defaults, and how many more there are."""
    names = []
    for row in rows[[*axes, "seed"]].head(limit).to_dict("records"):
        fields = [f"{axis}={row[axis]}" for axis in axes if row[axis] != AXES[axis].default]
        names.append(" ".join([*fields, f"seed={row['seed']}"]))
    more = f" and {len(rows) - limit} more" if len(rows) > limit else ""
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


def _interval(claim: Claim, numbers: Array) -> Interval:
    n = len(numbers)
    if not n or np.isnan(numbers).any():
        return Interval(math.nan, -math.inf, math.inf, n)
    if claim.kind == "exact":
        estimate = intervals.median(numbers).estimate
        return Interval(estimate, float(numbers.min()), float(numbers.max()), n)
    if claim.estimand == "share":
        inside = np.ones(n, dtype=bool)
        if claim.above is not None:
            inside &= numbers > claim.above
        if claim.below is not None:
            inside &= numbers < claim.below
        return intervals.share(int(inside.sum()), n)
    if claim.bounds is not None:
        low, high = claim.bounds
        if claim.estimand == "difference":
            low, high = low - high, high - low
        return intervals.mean(numbers, (low, high))
    return intervals.median(numbers)


def _decide(claim: Claim, finding: _Finding) -> tuple[str, str]:
    """The verdict, and why where there is none."""
    found = finding.interval
    if finding.problem:
        return UNDECIDED, finding.problem
    if claim.low <= found.low and found.high <= claim.high:
        return SUPPORTED, ""
    if claim.kind == "exact" or found.high < claim.low or found.low > claim.high:
        return REFUTED, ""
    least = intervals.seeds_needed()
    if claim.centre == "median" and found.n < least:
        return UNDECIDED, f"{found.n} seeds; a median needs {least} at this level"
    if claim.bounds is not None and math.isnan(found.estimate):
        return UNDECIDED, f"{claim.metric} leaves the declared bounds {list(claim.bounds)}"
    return UNDECIDED, "the interval is neither inside the band nor apart from it"


def _margin(claim: Claim, finding: _Finding) -> float:
    """Standard errors from the estimate to the band's nearest edge; NaN where that has no sense."""
    found = finding.interval
    if finding.problem or math.isnan(found.estimate) or claim.kind == "exact":
        return math.nan
    if claim.low <= found.estimate <= claim.high:
        edges = [edge for edge in (claim.low, claim.high) if math.isfinite(edge)]
    else:
        edges = [claim.low if found.estimate < claim.low else claim.high]
    return min(_errors(found, edge) for edge in edges)


def _errors(found: Interval, edge: float) -> float:
    """From the estimate to an edge, in the standard errors that this half of the interval means."""
    limit = found.high if edge > found.estimate else found.low
    half = 0.0 if limit == found.estimate else abs(limit - found.estimate)
    if not half:
        return math.inf
    return 0.0 if math.isinf(half) else intervals.Z * abs(edge - found.estimate) / half


def _verdict(claim: Claim, group: str, found: _Finding | str, profile: str | None) -> Verdict:
    """``found``: a finding, or why the claim is not judged."""
    if isinstance(found, str):
        finding, verdict, reason = _Finding(), NOT_JUDGED, found
    else:
        finding = found
        verdict, reason = _decide(claim, finding)
    decided = verdict in (SUPPORTED, REFUTED)
    interval = finding.interval
    return Verdict(
        claim=claim.id,
        group=group,
        study=claim.study,
        statement=claim.statement,
        metric=claim.metric,
        estimand=claim.estimand,
        centre=claim.centre,
        verdict=verdict,
        expected=claim.expected,
        as_expected=verdict == claim.expected if decided and claim.expected != "open" else None,
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        level=math.nan if claim.kind == "exact" else LEVEL,
        band_low=claim.low,
        band_high=claim.high,
        n=interval.n,
        diverged=finding.diverged,
        failed=finding.failed,
        missing=finding.missing,
        pair_correlation=finding.pair_correlation,
        margin=_margin(claim, finding),
        headline=claim.headline,
        decides=claim.decides,
        promised=profile is not None
        and claim.expected != "open"
        and PROFILES.index(claim.decides) <= PROFILES.index(profile),
        reason=reason,
        because=claim.because,
        source=claim.source,
        text_hash=claim.text_hash,
    )
