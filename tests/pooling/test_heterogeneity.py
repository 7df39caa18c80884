"""The test of equal shares is exact: its level holds, with shared draws too, and a machine that
differs is named."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
import pytest

from suite.judging.e_values import Tally
from suite.judging.verdicts import SUPPORTED
from suite.pooling.heterogeneity import difference
from suite.pooling.judge_pool import judge_pool
from tests.support.pools import FAMILY, counted, together

SAMPLES = 500
LEVEL = 0.1
MOST = SAMPLES * LEVEL + 3 * (SAMPLES * LEVEL * (1 - LEVEL)) ** 0.5
"""What a test of this level exceeds once in a thousand times: 71 of 500."""


def test_p_is_the_sum_of_the_hypergeometric_probabilities_of_no_larger_ones() -> None:
    found = difference({"a": Tally(12, below=1), "b": Tally(15, below=9)})
    assert found is not None
    ways = {k: comb(12, k) * comb(15, 10 - k) for k in range(11)}
    p = sum(w for w in ways.values() if w <= ways[1]) / comb(27, 10)
    assert found.p == pytest.approx(p, rel=1e-12)
    assert str(found) == "a: 1 of 12 seeds below the band, elsewhere 9 of 15"


def test_one_environment_and_no_seed_outside_are_no_difference() -> None:
    assert difference({}) is None
    assert difference({"a": Tally(20, below=3)}) is None
    assert difference({"a": Tally(20), "b": Tally(9)}) is None


def test_a_machine_that_differs_is_named() -> None:
    members = [counted(FAMILY[1], root, [2] * 5, cpu=cpu) for root, cpu in enumerate("xyz")]
    planted = counted(FAMILY[1], 9, [12] * 5, cpu="planted")
    found = judge_pool(together(*members, planted), FAMILY)[0]
    assert found.heterogeneous
    assert found.differs is not None
    assert str(found.differs) == "A: 60 of 100 seeds below the band, elsewhere 30 of 300"
    alike = judge_pool(together(*members), FAMILY)[0]
    assert alike.on_average == SUPPORTED
    assert not alike.heterogeneous


def rejected(draw: Callable[[np.random.Generator], dict[str, Tally]]) -> int:
    """Return how often equal environments are told apart at ``LEVEL``."""
    rng = np.random.default_rng(5)
    found = (difference(draw(rng)) for _ in range(SAMPLES))
    return sum(each is not None and each.p <= LEVEL for each in found)


def independent(rng: np.random.Generator) -> dict[str, Tally]:
    return {name: Tally(60, below=int(rng.binomial(60, 0.4))) for name in "abcd"}


def sharing_draws(rng: np.random.Generator) -> dict[str, Tally]:
    """Return the counts of two machines with the same seeds, one in five of which they decide for
    themselves."""
    shared = rng.random(60) < 0.4
    return {
        name: Tally(
            60, below=int(np.where(rng.random(60) < 0.2, rng.random(60) < 0.4, shared).sum())
        )
        for name in "ab"
    }


@pytest.mark.parametrize("draw", [independent, sharing_draws])
def test_equal_environments_are_rarely_told_apart(
    draw: Callable[[np.random.Generator], dict[str, Tally]],
) -> None:
    assert rejected(draw) <= MOST


def test_the_simulation_sees_the_best_of_several_tests() -> None:
    """The smallest p-value of four, as if it were the only one."""
    rng = np.random.default_rng(5)
    found = [difference(independent(rng)) for _ in range(SAMPLES)]
    assert sum(each is not None and each.p / 4 <= LEVEL for each in found) > MOST
