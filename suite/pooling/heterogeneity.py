"""Do machines or versions differ? An exact test on the counts of a claim.

Of two or more environments each is set against all others: as many of its seeds as ``found`` of n
lie on one side of the band, and of the others' as many. Given the sums of this table, and if all
seeds have one probability, the number found has a hypergeometric law, whatever the probability is
(Fisher's exact test). The smallest of the p-values, times their number, is the one that is shown.

Folders with the same root seed share their draws, so that their counts differ less than those of
independent seeds, and the test errs on the side of silence. It holds for one look, unlike the
verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact

from suite.judging.e_values import Tally

SIDES = ("below", "above", "counted")


@dataclass(frozen=True)
class Difference:
    """The environment that differs most from all others, and on which side of the band."""

    environment: str
    side: str
    found: int
    n: int
    found_elsewhere: int
    n_elsewhere: int
    p: float
    """Of the exact test, times the number of tests, at most 1."""

    def __str__(self) -> str:
        what = "counted" if self.side == "counted" else f"{self.side} the band"
        return (
            f"{self.environment}: {self.found} of {self.n} seeds {what},"
            f" elsewhere {self.found_elsewhere} of {self.n_elsewhere}"
        )


def difference(tallies: Mapping[str, Tally]) -> Difference | None:
    """Return the largest difference; None with fewer than two environments, or without a side on
    which any seed lies. ``tallies``: environment -> the counts of its seeds."""
    if len(tallies) < 2:
        return None
    # Of two, each against the other is one and the same test.
    tested = sorted(tallies)[: 1 if len(tallies) == 2 else None]
    found = [
        each
        for environment in tested
        for side in SIDES
        if (each := _against_others(tallies, environment, side)) is not None
    ]
    if not found:
        return None
    least = min(found, key=lambda each: each.p)
    return Difference(**{**vars(least), "p": min(1.0, least.p * len(found))})


def _against_others(tallies: Mapping[str, Tally], environment: str, side: str) -> Difference | None:
    one = tallies[environment]
    others = [each for name, each in tallies.items() if name != environment]
    found, elsewhere = getattr(one, side), sum(getattr(each, side) for each in others)
    n = sum(each.n for each in others)
    if not found and not elsewhere:
        return None
    table = np.array([[found, one.n - found], [elsewhere, n - elsewhere]])
    return Difference(environment, side, found, one.n, elsewhere, n, float(fisher_exact(table)[1]))
