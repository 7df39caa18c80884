"""A thousand true claims, watched while seeds are added by somebody who stops at the worst moment.

Each says that two halves of the seeds of one cell do not differ, and each verdict against it is
false. An adversary looks again and again and stops as soon as a verdict is what he wants. The
intervals of a run until decided (``suite.judging.time_uniform``) must keep their level against him;
those for a fixed number of seeds cannot, and must be seen to fail, or silence would mean nothing.
The laws are those of ``control``: heavy tails, ties, runs that diverge.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import bdtr

from suite.judging import intervals, per_seed, time_uniform
from suite.judging.band_to_verdict import Evidence, verdict_on
from suite.judging.intervals import LEVEL
from suite.judging.rules import EVERY_LOOK
from suite.judging.verdicts import REFUTED
from suite.selftest.control import CHANCE, CLAIM, LAWS, VISIBLE, Control
from suite.types import BLOCK, Array

SEEDS = 400
"""The seeds of a claim that nobody stops before."""
CLAIMS = 250
"""Claims of each of the four laws: 1,000 together."""
SEEN = 0.15
"""The share of the true claims that intervals for a fixed number of seeds must refute at least, at
``VISIBLE``: three times what its level allows. Most laws have twice that share, and one with many
ties less."""

Needed = Callable[[int, float], int]
"""Number of seeds and level -> how many of them on one side of 0 refute that 0 is the median."""


def watches(claims: int = CLAIMS, seeds: int = SEEDS) -> list[Control]:
    """Return the control at the level of the suite, as the judge sees it after every block and for
    looks after every seed; the same at ``VISIBLE``; and that of the intervals that must fail."""
    rng = np.random.default_rng(0)
    numbers = np.concatenate([_true(draw(rng, (2, claims, seeds))) for draw in LAWS.values()])
    of_law = dict(zip(LAWS, np.split(numbers, len(LAWS)), strict=True))
    rows = len(numbers)
    return [
        _silent("judged after every block", LEVEL, rows, judged(numbers)),
        _silent("after every seed", LEVEL, rows, refuted(numbers, LEVEL)),
        *(
            _silent(f"after every seed: {name}", VISIBLE, claims, refuted(values, VISIBLE))
            for name, values in of_law.items()
        ),
        Control(
            "planted: intervals for a fixed number of seeds",
            VISIBLE,
            rows,
            refuted(numbers, VISIBLE, fixed),
            math.ceil(SEEN * rows),
            rows,
        ),
    ]


def _true(halves: Array) -> Array:
    """Return (claims, seeds) differences of (2, claims, seeds) numbers of one law."""
    first, second = halves
    return per_seed.difference(first, second, np.isinf(first) & np.isinf(second))


def _silent(name: str, level: float, repetitions: int, found: int) -> Control:
    """Return a control that passes up to the number of false verdicts that the level allows; a
    sound judge exceeds it with a probability of at most ``CHANCE``."""
    below = bdtr(np.arange(repetitions + 1), repetitions, 1 - level)
    return Control(name, level, repetitions, found, 0, int(np.searchsorted(below, 1 - CHANCE)))


def judged(numbers: Array) -> int:
    """Return how many of (claims, seeds) true claims the judge refutes after one of the blocks."""
    looks = range(BLOCK, numbers.shape[1] + 1, BLOCK)
    return sum(
        any(
            verdict_on(CLAIM, "", Evidence(per_seed.numbered(row[:n])), None, EVERY_LOOK).verdict
            == REFUTED
            for n in looks
        )
        for row in numbers
    )


def watched(n: int, level: float) -> int:
    """Return what the intervals for every look need."""
    return time_uniform.fewest_successes(n, 0.5, level)


def fixed(n: int, level: float) -> int:
    """Return what the intervals for a fixed number of seeds need."""
    return n + 1 - intervals.ranks(n, 0.5, level)[0]


def refuted(numbers: Array, level: float, needed: Needed = watched) -> int:
    """Return how many of (claims, seeds) true claims are refuted after one of the seeds at least.

    An interval lies above 0 where enough of the numbers do, and below it likewise.
    """
    wanted = np.array([needed(n, level) for n in range(1, numbers.shape[1] + 1)])
    above, below = (np.cumsum(side, axis=1) for side in (numbers > 0, numbers < 0))
    return int(((above >= wanted) | (below >= wanted)).any(axis=1).sum())
