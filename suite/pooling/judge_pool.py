"""The verdicts on all folders of a pool together, by multiplied evidence.

Two questions are asked of each claim.

On average: does it hold of all pooled seeds together? Independent root seeds multiply what lies on
the stakes (``suite.judging.e_values``). The same block of seeds of the same root seed counts once,
wherever it was measured, with the count that is the least favourable on each stake.

In every environment: does it hold on each kind of machine and with each version by itself? It is
supported where the seeds of each environment alone support it, and refuted where those of one
refute it K (K + 1) times as strongly as a single run must, K environments: since the sum of
1/(k (k + 1)) is 1, this holds however many environments come and in whatever order.

Both hold however often folders are added and whenever one stops: neither asks how many there were
to be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.claims.claim import Centre, Claim
from suite.judging.e_values import EValues, Tally, bets, e_values, once, together
from suite.judging.intervals import LEVEL
from suite.judging.time_uniform import threshold
from suite.judging.verdicts import REFUTED, SUPPORTED, UNDECIDED, Ruling
from suite.pooling.heterogeneity import Difference, difference
from suite.pooling.member import Member, Row
from suite.pooling.pool import Members

Block = tuple[int, int]
"""A root seed, and the position of a block of its seeds."""


@dataclass(frozen=True)
class Pooled:
    """The verdict on a claim in one group of cells, from all folders of a pool.

    ``n``, ``below``, ``above``, ``counted``: the seeds, each counted once, and how many of them lie
    on which side of the band, at the most. ``support`` and ``against``: decimal logarithms of the
    e-values; 4.6 decide. ``left_out``: root seeds of an environment whose runs are not fit to be
    counted, and which no other folder has.
    """

    claim: str
    group: str
    study: str
    statement: str
    centre: Centre
    expected: str
    on_average: Ruling
    everywhere: Ruling
    n: int
    below: int
    above: int
    counted: int
    support: float
    against: float
    roots: int
    folders: int
    environments: int
    left_out: int
    headline: bool
    text_hash: str
    differs: Difference | None

    @property
    def name(self) -> str:
        """The claim, and the group in brackets where the claim has several."""
        return f"{self.claim} [{self.group}]" if self.group else self.claim

    @property
    def contradicts(self) -> bool:
        """Whether one of the two verdicts is decided and not the expected one."""
        decided = {self.on_average, self.everywhere} & {SUPPORTED, REFUTED}
        return self.expected != "open" and bool(decided - {self.expected})

    @property
    def heterogeneous(self) -> bool:
        """Whether the environments differ, at the level of the verdicts."""
        return self.differs is not None and self.differs.p <= 1 - LEVEL


@dataclass(frozen=True)
class Environments:
    """The environments of a pool: what all have in common, and a letter for each with the rest."""

    common: Mapping[str, str]
    letters: Mapping[str, Mapping[str, str]]

    @property
    def in_full(self) -> dict[str, dict[str, str]]:
        """Each letter with all that its environment consists of."""
        return {letter: {**self.common, **own} for letter, own in self.letters.items()}

    def letter(self, member: Member) -> str:
        """Return the letter of a member's environment."""
        known = dict(member.environment)
        return next(letter for letter, whole in self.in_full.items() if whole == known)


def environments(members: Members) -> Environments:
    """Return the environments of a pool, in the order of what they consist of."""
    known = sorted({tuple(sorted(member.environment.items())) for member in members.values()})
    common = set.intersection(*map(set, known)) if known else set()
    return Environments(
        dict(sorted(common)),
        {_letter(k): dict(sorted({*items} - common)) for k, items in enumerate(known)},
    )


def _letter(position: int) -> str:
    """Return A, B, ..., Z, A1, B1, ..."""
    return f"{chr(ord('A') + position % 26)}{position // 26 or ''}"


