"""The intervals for every look hold against an adversary who stops at the worst moment; those for a
fixed number of seeds do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from suite.judging import intervals, time_uniform
from suite.judging.intervals import LEVEL, Interval
from suite.judging.time_uniform import STAKES, fewest_successes, log_money, log_money_of_counts
from suite.types import Array

SEEDS = 400
"""The adversary looks after every seed up to this one."""
REPETITIONS = 1000
VISIBLE = 0.9
"""A level at which some thousand repetitions tell."""


def too_many(misses: int, level: float, repetitions: int = REPETITIONS) -> bool:
    """Return whether a count contradicts a miss rate of at most 1 - level, by a binomial test at
    1e-4."""
    return float(stats.binom.sf(misses - 1, repetitions, 1 - level)) < 1e-4


# --- the money --------------------------------------------------------------------------------


def integral(successes: int, n: int, m: Fraction) -> Fraction:
    """Return the integral of p^k (1-p)^(n-k) over p from m to 1, divided by (1-m) m^k (1-m)^(n-k),
    in exact arithmetic: the slow twin of ``log_money_of_counts``."""
    failures = n - successes
    total = Fraction(0)
    for i in range(failures + 1):  # (1-p)^(n-k) as a polynomial in p
        power = successes + i + 1
        total += math.comb(failures, i) * (-1) ** i * (1 - m**power) / power
    return total / ((1 - m) * m**successes * (1 - m) ** failures)


@pytest.mark.parametrize("m", [Fraction(1, 20), Fraction(1, 2), Fraction(9, 10)])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 20), (7, 20), (20, 20), (101, 137)])
def test_the_money_of_counts_is_the_beta_binomial_mixture(k: int, n: int, m: Fraction) -> None:
    found = log_money_of_counts(k, n, float(m))
    assert found == pytest.approx(math.log(integral(k, n, m)), abs=1e-9)


def test_the_money_is_that_of_a_player_with_many_purses() -> None:
    values, m = np.random.default_rng(0).random(30), 0.4
    parts = np.polynomial.legendre.leggauss(256)[1] / 2
    total = 0.0
    for stake, part in zip(STAKES, parts, strict=True):
        purse = part
        for value in values:
            purse = purse * (1 - stake) + purse * stake * value / m
        total += purse
    assert log_money(values, m) == pytest.approx(math.log(total), abs=1e-12)


@pytest.mark.parametrize("m", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("n", [1, 20, 2000])
def test_the_game_is_fair(n: int, m: float) -> None:
    """Where the statement holds with equality, the money is 1 on average."""
    counts = np.arange(n + 1)
    money = [log_money_of_counts(int(k), n, m) for k in counts]
    logs = stats.binom.logpmf(counts, n, m) + money
    assert math.fsum(np.exp(logs)) == pytest.approx(1.0, abs=1e-9)


def test_yes_and_no_are_bounded_values() -> None:
    values = np.arange(20) < 13
    assert log_money(values, 0.4) == pytest.approx(log_money_of_counts(13, 20, 0.4), abs=1e-12)


# --- the adversary, exactly --------------------------------------------------------------------


def ever_missed(p: float, excluded: Callable[[int, Array], Array], seeds: int) -> float:
    """Return the exact probability that one of the intervals after 1, 2, ... seeds misses the
    probability p of a success. ``excluded``: n and (n + 1,) counts -> which of them miss it."""
    alive, missed = np.ones(1), 0.0
    for n in range(1, seeds + 1):
        alive = np.append(alive * (1 - p), 0.0) + np.append(0.0, alive * p)
        out = excluded(n, np.arange(n + 1))
        missed += float(alive[out].sum())
        alive[out] = 0.0
    return missed


def by_ranks(
    rule: Callable[[int, float, float], tuple[int, int]], level: float
) -> Callable[[int, Array], Array]:
    """Return which counts of seeds below the median put it outside two order statistics."""

    def excluded(n: int, below: Array) -> Array:
        low, high = rule(n, 0.5, level)
        return (below < low) | (below >= high)

    return excluded


@pytest.mark.parametrize("level", [0.8, 0.95, LEVEL])
def test_a_median_is_never_missed_more_often_than_the_level_allows(level: float) -> None:
    """Exactly, over 400 looks. Intervals for a fixed number of seeds miss it far more often, so the
    test can fail."""
    allowed = 1 - level
    found = ever_missed(0.5, by_ranks(time_uniform.ranks, level), SEEDS)
    naive = ever_missed(0.5, by_ranks(intervals.ranks, level), SEEDS)
    assert 0.05 * allowed < found <= allowed
    assert naive > 2.5 * allowed


@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
def test_a_share_is_never_missed_more_often_than_the_level_allows(p: float) -> None:
    level = 0.95

    def watched(n: int, counts: Array) -> Array:
        return (counts >= fewest_successes(n, p, level)) | (
            n - counts >= fewest_successes(n, 1 - p, level)
        )

    def naive(n: int, counts: Array) -> Array:
        tail = (1 - level) / 2
        law = stats.binom(n, p)
        return (law.sf(counts - 1) < tail) | (law.cdf(counts) < tail)

    assert ever_missed(p, watched, SEEDS) <= 1 - level
    assert ever_missed(p, naive, SEEDS) > 1.5 * (1 - level)
    # These counts are what puts p outside the interval that a verdict rests on.
    for n in (1, 20, 57):
        limits = [time_uniform.share(k, n, level) for k in range(n + 1)]
        outside = [not found.low <= p <= found.high for found in limits]
        assert outside == watched(n, np.arange(n + 1)).tolist()


# --- the adversary, simulated ------------------------------------------------------------------

LAWS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Array], float]] = {
    "cauchy": (lambda rng, size: rng.standard_cauchy(size=size), 0.0),
    "lognormal": (lambda rng, size: np.exp(3 * rng.normal(size=size)), 1.0),
    "ties": (lambda rng, size: rng.integers(0, 3, size=size).astype(float), 1.0),
    "never": (lambda rng, size: np.where(rng.random(size) < 0.4, np.inf, rng.random(size)), 5 / 6),
    "half of them never": (lambda rng, size: np.where(rng.random(size) < 0.5, np.inf, 1.0), 1.0),
}
"""Laws and a median of each: heavy tails, ties, infinities."""


@pytest.mark.parametrize("law", LAWS)
def test_the_worst_moment_is_no_worse_than_the_level(law: str) -> None:
    draw, truth = LAWS[law]
    samples = draw(np.random.default_rng(1), (REPETITIONS, SEEDS))
    above, below = (np.cumsum(side, axis=1) for side in (samples > truth, samples < truth))
    looks = range(1, SEEDS + 1)
    needed = np.array([fewest_successes(n, 0.5, VISIBLE) for n in looks])
    missed = ((above >= needed) | (below >= needed)).any(axis=1)
    assert not too_many(int(missed.sum()), VISIBLE)
    # These counts are what puts the truth outside the interval that a verdict rests on.
    lengths = np.random.default_rng(2).integers(1, SEEDS, 100)
    for sample, n in zip(samples[:100], lengths, strict=True):
        found = time_uniform.median(sample[:n], VISIBLE)
        outside = not found.low <= truth <= found.high
        counts = max((sample[:n] > truth).sum(), (sample[:n] < truth).sum())
        assert outside == (counts >= needed[n - 1])


@pytest.mark.parametrize("law", ["cauchy", "lognormal", "never", "half of them never"])
def test_the_watch_notices_intervals_for_a_fixed_number_of_seeds(law: str) -> None:
    draw, truth = LAWS[law]
    samples = draw(np.random.default_rng(1), (REPETITIONS, SEEDS))
    above, below = (np.cumsum(side, axis=1) for side in (samples > truth, samples < truth))
    lower = np.array([intervals.ranks(n, 0.5, VISIBLE)[0] for n in range(1, SEEDS + 1)])
    needed = np.arange(1, SEEDS + 1) + 1 - lower
    missed = ((above >= needed) | (below >= needed)).any(axis=1)
    assert too_many(int(missed.sum()), VISIBLE)


BOUNDED: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Array], float]] = {
    "beta": (lambda rng, size: rng.beta(0.1, 0.5, size=size), 1 / 6),
    "ties": (lambda rng, size: rng.integers(0, 3, size=size) / 2, 0.5),
    "rare": (lambda rng, size: (rng.random(size) < 0.02).astype(float), 0.02),
    "constant": (lambda rng, size: np.full(size, 0.3), 0.3),
}
"""Laws on [0, 1] and their expectations."""


def ever_won(samples: Array, truth: float) -> Array:
    """Return the logarithm of the most money that a bet against the truth ever has, one side."""
    parts = np.polynomial.legendre.leggauss(256)[1] / 2
    purses = np.log(parts) * np.ones((len(samples), 1))
    most = np.full(len(samples), -np.inf)
    for column in samples.T:
        purses += np.log1p(STAKES * (column[:, None] / truth - 1))
        most = np.maximum(most, np.logaddexp.reduce(purses, axis=1))
    return most


@pytest.mark.parametrize("law", BOUNDED)
def test_the_worst_moment_for_a_bounded_mean(law: str) -> None:
    draw, truth = BOUNDED[law]
    samples = draw(np.random.default_rng(1), (400, 60))
    wanted = math.log(2 / (1 - VISIBLE))
    sides = ever_won(samples, truth), ever_won(1 - samples, 1 - truth)
    missed = (sides[0] >= wanted) | (sides[1] >= wanted)
    assert not too_many(int(missed.sum()), VISIBLE, 400)
    # The interval leaves out what has been won against, and no more.
    for sample in samples[:30]:
        found = time_uniform.mean(sample, (0.0, 1.0), VISIBLE)
        against = log_money(sample, truth) >= wanted, log_money(1 - sample, 1 - truth) >= wanted
        assert (found.low > truth, found.high < truth) == against


@pytest.mark.parametrize("law", ["beta", "ties", "rare"])
def test_the_watch_notices_the_usual_interval_of_a_mean(law: str) -> None:
    draw, truth = BOUNDED[law]
    samples = draw(np.random.default_rng(1), (400, 60))
    n = np.arange(20, 61)
    means = np.cumsum(samples, axis=1)[:, n - 1] / n
    squares = np.cumsum(samples**2, axis=1)[:, n - 1] / n
    half = stats.t.isf((1 - VISIBLE) / 2, n - 1) * np.sqrt((squares - means**2) / (n - 1))
    missed = (np.abs(means - truth) > half).any(axis=1)
    assert too_many(int(missed.sum()), VISIBLE, 400)


# --- the intervals ----------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("n", [1, 19, 20, 57])
def test_the_interval_is_what_has_not_been_won_against(n: int, p: float) -> None:
    """The slow twin of the ranks: bet against every value between two neighbours."""
    values = np.random.default_rng(n).normal(size=n)
    level, wanted = 0.95, math.log(2 / 0.05)
    found = time_uniform.quantile(values, p, level)
    ordered = np.sort(values)
    for m in [ordered[0] - 1, *(ordered[1:] + ordered[:-1]) / 2, ordered[-1] + 1]:
        low = log_money_of_counts(int((values > m).sum()), n, 1 - p) >= wanted
        high = log_money_of_counts(int((values < m).sum()), n, p) >= wanted
        assert (m < found.low, m > found.high) == (low, high)


def test_nineteen_seeds_are_the_least_that_decide_a_median() -> None:
    assert time_uniform.seeds_needed() == 19
    values = np.arange(19.0)
    assert time_uniform.median(values) == Interval(9.0, 0.0, 18.0, 19)
    assert time_uniform.median(values[:18]) == Interval(8.5, -math.inf, math.inf, 18)


@pytest.mark.parametrize(
    ("n", "limits"), [(20, (1, 20)), (40, (6, 35)), (100, (26, 75)), (1000, (420, 581))]
)
def test_the_price_of_watching(n: int, limits: tuple[int, int]) -> None:
    """One rank further out at 20 seeds, sixteen at a thousand."""
    assert time_uniform.ranks(n) == limits
    low, high = intervals.ranks(n)
    assert limits[0] < low <= high < limits[1]


def test_infinite_values_are_data_and_what_is_not_a_number_is_unknown() -> None:
    never = np.full(20, np.inf)
    assert time_uniform.median(never) == Interval(math.inf, math.inf, math.inf, 20)
    values = np.arange(20.0)
    values[3] = np.nan
    for found in (
        time_uniform.median(values),
        time_uniform.median(np.array([])),
        time_uniform.mean(values, (0.0, 20.0)),
        time_uniform.mean(np.arange(20.0), (0.0, 5.0)),
        time_uniform.mean(np.array([]), (0.0, 1.0)),
    ):
        assert math.isnan(found.estimate)
        assert (found.low, found.high) == (-math.inf, math.inf)
    nothing = time_uniform.share(0, 0)
    assert (nothing.low, nothing.high) == (0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_equal_values_leave_little_doubt_about_their_mean(value: float) -> None:
    found = time_uniform.mean(2 * np.full(200, value) - 1, (-1.0, 1.0))
    assert found.estimate == pytest.approx(2 * value - 1)
    assert found.low <= found.estimate <= found.high
    assert found.high - found.low < 0.2
    assert (found.low == -1.0, found.high == 1.0) == (value == 0.0, value == 1.0)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="3 successes among 2"):
        time_uniform.share(3, 2)
    with pytest.raises(ValueError, match="ascending"):
        time_uniform.mean(np.zeros(3), (1.0, 0.0))
