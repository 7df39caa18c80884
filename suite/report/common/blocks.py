"""The verdicts as the page holds them: a block per claim, with a line for each of its groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from suite.judging.verdicts import NOT_JUDGED, Verdict
from suite.report.common import words


@dataclass(frozen=True)
class Strip:
    """Band, interval and estimate on a common line, as percentages of its length."""

    band: tuple[float, float]
    interval: tuple[float, float]
    estimate: float


@dataclass(frozen=True)
class Block:
    """A claim: ``head`` is the row that speaks for all where they agree, such as the statement."""

    rows: Sequence[Verdict]

    @property
    def head(self) -> Verdict:
        """The first row."""
        return self.rows[0]

    @property
    def odd(self) -> bool:
        """Whether a group of it is surprising, or undecided against a promise."""
        return any(map(words.odd, self.rows))

    @property
    def judged(self) -> bool:
        """Whether any group of it was judged."""
        return any(row.verdict != NOT_JUDGED for row in self.rows)

    @property
    def verdicts(self) -> Sequence[str]:
        """The verdicts of the groups, each kind once."""
        return list(dict.fromkeys(row.verdict for row in self.rows))

    @property
    def remarks(self) -> Mapping[str, str]:
        """What is said of some groups only -> these groups in words (empty: no groups)."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            for remark in words.remarks(row):
                found.setdefault(remark, []).append(words.group(row.group))
        return {remark: "; ".join(filter(None, groups)) for remark, groups in found.items()}

    @property
    def lines(self) -> Sequence[tuple[Verdict, Strip | None]]:
        """Each row with its drawing, all of them to one scale."""
        return list(zip(self.rows, strips(self.rows), strict=True))


def by_study(rows: Iterable[Verdict], studies: Sequence[str]) -> dict[str, list[Block]]:
    """Study -> its blocks: the named studies first, inside a study what is odd first.

    Otherwise the order is that of the rows. What was not judged stands last, and so do studies of
    which nothing was.
    """
    claims: dict[str, list[Verdict]] = {}
    for row in rows:
        claims.setdefault(row.claim, []).append(row)
    blocks = [Block(of_claim) for of_claim in claims.values()]
    blocks.sort(key=lambda block: 0 if block.odd else 1 if block.judged else 2)
    groups: dict[str, list[Block]] = {study: [] for study in studies}
    for block in blocks:
        groups.setdefault(block.head.study, []).append(block)
    # False sorts before True: the studies with a judged claim come first.
    order = sorted(groups, key=lambda study: not any(block.judged for block in groups[study]))
    return {study: groups[study] for study in order if groups[study]}


def headline(blocks: Iterable[Block]) -> list[Block]:
    """The judged claims that are called the most telling."""
    return [block for block in blocks if block.judged and block.head.headline]


def strips(rows: Sequence[Verdict]) -> list[Strip | None]:
    """The drawings of some verdicts; None where there is no finite estimate.

    They share a scale, which spans all finite numbers of the verdicts with a margin; what is
    infinite runs off its end.
    """
    numbers = [(row.band.low, row.band.high, row.low, row.high, row.estimate) for row in rows]
    finite = [x for line in numbers if math.isfinite(line[-1]) for x in line if math.isfinite(x)]
    if not finite:
        return [None] * len(rows)
    span = max(finite) - min(finite)
    margin = 0.15 * span or 1.0
    start, length = min(finite) - margin, span + 2 * margin

    def place(value: float, unknown: float) -> float:
        at = 100 * (value - start) / length if math.isfinite(value) else unknown
        return round(at, 2)

    def strip(
        band_low: float, band_high: float, low: float, high: float, estimate: float
    ) -> Strip | None:
        if not math.isfinite(estimate):
            return None
        return Strip(
            (place(band_low, 0.0), place(band_high, 100.0)),
            (place(low, 0.0), place(high, 100.0)),
            place(estimate, 50.0),
        )

    return [strip(*line) for line in numbers]
