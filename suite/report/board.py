"""The board: one table of all verdicts, and what the script needs to search and open them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from suite.judging.verdicts import NOT_JUDGED, Verdict
from suite.metrics import METRICS
from suite.report.common import verdict_words
from suite.report.common.numbers import band, interval, number
from suite.report.common.verdict_blocks import Block, Strip
from suite.report.common.verdict_words import Label
from suite.report.evidence import Behind
from suite.report.figures import Section


@dataclass(frozen=True)
class Row:
    """One verdict as a row of the board.

    ``address``: what stands behind the # to open it; it is also the id of the row, so that a
    browser without scripts finds the row. ``first``: whether it is the first of its claim.
    """

    verdict: Verdict
    label: Label
    group: str
    address: str
    strip: Strip | None
    first: bool

    @property
    def claim_address(self) -> str:
        """What stands behind the # to open the claim, whatever the group."""
        return address(self.verdict.claim)


def address(claim: str, group: str = "") -> str:
    """Return what stands behind the # to open a claim, or one of its groups."""
    return urlencode({"claim": claim, "group": group} if group else {"claim": claim})


def rows(blocks: Iterable[Block]) -> list[Row]:
    """Return the rows of the board: first what is not as expected, last what was not judged.

    Otherwise they keep the order of the blocks and of their groups.
    """
    found = [
        Row(
            verdict,
            verdict_words.label(verdict),
            verdict_words.group(verdict.group),
            address(verdict.claim, verdict.group),
            strip,
            number == 0,
        )
        for block in blocks
        for number, (verdict, strip) in enumerate(block.lines)
    ]

    def place(row: Row) -> int:
        return (
            0 if verdict_words.odd(row.verdict) else 2 if row.verdict.verdict == NOT_JUDGED else 1
        )

    return sorted(found, key=place)


def data(
    shown: Sequence[Row], behind: Behind, sections: Mapping[str, Sequence[Section]]
) -> dict[str, Any]:
    """Return what the script reads: the claims, and the verdicts in the order of the rows."""
    figures = _figures(sections)
    claims: dict[str, dict[str, Any]] = {}
    for row in shown:
        claims.setdefault(row.verdict.claim, _claim(row.verdict, behind, figures))
    return {"claims": claims, "verdicts": [_verdict(row, behind) for row in shown]}


def _figures(sections: Mapping[str, Sequence[Section]]) -> dict[str, list[list[str]]]:
    """Return claim -> the name and the title of each figure that shows it."""
    found: dict[str, list[list[str]]] = {}
    for of_study in sections.values():
        for section in of_study:
            for picture in section.pictures:
                for claim in picture.claims:
                    found.setdefault(claim, []).append([picture.name, picture.title])
    return found


def _claim(
    verdict: Verdict, behind: Behind, figures: Mapping[str, list[list[str]]]
) -> dict[str, Any]:
    """Return what all groups of a claim share."""
    metric = METRICS[verdict.metric] if verdict.metric in METRICS else None  # noqa: SIM401
    return {
        "statement": verdict.statement,
        "because": verdict.because,
        "source": verdict.source,
        "study": verdict.study,
        "metric": verdict.metric,
        "meaning": "" if metric is None else metric.meaning,
        "unit": "" if metric is None else metric.unit,
        "quantity": verdict_words.quantity(verdict),
        "estimand": verdict.estimand,
        "centre": verdict.centre,
        "expected": verdict.expected,
        "decides": verdict.decides,
        "level": verdict.level,
        "headline": verdict.headline,
        "figures": figures.get(verdict.claim, []),
        **behind.claims.get(verdict.claim, {}),
    }


def _verdict(row: Row, behind: Behind) -> dict[str, Any]:
    verdict, strip = row.verdict, row.strip
    return {
        "claim": verdict.claim,
        "group": verdict.group,
        "name": verdict.name,
        "words": row.group,
        "kind": row.label.kind,
        "sign": row.label.sign,
        "label": row.label.text,
        "ruling": verdict.verdict,
        "expectation": verdict_words.expectation(verdict),
        "estimate": verdict.estimate,
        "low": verdict.low,
        "high": verdict.high,
        "band": [verdict.band.low, verdict.band.high],
        "texts": [
            number(verdict.estimate),
            interval(verdict.low, verdict.high),
            band(verdict.band),
        ],
        "strip": [*strip.band, *strip.interval, strip.estimate] if strip else None,
        "margin": verdict.margin,
        "n": verdict.n,
        "lost": verdict.lost,
        "notes": verdict_words.remarks(verdict),
        "frameworks": behind.frameworks.get(verdict.name, []),
        "absent": behind.absent.get(verdict.name, ""),
        **behind.commands.get(verdict.name, {}),
    }
