"""The clock of a worker: stages do not overlap, and a run's timings say where the time went."""

from __future__ import annotations

import numpy as np
import pytest

from suite import frameworks
from suite.frameworks.timing import Clock, Timed, clock
from tests.support.framework_tasks import make_task


def hand_clock() -> tuple[Clock, list[float]]:
    """Return a clock, and its hand, which the test moves."""
    hand = [0.0]
    return Clock(lambda: hand[0]), hand


def test_an_inner_stage_stops_the_outer_one() -> None:
    stages, hand = hand_clock()
    hand[0] = 5.0  # before the first stage: not counted
    with stages("statistics"):
        hand[0] += 1.0
        with stages("train"):
            hand[0] += 10.0
            with stages("record"):
                hand[0] += 100.0
        hand[0] += 2.0
        with stages("train"):
            hand[0] += 20.0
    hand[0] += 1000.0  # between two stages: not counted
    assert stages.take() == {"train": 30.0, "record": 100.0, "statistics": 3.0}
    assert stages.take() == {}


def test_an_error_ends_its_stages() -> None:
    stages, hand = hand_clock()

    def fails() -> None:
        with stages("statistics"), stages("train"):
            hand[0] += 1.0
            raise ValueError("a mistake")

    for _ in range(2):
        with pytest.raises(ValueError, match="a mistake"):
            fails()
    hand[0] += 100.0
    assert stages.take() == {"train": 2.0, "statistics": 0.0}


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(KeyError, match="lunch"), Clock()("lunch"):
        pass


@pytest.mark.parametrize("name", ["torch", "tensorflow", "numpy"])
def test_a_timed_framework_is_the_framework(name: str) -> None:
    plain = frameworks.load(name)
    timed, task = Timed(plain), make_task()
    clock.take()
    ours, right = list(timed.train(task)), list(plain.train(task))
    assert [s.epoch for s in ours] == [s.epoch for s in right]
    np.testing.assert_array_equal(ours[-1].logits, right[-1].logits)
    spent = clock.take()
    assert spent["train"] > 0
    if name != "numpy":  # the oracle builds no programs
        assert min(spent["record"], spent["compile"]) > 0
    kernel, _ = timed.draw("he_normal", 3, 4, 1)
    np.testing.assert_array_equal(kernel, plain.draw("he_normal", 3, 4, 1)[0])
    assert set(clock.take()) == {"draw"}
    assert {timed: 1}[timed] == 1
