"""The A/A control: two halves of the seeds of one cell, between which no difference may be found.

The halves have the same law, so every verdict of a difference between them is false. The laws are
those at which intervals could fail: heavy tails, ties, runs that diverge. At the level of the
suite, 99.995 %, a thousand repetitions show gross mistakes alone; at 95 % a thousand of one law
show a false rate that is three times what it should be. A planted difference must be seen, or
silence would mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr

from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.judging import intervals, per_seed
from suite.judging.judge_claims import judge
from suite.judging.verdicts import REFUTED
from suite.types import Array

if TYPE_CHECKING:
    import pandas as pd

SEEDS = 20
"""Seeds in each half."""
JUDGED = 250
"""Repetitions of each of the four laws that the judge sees: 1,000 together."""
REPETITIONS = 1000
"""Repetitions of each law at the level ``VISIBLE``."""
VISIBLE = 0.95
"""The level of an interval at which too many false differences would show."""
CHANCE = 1e-4
"""The probability that a sound judge fails a control."""
SHIFT = 4.0
"""The planted difference, in standard deviations of a run: a pair has the wrong sign once in 420,
and the interval of 20 pairs leaves out one of them."""
SEEN = 0.95
"""The share of the planted differences that must be found."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def _cauchy(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_cauchy(shape)


def _tied(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 4, shape).astype(np.float64)


def _diverging(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = rng.lognormal(size=shape)
    values[rng.random(shape) < 0.3] = math.inf
    return values


LAWS: Mapping[str, Draw] = {
    "normal": _normal,
    "Cauchy, without a mean": _cauchy,
    "four values, many ties": _tied,
    "lognormal, 30 % diverged": _diverging,
}


@dataclass(frozen=True)
class Control:
    """A number of differences that were found, and the bounds between which it passes."""

    name: str
    level: float
    repetitions: int
    differences: int
    least: int
    most: int

    @property
    def passed(self) -> bool:
        return self.least <= self.differences <= self.most


def controls() -> list[Control]:
    """Return the control at the level of the suite, all laws together; law by law at ``VISIBLE``;
    and the planted difference."""
    rng = np.random.default_rng(0)
    halves = {name: draw(rng, (2, REPETITIONS, SEEDS)) for name, draw in LAWS.items()}
    judged = [differences(values[:, :JUDGED]) for values in halves.values()]
    shifted = _normal(rng, (2, JUDGED, SEEDS)) + np.array([0.0, SHIFT])[:, None, None]
    return [
        silent("judged, all laws together", intervals.LEVEL, JUDGED * len(judged), sum(judged)),
        *(silent(name, VISIBLE, REPETITIONS, excluded(values)) for name, values in halves.items()),
        Control(
            f"planted, judged: {SHIFT:g} deviations",
            intervals.LEVEL,
            JUDGED,
            differences(shifted),
            math.ceil(SEEN * JUDGED),
            JUDGED,
        ),
    ]


def silent(law: str, level: float, repetitions: int, differences: int) -> Control:
    """Return a control that passes up to the number of differences that the exact miss rate of an
    order-statistics interval allows; a sound judge exceeds it with probability ``CHANCE``."""
    rate = 1 - intervals.coverage(SEEDS, level=level)
    below = bdtr(np.arange(repetitions + 1), repetitions, rate)
    most = int(np.searchsorted(below, 1 - CHANCE))
    return Control(law, level, repetitions, differences, 0, most)


CLAIM = Claim(
    id="halves-agree",
    statement="Two halves of the seeds of one cell do not differ.",
    source="both halves have the same law",
    study="training",
    metric="heldout_loss",
    estimand="difference",
    of={"case": ("first",)},
    versus={"case": ("second",)},
    each=("width",),
    band=Band(0.0, 0.0),
    expected="open",
    because="A band of one value, 0, is refuted by any difference.",
    decides="quick",
    file="",
    text_hash="",
)
"""A claim about generated rows, whose axis ``case`` names the half and ``width`` the repetition."""


def differences(halves: Array) -> int:
    """Return how many of (2, repetitions, seeds) pairs of halves the judge finds different."""
    verdicts = judge([CLAIM], {"training": _rows(halves)}, None)
    return sum(verdict.verdict == REFUTED for verdict in verdicts)


def _rows(halves: Array) -> pd.DataFrame:
    """Return the runs in the form of a results folder; an infinite loss is a run that diverged."""
    import pandas as pd

    half, repetition, seed = (axis.ravel() for axis in np.indices(halves.shape))
    values = halves.ravel()
    return pd.DataFrame(
        {
            "case": np.where(half == 0, "first", "second"),
            "width": 1 + repetition,
            "seed": seed,
            "status": np.where(np.isinf(values), "diverged", "ok"),
            "reason": "",
            "heldout_loss": np.where(np.isinf(values), np.nan, values),
        }
    )


def excluded(halves: Array, level: float = VISIBLE) -> int:
    """Return the same by the intervals alone, which take another level than that of the judge."""
    first, second = halves
    numbers = per_seed.difference(first, second, np.isinf(first) & np.isinf(second))
    limits = [intervals.median(row, level) for row in numbers]
    return sum(interval.low > 0 or interval.high < 0 for interval in limits)