def judge_pool(members: Members, family: Sequence[Claim], level: float = LEVEL) -> list[Pooled]:
    """Return a verdict for each claim and group that a member has, in the order of the claims."""
    known = environments(members)
    rows: dict[tuple[str, str], list[_Part]] = {}
    for member in members.values():
        letter = known.letter(member)
        for row in member.rows:
            part = _Part(member.root_seed, letter, row)
            rows.setdefault((row.claim, row.group), []).append(part)
    groups: dict[str, list[str]] = {}
    for claim_id, group in rows:
        groups.setdefault(claim_id, []).append(group)
    return [
        _pooled(claim, group, rows[claim.id, group], level)
        for claim in family
        for group in sorted(groups.get(claim.id, []))
    ]


@dataclass(frozen=True)
class _Part:
    """What one member says about a claim in one group."""

    root: int
    environment: str
    row: Row


def _pooled(claim: Claim, group: str, parts: Sequence[_Part], level: float) -> Pooled:
    usable = [part for part in parts if not part.row.problem]
    by_environment: dict[str, dict[Block, list[Tally]]] = {}
    everything: dict[Block, list[Tally]] = {}
    for part in usable:
        own = by_environment.setdefault(part.environment, {})
        for position, seeds in part.row.blocks:
            own.setdefault((part.root, position), []).append(seeds)
            everything.setdefault((part.root, position), []).append(seeds)
    overall = _evidence(claim, everything)
    apart = [_evidence(claim, own) for own in by_environment.values()]
    counts = _counts(everything)
    measured = {(part.root, part.environment) for part in usable}
    return Pooled(
        claim=claim.id,
        group=group,
        study=claim.study,
        statement=claim.statement,
        centre=claim.centre,
        expected=claim.expected,
        on_average=overall.ruling(level),
        everywhere=everywhere(apart, level),
        n=counts.n,
        below=counts.below,
        above=counts.above,
        counted=counts.counted,
        support=_decimal(overall.support),
        against=_decimal(overall.against),
        roots=len({root for root, _ in everything}),
        folders=len(usable),
        environments=len(by_environment),
        left_out=len({(part.root, part.environment) for part in parts} - measured),
        headline=claim.headline,
        text_hash=claim.text_hash,
        differs=difference({letter: _counts(own) for letter, own in by_environment.items()}),
    )


def _evidence(claim: Claim, blocks: Mapping[Block, Sequence[Tally]]) -> EValues:
    """Return the e-values of blocks of seeds, each of which several folders may have."""
    if not blocks:
        return EValues()
    parts = [
        once(claim, [bets(claim, seeds) for seeds in blocks[block]]) for block in sorted(blocks)
    ]
    return e_values(together(parts))


def everywhere(apart: Sequence[EValues], level: float = LEVEL) -> Ruling:
    """Return the verdict on "in every environment", from the evidence of each."""
    if not apart:
        return UNDECIDED
    if all(one.ruling(level) == SUPPORTED for one in apart):
        return SUPPORTED
    wanted = threshold(level) + math.log(len(apart) * (len(apart) + 1))
    return REFUTED if max(one.against for one in apart) >= wanted else UNDECIDED


def _counts(blocks: Mapping[Block, Sequence[Tally]]) -> Tally:
    """Return the sums of the counts; of a block that several folders have, the largest."""
    largest = {
        name: sum(max(getattr(one, name) for one in several) for several in blocks.values())
        for name in ("n", "below", "above", "counted")
    }
    return Tally(**largest)


def _decimal(log: float) -> float:
    """Return a decimal logarithm that is the same on all machines."""
    return round(log / math.log(10), 2) + 0.0


def as_row(verdict: Pooled) -> dict[str, Any]:
    """Return a verdict as a row of a table."""
    row = {**vars(verdict), "contradicts": verdict.contradicts}
    found = row.pop("differs")
    row["difference"] = "" if found is None else str(found)
    row["difference_p"] = math.nan if found is None else float(f"{found.p:.3g}")
    return row
