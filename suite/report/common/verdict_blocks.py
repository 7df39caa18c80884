"""The verdicts for the page: a block for each claim, with a line for each of its groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from suite.judging.verdicts import NOT_JUDGED, Verdict
from suite.report.common import verdict_words
from suite.report.common.verdict_words import Label, label

SHOWN = 4
"""Groups of a claim that are listed below a figure, for each label."""


@dataclass(frozen=True)
class Strip:
    """Band, interval and estimate on a common line, as percentages of its length."""

    band: tuple[float, float]
    interval: tuple[float, float]
    estimate: float


@dataclass(frozen=True)
class Block:
    """A claim with the verdicts of its groups."""

    rows: Sequence[Verdict]

    @property
    def head(self) -> Verdict:
        """The first row, for the fields in which all agree, such as the statement."""
        return self.rows[0]

    @property
    def odd(self) -> bool:
        """Whether the verdict of a group is not as expected, or undecided against a promise."""
        return any(map(verdict_words.odd, self.rows))

    @property
    def judged(self) -> bool:
        """Whether any group of it was judged."""
        return any(row.verdict != NOT_JUDGED for row in self.rows)

    @property
    def labels(self) -> Sequence[Label]:
        """The labels of the verdicts, each once."""
        return list(dict.fromkeys(map(label, self.rows)))

    @property
    def summary(self) -> Sequence[tuple[Label, str]]:
        """Each label, with the groups that have it and their estimates; at most ``SHOWN`` of
        them, the others are counted."""
        lines = []
        for shown in self.labels:
            rows = [row for row in self.rows if label(row) == shown]
            texts = [text for row in rows[:SHOWN] if (text := verdict_words.finding(row))]
            more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
            lines.append((shown, "; ".join([*texts, *more])))
        return lines

    @property
    def remarks(self) -> Mapping[str, str]:
        """Remark -> the groups that it is about, in words; empty where the claim has no groups."""
        groups: dict[str, list[str]] = {}
        for row in self.rows:
            for remark in verdict_words.remarks(row):
                groups.setdefault(remark, []).append(verdict_words.group(row.group))
        return {remark: "; ".join(filter(None, named)) for remark, named in groups.items()}

    @property
    def lines(self) -> Sequence[tuple[Verdict, Strip | None]]:
        """Each row with its drawing, all on one scale."""
        return list(zip(self.rows, strips(self.rows), strict=True))


def by_study(rows: Iterable[Verdict], studies: Sequence[str]) -> dict[str, list[Block]]:
    """Return study -> its blocks: the named studies first, and in a study the odd blocks first.

    Otherwise the order is that of the rows. Claims that were not judged come last, and so do
    studies without a judged claim.
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
    """Return the judged claims that are marked as the most telling."""
    return [block for block in blocks if block.judged and block.head.headline]


def strips(rows: Sequence[Verdict]) -> list[Strip | None]:
    """Return the drawings of some verdicts; None where there is no finite estimate.

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
        percentage = 100 * (value - start) / length if math.isfinite(value) else unknown
        return round(percentage, 2)

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
