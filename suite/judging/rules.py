"""The two rules by which the numbers of the seeds become an interval.

``FIXED`` holds at a number of seeds that was set beforehand, ``EVERY_LOOK`` however often somebody
looks and whenever he stops. Which of them judges a folder follows from its manifest alone, so that
all who read it come to the same verdicts. Both have the same level. Claims about every single seed
need no rule: an exact one is not sampled, and of a worst the first seed outside ends the matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from suite.judging import intervals, time_uniform
from suite.judging.intervals import Interval
from suite.results.manifest import Manifest
from suite.types import Array


class _Mean(Protocol):
    def __call__(self, values: Array, bounds: tuple[float, float], /) -> Interval: ...


@dataclass(frozen=True)
class Rule:
    """The interval of each centre: of the median of (n,) numbers, of a share from the successes
    and n, of the mean of (n,) numbers within bounds."""

    name: str
    median: Callable[[Array], Interval]
    share: Callable[[int, int], Interval]
    mean: _Mean
    ranks: Callable[[int], tuple[int, int]]
    """Number of seeds -> the order statistics that enclose the median, 0 and n + 1 for none."""
    seeds_needed: Callable[[], int]
    """The fewest seeds that decide a median."""


FIXED = Rule(
    "fixed",
    intervals.median,
    intervals.share,
    intervals.mean,
    intervals.ranks,
    intervals.seeds_needed,
)
EVERY_LOOK = Rule(
    "every look",
    time_uniform.median,
    time_uniform.share,
    time_uniform.mean,
    time_uniform.ranks,
    time_uniform.seeds_needed,
)


def rule_of(manifest: Manifest) -> Rule:
    """Return the rule that judges a stored run."""
    return FIXED if manifest.until_decided is None else EVERY_LOOK
