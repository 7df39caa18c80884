"""Ranks are honest: what cannot be told apart shares one, and seeds that decide do decide."""

from __future__ import annotations

import pytest

from suite.advising.ranking import MOST, groups, seeds_needed, told_apart


def test_shares_that_differ_by_chance_share_a_rank() -> None:
    assert groups([(20, 20), (18, 20), (15, 20), (0, 20)]) == [1, 1, 1, 2]
    assert groups([(20, 20)]) == [1]
    assert groups([]) == []


def test_the_first_one_that_is_told_apart_begins_the_next_rank() -> None:
    """The third is told apart from the first, and the fourth from the third."""
    assert groups([(40, 40), (39, 40), (20, 40), (2, 40)]) == [1, 1, 2, 3]


def test_many_options_share_the_error() -> None:
    """19 of 20 against 13 of 20: p = 0.044, which one comparison tells apart and two do not."""
    assert told_apart((19, 20), (13, 20), 2)
    assert not told_apart((19, 20), (13, 20), 3)


@pytest.mark.parametrize("pair", [((20, 20), (18, 20)), ((15, 20), (12, 20)), ((1, 20), (0, 20))])
def test_the_seeds_that_are_needed_decide(pair: tuple[tuple[int, int], tuple[int, int]]) -> None:
    first, second = pair
    assert not told_apart(first, second, 2)
    needed = seeds_needed(first, second, 2)
    assert needed is not None
    assert needed > 20

    def decided(n: int) -> bool:
        counts = [(round(n * learned / seeds), n) for learned, seeds in pair]
        return told_apart(counts[0], counts[1], 2)

    assert decided(needed)
    assert not decided(needed - 1)


def test_equal_shares_are_never_decided() -> None:
    assert seeds_needed((20, 20), (40, 40), 2) is None
    assert seeds_needed((5000, 10000), (4999, 10000), 2) is None  # beyond MOST
    assert MOST == 2000
