"""Evidence about a claim that may be multiplied: bets on the numbers of the seeds, and e-values.

An e-value is the money of a player who bets against a statement (``suite.judging.time_uniform``):
where the statement is true it is at most 1 on average, at whatever moment one stops. Each seed
multiplies what lies on each stake, so that the products over independent runs, of other root
seeds, are the money of a player who has seen them all, and 40,000, which is 2/(1 - level), refutes
a statement as surely as an interval of that level does.

A claim says that a centre c lies in the band [low, high]. Two bets must be won to support it,
against "c < low" and "c > high"; each of two others refutes it, against "c >= low" and "c <= high".
On one run, the verdict by these four is that of the interval for every look. On several runs,
whose laws need not be equal, c is that of all seeds so far together. Let p_i be the mean of seed i.
The money on the stake t, divided by A, the product of 1 + t (p_i/m - 1) over the seeds, is a
martingale. While the mean of the p_i is at most m, so is A at most 1, since a geometric mean is at
most the arithmetic one; then the money is at most the martingale, and reaches c no more often.

All that the bets need of a run is a ``Tally``: how many numbers lie on which side of the band.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from suite.claims.claim import Claim
from suite.judging.intervals import LEVEL, scaled
from suite.judging.per_seed import bounds_of, counted
from suite.judging.time_uniform import STAKES, gains, gains_of_counts, money, threshold
from suite.judging.verdicts import REFUTED, SUPPORTED, UNDECIDED, Ruling
from suite.types import Array


@dataclass(frozen=True)
class EValues:
    """The natural logarithms of four e-values about a claim; 0 is no evidence.

    Minus infinity, for the first two alone, is a bet that no further seed can win back: a claim
    about every single seed, one of which lies outside the band.
    """

    not_below: float = 0.0
    """Against "the centre is below the band"."""
    not_above: float = 0.0
    """Against "the centre is above the band"."""
    below: float = 0.0
    """Against "the centre is not below the band"."""
    above: float = 0.0
    """Against "the centre is not above the band"."""

    @property
    def support(self) -> float:
        """The weaker of the two that must support the claim."""
        return min(self.not_below, self.not_above)

    @property
    def against(self) -> float:
        """The stronger of the two of which one refutes the claim."""
        return max(self.below, self.above)

    def ruling(self, level: float = LEVEL) -> Ruling:
        """Return the verdict at a level, with half of the error probability for each side."""
        wanted = threshold(level)
        if self.support >= wanted:
            return SUPPORTED
        return REFUTED if self.against >= wanted else UNDECIDED


@dataclass(frozen=True)
class Tally:
    """What the numbers of some seeds say about a claim: all that a bet needs of them."""

    n: int = 0
    below: int = 0
    """Numbers below the band; of a share 0."""
    above: int = 0
    """Numbers above the band; of a share 0."""
    counted: int = 0
    """Numbers that a share counts."""
    values: tuple[float, ...] = ()
    """Of a mean alone: the numbers, in ascending order."""


def tally(claim: Claim, numbers: Array) -> Tally:
    """Return the tally of (n,) numbers of the seeds; an empty one where one is NaN."""
    numbers = np.asarray(numbers, dtype=np.float64)
    if np.isnan(numbers).any():
        return Tally()
    n = len(numbers)
    if claim.estimand == "share":
        return Tally(n, counted=int(counted(claim, numbers).sum()))
    return Tally(
        n,
        below=int((numbers < claim.band.low).sum()),
        above=int((numbers > claim.band.high).sum()),
        values=() if claim.bounds is None else tuple(np.sort(numbers).tolist()),
    )


def bets(claim: Claim, seeds: Tally) -> Array:
    """Return (4, stakes) logarithms: by which factor the seeds multiply what lies on each stake, in
    the bets of ``EValues``, in the order of its fields. Those of other seeds are added.

    0 without seeds, and for a mean with a value outside the bounds. Infinite where nothing is left
    to prove, and where a bet is lost for good.
    """
    if not seeds.n:
        return _certain(0.0, 0.0, 0.0, 0.0)
    if claim.centre == "every":
        return _of_every(claim, seeds)
    low, high = claim.band.low, claim.band.high
    if claim.estimand == "share":
        k, n = seeds.counted, seeds.n
        return _of_edges(
            low,
            high,
            lambda m: gains_of_counts(k, n, m) if m > 0 else _sure if k else _nothing,
            lambda m: gains_of_counts(n - k, n, m) if m > 0 else _sure if k < n else _nothing,
        )
    if claim.bounds is not None:
        bounds = bounds_of(claim)
        unit = scaled(np.array(seeds.values), bounds)
        if unit is None:
            return _certain(0.0, 0.0, 0.0, 0.0)
        width = bounds[1] - bounds[0]
        return _of_edges(
            (low - bounds[0]) / width,
            (high - bounds[0]) / width,
            lambda m: gains(unit, m) if m > 0 else _sure if unit.any() else _nothing,
            lambda m: gains(1.0 - unit, m) if m > 0 else _sure if (unit < 1).any() else _nothing,
        )
    return np.stack(
        [
            _sure if low == -math.inf else gains_of_counts(seeds.n - seeds.below, seeds.n, 0.5),
            _sure if high == math.inf else gains_of_counts(seeds.n - seeds.above, seeds.n, 0.5),
            gains_of_counts(seeds.below, seeds.n, 0.5),
            gains_of_counts(seeds.above, seeds.n, 0.5),
        ]
    )


def e_values(total: Array) -> EValues:
    """Return the e-values of (4, stakes) sums of ``bets``."""
    return EValues(*(float(row[0]) if np.isinf(row[0]) else money(row) for row in total))


def once(claim: Claim, copies: Sequence[Array]) -> Array:
    """Return the bets of seeds that several folders have, which are no independent samples: on each
    stake what the least favourable of the folders leaves there.

    Whichever of the folders came first, this is no more than its bets, and so holds at every look:
    never stronger, sometimes weaker.
    A seed outside the band of a claim about every seed counts, whoever has it.
    """
    least = np.min(copies, axis=0)
    if claim.centre == "every":
        least[2:] = np.max(copies, axis=0)[2:]
    return np.asarray(least)


def together(parts: Sequence[Array]) -> Array:
    """Return the bets of independent seeds together: their sums. What is lost stays lost."""
    stacked = np.stack(parts)
    lost = (stacked == -math.inf).any(axis=0)
    return np.asarray(np.where(lost, -math.inf, np.where(lost, 0.0, stacked).sum(axis=0)))


_sure = np.full(len(STAKES), math.inf)
_nothing = np.zeros(len(STAKES))


def _certain(*rows: float) -> Array:
    return np.repeat(np.array(rows)[:, None], len(STAKES), axis=1)


def _of_edges(
    low: float, high: float, above: Callable[[float], Array], below: Callable[[float], Array]
) -> Array:
    """Return the bets about a mean of values in [0, 1] and a band.

    ``above``: the bet against a mean of at most m, 0 <= m < 1; ``below``: the same of 1 - values.
    """
    return np.stack(
        [
            # No mean is below 0 or above 1.
            _sure if low <= 0 else _nothing if low >= 1 else above(low),
            _sure if high >= 1 else _nothing if high <= 0 else below(1.0 - high),
            _sure if low > 1 else _nothing if low <= 0 else below(1.0 - low),
            _sure if high < 0 else _nothing if high >= 1 else above(high),
        ]
    )


def _of_every(claim: Claim, seeds: Tally) -> Array:
    """Return the bets about every single seed. One outside the band refutes the claim.

    With a ``rate``, the support is a bet of all that one has against "more than this share of the
    draws lies outside": each draw inside multiplies it by 1/(1 - rate). An exact claim is about no
    sample, and one seed is enough.
    """
    if seeds.below or seeds.above:
        return _certain(-math.inf, -math.inf, math.inf, math.inf)
    support = math.inf if claim.rate is None else -seeds.n * math.log1p(-claim.rate)
    return _certain(support, support, 0.0, 0.0)
