"""From the numbers of the seeds and the band of a claim to its verdict, the reason and the margin.

| verdict | when |
| --- | --- |
| supported | the whole interval lies in the closed band |
| refuted | no value of the interval lies in it; of an exact claim or a worst: a seed lies outside |
| undecided | neither, or something forbids a decision: runs are lost, seeds are copies, a NaN |
| not judged | the folder does not have what the claim is about |
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.judging import intervals
from suite.judging.intervals import LEVEL, Interval
from suite.judging.per_seed import PerSeed, bounds_of, counted
from suite.judging.promises import promised
from suite.judging.rules import FIXED, Rule
from suite.judging.verdicts import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED, Ruling, Verdict
from suite.types import Array

_NO_NUMBERS = PerSeed(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True)
class Evidence:
    """What the runs say about a claim in one group of cells."""

    seeds: PerSeed = field(default_factory=lambda: _NO_NUMBERS)
    sides: tuple[Array, ...] = ()
    """The positions of the runs of each side, in the table of its study."""
    absent: str = ""
    """Why the folder says nothing about the claim; empty where it does."""
    problem: str = ""
    """Why the numbers must not decide anything; empty where they may."""
    diverged: int = 0
    failed: int = 0
    missing: int = 0
    """Numbers of runs, both sides together."""

    @property
    def numbers(self) -> Array:
        """(n,) one number for each seed."""
        return self.seeds.value


def verdict_on(
    claim: Claim, group: str, evidence: Evidence, profile: str | None, rule: Rule = FIXED
) -> Verdict:
    """Return the verdict on a claim in one group of cells.

    ``profile``: the profile of the run, which promised to decide the claims of that profile and of
    the smaller ones where they are not fragile; None where the run promised nothing. ``rule``: how
    the numbers of the seeds become an interval.
    """
    interval = interval_of(claim, evidence.numbers, rule)
    ruling, reason = _compare(claim, interval, evidence, rule)
    sampled = claim.kind == "sampled"
    return Verdict(
        claim=claim.id,
        group=group,
        study=claim.study,
        statement=claim.statement,
        metric=claim.metric,
        estimand=claim.estimand,
        centre=claim.centre,
        verdict=ruling,
        expected=claim.expected,
        as_expected=_as_expected(claim, ruling),
        estimate=interval.estimate,
        low=interval.low,
        high=interval.high,
        level=LEVEL if sampled else math.nan,
        band=claim.band,
        n=interval.n,
        diverged=evidence.diverged,
        failed=evidence.failed,
        missing=evidence.missing,
        pair_correlation=evidence.seeds.pair_correlation,
        margin=math.nan
        if claim.centre == "every" or evidence.problem
        else margin(claim.band, interval),
        headline=claim.headline,
        decides=claim.decides,
        promised=promised(claim, group, profile),
        reason=reason,
        because=claim.because,
        source=claim.source,
        text_hash=claim.text_hash,
    )


def interval_of(claim: Claim, numbers: Array, rule: Rule = FIXED) -> Interval:
    """Return the interval that a claim asks for, over (n,) numbers of the seeds, by a rule.

    It is unbounded, and the estimate NaN, without numbers or with a NaN among them. That of a
    ``worst`` reaches from the smallest number to the largest; the estimate is the one nearest to
    an edge of the band, or farthest outside.
    """
    n = len(numbers)
    if not n or np.isnan(numbers).any():
        return Interval(math.nan, -math.inf, math.inf, n)
    if claim.kind == "exact":
        estimate = intervals.median(numbers).estimate
        return Interval(estimate, float(numbers.min()), float(numbers.max()), n)
    if claim.estimand == "worst":
        farthest = numbers[np.argmin(_inside(claim.band, numbers))]
        return Interval(float(farthest), float(numbers.min()), float(numbers.max()), n)
    if claim.estimand == "share":
        return rule.share(int(counted(claim, numbers).sum()), n)
    if claim.bounds is not None:
        return rule.mean(numbers, bounds_of(claim))
    return rule.median(numbers)


def _inside(band: Band, numbers: Array) -> Array:
    """Return (n,) the distance of each number from the nearest edge of a band, negative outside."""
    with np.errstate(invalid="ignore"):  # an infinite number and an edge that does not exist
        from_edges = np.stack([numbers - band.low, band.high - numbers])
    return np.asarray(np.nanmin(from_edges, axis=0))


def _compare(
    claim: Claim, interval: Interval, evidence: Evidence, rule: Rule
) -> tuple[Ruling, str]:
    """Return the verdict of an interval on the band of a claim, and the reason for none."""
    band = claim.band
    if evidence.absent:
        return NOT_JUDGED, evidence.absent
    if evidence.problem:
        return UNDECIDED, evidence.problem
    if claim.rate is not None:
        return _worst(claim, claim.rate, evidence.numbers)
    if band.contains(interval.low) and band.contains(interval.high):
        return SUPPORTED, ""
    if claim.kind == "exact" or interval.high < band.low or interval.low > band.high:
        return REFUTED, ""
    needed = rule.seeds_needed()
    if claim.centre == "median" and interval.n < needed:
        return UNDECIDED, f"{interval.n} seeds; a median needs {needed} at this level"
    if claim.bounds is not None and math.isnan(interval.estimate):
        return UNDECIDED, f"{claim.metric} leaves the declared bounds {list(claim.bounds)}"
    return UNDECIDED, "the interval lies partly inside and partly outside the band"


def _worst(claim: Claim, rate: float, numbers: Array) -> tuple[Ruling, str]:
    """Return the verdict on the worst of (n,) draws, and why.

    One draw outside the band refutes that there is none. That all lie inside says little while
    there are few of them: what is outside in 1.5 % of the draws is in none of 20 with a probability
    of 74 %.
    """
    n, outside = len(numbers), sum(not claim.band.contains(float(number)) for number in numbers)
    if outside:
        return REFUTED, f"{outside} of {n} draws {'lies' if outside == 1 else 'lie'} outside"
    needed = intervals.draws_needed(rate)
    if n >= needed:
        return SUPPORTED, ""
    return UNDECIDED, (
        f"none of {n} draws lies outside; {needed} such draws would exclude that more than"
        f" {rate:.3g} of them do"
    )


def _as_expected(claim: Claim, ruling: Ruling) -> bool | None:
    """Return whether a decided verdict is the expected one; None where nothing is decided or
    nothing was expected."""
    if ruling not in (SUPPORTED, REFUTED) or claim.expected == "open":
        return None
    return ruling == claim.expected


def margin(band: Band, interval: Interval) -> float:
    """Return the standard errors between the estimate and the nearest edge of a band.

    NaN where the estimate is NaN. A verdict is decided once the margin reaches ``intervals.Z``.
    """
    if math.isnan(interval.estimate):
        return math.nan
    return min(margins_of_edges(band, interval))


def margins_of_edges(band: Band, interval: Interval) -> list[float]:
    """Return the standard errors between an estimate and each edge that can leave it undecided: all
    edges of a band that contains it, else the nearer one."""
    estimate = interval.estimate
    if band.contains(estimate):
        edges = band.edges
    else:
        edges = (band.low if estimate < band.low else band.high,)
    return [_standard_errors(interval, edge) for edge in edges]


def _standard_errors(interval: Interval, edge: float) -> float:
    """Return the distance from the estimate to an edge in standard errors.

    The half of the interval towards the edge has ``intervals.Z`` of them.
    """
    limit = interval.high if edge > interval.estimate else interval.low
    half = 0.0 if limit == interval.estimate else abs(limit - interval.estimate)
    if not half:
        return math.inf
    return 0.0 if math.isinf(half) else intervals.Z * abs(edge - interval.estimate) / half
