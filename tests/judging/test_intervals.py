"""The intervals have the coverage that they promise, for laws that break the usual formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from suite.judging import intervals
from suite.types import Array

# At LEVEL a miss is expected once in 20,000. There the intervals themselves are simulated by the
# million, vectorised; their code as it is called runs at levels where some thousands tell.
SIMULATED = (0.8, 0.95)
REPETITIONS = 4000
MANY = 1_000_000
BLOCK = 100_000


def misses_are_no_more_than(level: float, misses: int, repetitions: int) -> bool:
    """Return whether a count is compatible with a miss rate of at most 1 - level.

    One-sided binomial test at 1e-4. With 4,000 repetitions it catches, with a power above 95 %,
    a rate that is 5 points (level 0.8) or 2.5 points (level 0.95) too high.
    """
    return float(stats.binom.sf(misses - 1, repetitions, 1 - level)) > 1e-4


LAWS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Array], float]] = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "cauchy": (lambda rng, size: rng.standard_cauchy(size=size), 0.0),
    "lognormal": (lambda rng, size: np.exp(3 * rng.normal(size=size)), 1.0),
    "ties": (lambda rng, size: rng.integers(0, 3, size=size).astype(float), 1.0),
    "never": (lambda rng, size: np.where(rng.random(size) < 0.4, np.inf, rng.random(size)), 5 / 6),
}


@pytest.mark.parametrize("level", SIMULATED)
@pytest.mark.parametrize("n", [13, 20])
@pytest.mark.parametrize("law", LAWS)
def test_the_median_is_covered(law: str, n: int, level: float) -> None:
    draw, truth = LAWS[law]
    samples = draw(np.random.default_rng(1), (REPETITIONS, n))
    found = [intervals.median(sample, level) for sample in samples]
    misses = sum(not interval.low <= truth <= interval.high for interval in found)
    assert misses_are_no_more_than(level, misses, REPETITIONS)


@pytest.mark.parametrize("level", SIMULATED)
def test_the_simulation_notices_an_interval_that_is_too_narrow(level: float) -> None:
    """The interval of mean and standard error covers too rarely on skewed values."""
    samples = LAWS["lognormal"][0](np.random.default_rng(1), (REPETITIONS, 20))
    truth = math.exp(4.5)
    half = stats.t.isf((1 - level) / 2, 19) * stats.sem(samples, axis=1)
    misses = int((np.abs(samples.mean(axis=1) - truth) > half).sum())
    assert not misses_are_no_more_than(level, misses, REPETITIONS)


@pytest.mark.parametrize("level", SIMULATED)
def test_one_rank_less_is_too_narrow(level: float) -> None:
    samples = np.sort(LAWS["normal"][0](np.random.default_rng(1), (REPETITIONS, 20)), axis=1)
    low, high = intervals.ranks(20, 0.5, level)
    misses = int(((samples[:, low] > 0) | (samples[:, high - 2] < 0)).sum())
    assert not misses_are_no_more_than(level, misses, REPETITIONS)


def misses_of_ranks(law: str, n: int, low: int, high: int) -> int:
    """Return how often two order statistics miss the median, in ``MANY`` samples of n."""
    draw, truth = LAWS[law]
    rng, misses = np.random.default_rng(1), 0
    for _ in range(MANY // BLOCK):
        ordered = np.partition(draw(rng, (BLOCK, n)), (low - 1, high - 1), axis=1)
        misses += int(((ordered[:, low - 1] > truth) | (ordered[:, high - 1] < truth)).sum())
    return misses


@pytest.mark.parametrize("law", LAWS)
def test_the_median_is_covered_at_the_level_of_the_claims(law: str) -> None:
    """At most 50 misses are expected; more than 78 would be too many."""
    n = 20
    low, high = intervals.ranks(n)
    assert misses_are_no_more_than(intervals.LEVEL, misses_of_ranks(law, n, low, high), MANY)
    # These order statistics are the interval that a verdict rests on.
    for sample in LAWS[law][0](np.random.default_rng(2), (50, n)):
        found, ordered = intervals.median(sample), np.sort(sample)
        assert (found.low, found.high) == (ordered[low - 1], ordered[high - 1])


@pytest.mark.parametrize("law", ["normal", "cauchy"])
def test_three_times_the_misses_are_noticed(law: str) -> None:
    """With 18 seeds and one rank less on each side, the median is missed 2.9 times as often as the
    level allows."""
    n = 18
    low, high = intervals.ranks(n)
    rate = 2 * stats.binom.cdf(low, n, 0.5)
    assert rate == pytest.approx(2.9 * (1 - intervals.LEVEL), rel=0.01)
    misses = misses_of_ranks(law, n, low + 1, high - 1)
    assert not misses_are_no_more_than(intervals.LEVEL, misses, MANY)
    # Not by luck: of other draws with that rate fewer than one in a thousand would pass.
    assert stats.binom.cdf(78, MANY, rate) < 1e-3
    assert misses_are_no_more_than(intervals.LEVEL, 78, MANY)
    assert not misses_are_no_more_than(intervals.LEVEL, 79, MANY)


BOUNDED: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Array], float]] = {
    "beta": (lambda rng, size: rng.beta(0.1, 0.5, size=size), 1 / 6),
    "ties": (lambda rng, size: rng.integers(0, 3, size=size) / 2, 0.5),
    "rare": (lambda rng, size: (rng.random(size) < 0.1).astype(float), 0.1),
}
"""Laws on [0, 1] and their expectations."""


@pytest.mark.parametrize("law", BOUNDED)
def test_a_bounded_mean_is_covered_at_the_level_of_the_claims(law: str) -> None:
    """The limits rise with the mean of the sample and depend on nothing else, so the means at which
    they meet the truth show which samples miss it."""
    n, (draw, truth) = 20, BOUNDED[law]

    def limit(m: float, side: str) -> float:
        return float(getattr(intervals.mean(np.full(n, m), (0.0, 1.0)), side)) - truth

    # Where even 20 zeros, or ones, do not exclude the truth, no sample misses it on that side.
    least = brentq(limit, 0.0, 1.0, ("high",)) if limit(0.0, "high") < 0 else 0.0
    most = brentq(limit, 0.0, 1.0, ("low",)) if limit(1.0, "low") > 0 else 1.0
    rng, misses, narrow = np.random.default_rng(1), 0, 0
    for _ in range(MANY // BLOCK):
        values = draw(rng, (BLOCK, n))
        means = values.mean(axis=1)
        misses += int(((means < least) | (means > most)).sum())
        half = intervals.Z * values.std(axis=1, ddof=1) / math.sqrt(n)
        narrow += int((np.abs(means - truth) > half).sum())
    assert misses_are_no_more_than(intervals.LEVEL, misses, MANY)
    # The interval of mean and standard error misses far more of them.
    assert not misses_are_no_more_than(intervals.LEVEL, narrow, MANY)


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("n", [1, 15, 16, 17, 20, 21, 100, 137])
def test_coverage_at_the_level_of_the_claims(n: int, p: float) -> None:
    """Each side misses at most (1 - level)/2 exactly, and one rank further in would miss more."""
    tail = (1 - intervals.LEVEL) / 2
    low, high = intervals.ranks(n, p)
    law = stats.binom(n, p)
    assert law.cdf(low - 1) <= tail
    assert law.sf(high - 1) <= tail
    assert law.cdf(low) > tail
    assert law.sf(high - 2) > tail
    assert intervals.coverage(n, p) == pytest.approx(
        law.cdf(high - 1) - law.cdf(low - 1), abs=1e-12
    )
    assert intervals.coverage(n, p) >= intervals.LEVEL


@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("level", [0.8, 0.95, intervals.LEVEL])
@pytest.mark.parametrize("n", [20, 57])
def test_quantile_agrees_with_scipy(n: int, level: float, p: float) -> None:
    values = np.random.default_rng(n).normal(size=n)
    low, high = np.asarray(stats.quantile_test(values, p=p).confidence_interval(level))
    found = intervals.quantile(values, p, level)
    # SciPy writes NaN where no order statistic is far enough out; here that limit is infinite.
    assert found.low == (-math.inf if math.isnan(low) else low)
    assert found.high == (math.inf if math.isnan(high) else high)


@pytest.mark.parametrize("level", [0.8, 0.95, intervals.LEVEL])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (19, 20), (20, 20)])
def test_share_agrees_with_scipy(k: int, n: int, level: float) -> None:
    expected = stats.binomtest(k, n).proportion_ci(level, method="exact")
    found = intervals.share(k, n, level)
    # Two routines for the same inverse: SciPy's root finder stops at about 1e-12.
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-10)
    assert found.estimate == k / n


@pytest.mark.parametrize("level", [0.8, 0.95, intervals.LEVEL])
@pytest.mark.parametrize("truth", [0.001, 0.1, 0.5, 0.97])
def test_shares_and_bounded_means_are_covered_exactly(truth: float, level: float) -> None:
    """For yes/no values the coverage is a finite sum over the counts; no simulation is needed."""
    n = 20
    weights = stats.binom.pmf(np.arange(n + 1), n, truth)
    counts = range(n + 1)
    for found in (
        [intervals.share(k, n, level) for k in counts],
        [intervals.mean(np.arange(n) < k, (0.0, 1.0), level) for k in counts],
    ):
        covers = np.array([one.low <= truth <= one.high for one in found])
        assert weights[covers].sum() >= level


@pytest.mark.parametrize("level", SIMULATED)
def test_a_bounded_mean_is_covered_for_other_laws(level: float) -> None:
    rng = np.random.default_rng(1)
    samples = 2 * rng.beta(0.1, 0.5, size=(REPETITIONS, 13)) - 1
    truth = 2 * (0.1 / 0.6) - 1
    found = [intervals.mean(sample, (-1.0, 1.0), level) for sample in samples]
    misses = sum(not interval.low <= truth <= interval.high for interval in found)
    assert misses_are_no_more_than(level, misses, REPETITIONS)


@pytest.mark.parametrize("value", [0.0, 0.3, 0.5, 0.99, 1.0])
def test_a_bounded_mean_is_tighter_than_the_simple_form(value: float) -> None:
    n, tail = 20, (1 - intervals.LEVEL) / 2
    found = intervals.mean(np.full(n, value), (0.0, 1.0))
    half = math.sqrt(math.log(1 / tail) / (2 * n))
    assert found.low >= max(value - half, 0.0)
    assert found.high <= min(value + half, 1.0)
    for limit in (found.low, found.high):
        # Nearer to 0 and 1 the tail changes by orders of magnitude within the solver's 1e-12.
        if 1e-6 < limit < 1 - 1e-6:
            # The limit solves exp(-n KL) = tail, here by SciPy's entropy of two laws.
            kl = float(stats.entropy(np.array([value, 1 - value]), np.array([limit, 1 - limit])))
            assert math.exp(-n * kl) == pytest.approx(tail, rel=1e-6)


def test_sixteen_seeds_are_the_least_that_decide_a_median() -> None:
    assert intervals.seeds_needed() == 16
    values = np.arange(16.0)
    assert intervals.median(values) == intervals.Interval(7.5, 0.0, 15.0, 16)
    assert intervals.median(values[:15]) == intervals.Interval(7.0, -math.inf, math.inf, 15)


def test_one_value_has_an_unknown_spread() -> None:
    assert intervals.median(np.array([3.0])) == intervals.Interval(3.0, -math.inf, math.inf, 1)


def test_ties_and_infinite_values_are_data() -> None:
    assert intervals.median(np.full(16, 7.0)) == intervals.Interval(7.0, 7.0, 7.0, 16)
    never = np.full(20, np.inf)
    assert intervals.median(never) == intervals.Interval(math.inf, math.inf, math.inf, 20)
    half = np.repeat([4.0, np.inf], 10)
    assert intervals.median(half) == intervals.Interval(math.inf, 4.0, math.inf, 20)


def test_what_is_not_a_number_is_unknown() -> None:
    values = np.arange(20.0)
    values[3] = np.nan
    for found in (
        intervals.median(values),
        intervals.mean(values, (0.0, 20.0)),
        intervals.mean(np.arange(20.0), (0.0, 5.0)),
        intervals.median(np.array([])),
        intervals.mean(np.array([]), (0.0, 1.0)),
    ):
        assert math.isnan(found.estimate)
        assert (found.low, found.high) == (-math.inf, math.inf)
    assert (intervals.share(0, 0).low, intervals.share(0, 0).high) == (0.0, 1.0)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="3 successes among 2"):
        intervals.share(3, 2)
    with pytest.raises(ValueError, match="ascending"):
        intervals.mean(np.zeros(3), (1.0, 0.0))
    with pytest.raises(ValueError, match="finite"):
        intervals.mean(np.zeros(3), (0.0, math.inf))


@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_the_estimate_is_the_quantile(p: float) -> None:
    values = np.random.default_rng(0).permutation(21.0 + np.arange(20.0))
    expected = np.quantile(values, p, method="averaged_inverted_cdf")
    assert intervals.quantile(values, p).estimate == expected
