"""The chance that a verdict is undecided on a root seed that nobody has looked at.

It is computed from the margin of a stored run, with the sampling noise of that run. The number of a
seed is taken to be Gaussian, and the stored seeds say how many standard deviations the edge of the
band lies from its mean: with n seeds, whose interval reaches to the k-th number from the end, the
edge is t = margin / Z z_k deviations away, z_k being the expected place of that number (Blom 1958).
The true distance is t sqrt(chi2_{n-1} / (n - 1)) + N(0, 1) / sqrt(n) by the usual posterior for a
mean and a variance that were not known before. On fresh seeds the verdict is undecided where as
many of them lie beyond the edge as the interval leaves outside on one side, which is binomial. A
share has the beta-binomial law of the successes to come, from Jeffreys' prior.

Run as a program, it prints ``fragile.toml`` for the stored runs that are named::

    python -m suite.judging.fresh_roots results/reference/quick results/reference/standard
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import bdtrc, betaln, chdtri, ndtr, ndtri

from suite.claims.band import Band
from suite.judging.intervals import Interval, Z
from suite.judging.rules import FIXED, Rule
from suite.judging.verdicts import Verdict

WANTED = 0.99
"""The probability with which everything that a profile promises is decided on a fresh root seed."""
SPENT = (1 - WANTED) / 2
"""The sum of the chances that ``fragile.toml`` leaves: half of what is allowed, since a reference
that is made again, or new claims, change it."""

_NODES = np.arange(-7.0, 7.0 + 1e-9, 0.25)
"""Places at which a Gaussian is summed; the sum is exact to many digits (trapezoidal rule)."""


@dataclass(frozen=True)
class Family:
    """All promised verdicts of a profile together.

    ``undecided`` is the expected number of undecided ones, which bounds the chance that there is
    one whatever their dependence; ``all_decided`` is the product of their chances to be decided, as
    if they were independent.
    """

    promised: int
    undecided: float
    all_decided: float

    @property
    def least(self) -> float:
        """The probability, at the least, that all are decided."""
        return max(0.0, 1.0 - self.undecided)


def family(chances: Iterable[float]) -> Family:
    """Return the family of promised verdicts with these chances to be undecided."""
    listed = list(chances)
    return Family(len(listed), math.fsum(listed), math.prod(1 - chance for chance in listed))


def chance_undecided(
    verdict: Verdict, seeds: int, stored_by: Rule = FIXED, by: Rule = FIXED
) -> float:
    """Return the chance that a stored verdict is undecided with ``seeds`` fresh seeds.

    ``stored_by``: the rule by which the stored run was judged; ``by``: the rule for the fresh one.

    0 where all seeds agree, and for claims about every single seed (exact ones, and a worst), which
    are decided whenever they have their seeds. 1 without seeds, and where the stored run lacks an
    estimate.
    """
    if verdict.centre == "every":
        return 0.0 if verdict.decided else 1.0
    if not seeds or math.isnan(verdict.estimate):
        return 1.0
    if verdict.centre == "share":
        return _of_share(round(verdict.estimate * verdict.n), verdict.n, seeds, verdict.band, by)
    chances = (_of_edge(m, verdict.n, seeds, stored_by, by) for m in _margins(verdict))
    return min(1.0, sum(chances))


def _margins(verdict: Verdict) -> list[float]:
    """Return the margins towards the edges that could leave a verdict undecided: both of a band
    that holds the estimate, else the nearer one."""
    from suite.judging.band_to_verdict import margins_of_edges

    limits = Interval(verdict.estimate, verdict.low, verdict.high, verdict.n)
    return margins_of_edges(verdict.band, limits)


@functools.lru_cache(maxsize=4096)
def _of_edge(
    margin: float, stored: int, seeds: int, stored_by: Rule = FIXED, by: Rule = FIXED
) -> float:
    """Return the chance that an edge leaves a median undecided; see the head of this file.

    A mean has no order statistics; it counts as a median with the same margin.
    """
    if math.isinf(margin):
        return 0.0
    rank, rank_of_fresh = stored_by.ranks(stored)[0], by.ranks(seeds)[0]
    if not rank or not rank_of_fresh:  # too few seeds for any interval
        return 1.0
    distance = margin / Z * -ndtri((rank - 0.375) / (stored + 0.25))
    weights = np.exp(-(_NODES**2) / 2)
    weights /= weights.sum()
    scale = np.sqrt(chdtri(stored - 1, ndtr(-_NODES)) / (stored - 1))
    true = distance * scale[:, None] + _NODES / math.sqrt(stored)
    beyond = bdtrc(rank_of_fresh - 1, seeds, ndtr(-true))
    return float(weights @ beyond @ weights)


@functools.lru_cache(maxsize=4096)
def _of_share(successes: int, stored: int, seeds: int, band: Band, by: Rule = FIXED) -> float:
    """Return the chance that so many successes to come leave a share undecided."""
    undecided = []
    for number in range(seeds + 1):
        interval = by.share(number, seeds)
        inside = band.contains(interval.low) and band.contains(interval.high)
        if not (inside or interval.high < band.low or interval.low > band.high):
            undecided.append(number)
    count = np.array(undecided, dtype=float)
    a, b = successes + 0.5, stored - successes + 0.5
    ways = -np.log(seeds + 1) - betaln(count + 1, seeds - count + 1)
    return float(np.exp(ways + betaln(count + a, seeds - count + b) - betaln(a, b)).sum())


# --- the list ----------------------------------------------------------------------------------

_HEAD = """\
# Verdicts that no profile promises, though they are judged like all others: their estimates lie so
# near the edge of the band that another root seed may leave them undecided. Claim -> its groups.
# Written by suite.judging.fresh_roots from the references, the most fragile first until what is
# left is decided on any root seed with a probability of 99 %.
"""


def weakest(chances: Sequence[tuple[str, str, float]]) -> dict[str, list[str]]:
    """Return claim -> groups of the verdicts that must not be promised, the weakest first, until
    the chances of the others sum to ``SPENT``. ``chances``: claim, group, chance."""
    ordered = sorted(chances, key=lambda entry: entry[2])
    sums = itertools.accumulate(chance for _, _, chance in ordered)
    kept = sum(total <= SPENT for total in sums)
    result: dict[str, list[str]] = {}
    for claim, group, _ in ordered[kept:]:
        result.setdefault(claim, []).append(group)
    return result


def main(folders: Sequence[Path]) -> str:
    """Return the text of ``fragile.toml`` for stored runs, each of a whole profile."""
    from suite.claims import shipped
    from suite.judging.promises import in_profile
    from suite.judging.verdicts import read_verdicts
    from suite.results.folder import Results

    claims = {claim.id: claim for claim in shipped()}
    found: dict[str, list[str]] = {}
    for folder in folders:
        profile = Results(folder).manifest().profile
        chances = [
            (verdict.claim, verdict.group, chance_undecided(verdict, verdict.n))
            for verdict in read_verdicts(folder, required=("margin",))
            if verdict.claim in claims
            and in_profile(claims[verdict.claim], profile)
            and verdict.verdict != "not judged"
        ]
        for claim, groups in weakest(chances).items():
            known = found.setdefault(claim, [])
            known += [group for group in groups if group not in known]
    lines = []
    for claim, groups in sorted(found.items()):
        quoted = "".join(f'    "{group}",\n' for group in sorted(groups))
        several = f"[\n{quoted}]"
        lines.append(f"{claim} = {several if len(groups) > 1 else json.dumps(groups)}\n")
    return _HEAD + "\n" + "".join(lines)


if __name__ == "__main__":
    print(main([Path(word) for word in sys.argv[1:]]), end="")
