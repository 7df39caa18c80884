"""From what the runs say about a claim to its verdict: the interval, the band, the margin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from suite.claims import Claim
from suite.judging import intervals
from suite.judging.intervals import LEVEL, Interval
from suite.judging.verdicts import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED, Verdict
from suite.types import PROFILES, Array

UNKNOWN = Interval(math.nan, -math.inf, math.inf, 0)


@dataclass(frozen=True)
class Finding:
    """What the rows say about a claim, before it is held against the band."""

    interval: Interval = UNKNOWN
    problem: str = ""
    """Why the interval may decide nothing; empty where it may."""
    diverged: int = 0
    failed: int = 0
    missing: int = 0
    pair_correlation: float = math.nan


def interval_of(claim: Claim, numbers: Array) -> Interval:
    """The interval that a claim asks for, over (n,) numbers of the seeds; unknown with a NaN."""
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


def _hold(claim: Claim, finding: Finding) -> tuple[str, str]:
    """The verdict on the band, and why where there is none."""
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


def _margin(claim: Claim, finding: Finding) -> float:
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


def decide(claim: Claim, group: str, found: Finding | str, profile: str | None) -> Verdict:
    """The verdict on a claim in one group of cells. ``found``: a finding, or why the claim is not
    judged; ``profile``: as in ``suite.judging.judge_claims.judge``."""
    if isinstance(found, str):
        finding, verdict, reason = Finding(), NOT_JUDGED, found
    else:
        finding = found
        verdict, reason = _hold(claim, finding)
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
