"""A verdict, and what is made of a list of them: claims.csv, tables, junit.xml, an exit code."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from suite import text_tables

if TYPE_CHECKING:
    import pandas as pd

SUPPORTED, REFUTED, UNDECIDED, NOT_JUDGED = "supported", "refuted", "undecided", "not judged"
VERDICTS = (SUPPORTED, REFUTED, UNDECIDED, NOT_JUDGED)
CONTRADICTED, INCOMPLETE, NOT_DECIDED = 1, 3, 4
"""Exit codes, the first that applies; 2 is wrong usage."""


@dataclass(frozen=True)
class Verdict:
    """One claim on one group of cells: a row of claims.csv.

    ``estimate``, ``low``, ``high`` and the band are in the unit of the metric (of a ratio: 1; of
    a slope: per unit of the axis). ``n``: seeds behind the interval. ``diverged``, ``failed``,
    ``missing``: runs, on both sides together. ``level`` is NaN for exact claims.
    ``pair_correlation``: Spearman's, between the two sides of a pair, NaN where there are none;
    near 0, pairing by seed bought nothing. ``margin``: from the estimate to the nearest edge of
    the band in standard errors, as the half of the interval towards it implies them; about 4
    (``intervals.Z``) decide. ``headline``: one of the most telling claims. ``promised``: the run
    was one that decides the claim: its profile, with the seeds and the grid of the profile.
    ``reason``: why undecided or not judged.
    """

    claim: str
    group: str
    study: str
    statement: str
    metric: str
    estimand: str
    centre: str
    verdict: str
    expected: str
    as_expected: bool | None
    estimate: float
    low: float
    high: float
    level: float
    band_low: float
    band_high: float
    n: int
    diverged: int
    failed: int
    missing: int
    pair_correlation: float
    margin: float
    headline: bool
    decides: str
    promised: bool
    reason: str
    because: str
    source: str
    text_hash: str

    @property
    def name(self) -> str:
        """The claim, and the group in brackets where the claim has several."""
        return f"{self.claim} [{self.group}]" if self.group else self.claim

    @property
    def contradicts(self) -> bool:
        """Decided, and not as expected."""
        return self.as_expected is False

    @property
    def broken_promise(self) -> bool:
        """Undecided, though this profile promised to decide it."""
        return self.verdict == UNDECIDED and self.promised


def exit_code(verdicts: Sequence[Verdict], lost: int) -> int:
    """1: a claim contradicts its expectation; else 3: runs are missing or failed, ``lost`` of
    them in the folder, whether a claim speaks of them or not; else 4: a claim that this profile
    promised to decide is undecided; else 0."""
    if any(verdict.contradicts for verdict in verdicts):
        return CONTRADICTED
    # A claim may lack what no row shows as lost: a column that the folder does not have.
    if lost or any(verdict.failed or verdict.missing for verdict in verdicts):
        return INCOMPLETE
    return NOT_DECIDED if any(verdict.broken_promise for verdict in verdicts) else 0


def to_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The rows of claims.csv: a column for each field of ``Verdict``, in its order."""
    import pandas as pd  # here: reading the rest of this file needs no data frames

    columns = [field.name for field in fields(Verdict)]
    rows = [[getattr(verdict, column) for column in columns] for verdict in verdicts]
    return pd.DataFrame(rows, columns=columns)


# --- on the terminal ---------------------------------------------------------------------------


def number(value: float) -> str:
    """Three significant digits, ``?`` for what is unknown."""
    return "?" if math.isnan(value) else f"{value:.3g}"


def plain(value: object) -> object:
    """A value that JSON has: an unknown or infinite number becomes None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def band(low: float, high: float) -> str:
    """A band as people write it: ``>= 0.1``, ``<= 2`` or ``[-0.02, 0.02]``."""
    if math.isinf(high):
        return f">= {number(low)}"
    return f"<= {number(high)}" if math.isinf(low) else f"[{number(low)}, {number(high)}]"


def _estimate(verdict: Verdict) -> str:
    return f"{number(verdict.estimate)} [{number(verdict.low)}, {number(verdict.high)}]"


def _seeds(verdict: Verdict) -> str:
    """The seeds behind the interval, and the runs that were lost to something."""
    lost = [
        f"{count} {status}"
        for status in ("diverged", "failed", "missing")
        if (count := getattr(verdict, status))
    ]
    return f"{verdict.n} ({', '.join(lost)})" if lost else str(verdict.n)


_HEAD = ("", "claim", "in", "verdict", "expected", "estimate [low, high]", "band", "n")


def group_fields(group: str) -> dict[str, str]:
    """Axis -> value of a group of claims.csv; a value may hold spaces."""
    return dict(part.split("=", 1) for part in re.split(r" (?=\w+=)", group) if part)


def _rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """A row for each verdict that was judged; the claim's name stands in its first."""
    rows: list[tuple[str, ...]] = []
    before = ""
    for verdict in verdicts:
        if verdict.verdict == NOT_JUDGED:
            continue
        row = (
            _mark(verdict),
            verdict.claim if verdict.claim != before else "",
            " ".join(group_fields(verdict.group).values()),
            verdict.verdict,
            verdict.expected,
            _estimate(verdict),
            band(verdict.band_low, verdict.band_high),
            _seeds(verdict),
        )
        rows.append(row)
        before = verdict.claim
    return rows


def _mark(verdict: Verdict) -> str:
    return "!" if verdict.contradicts else "?" if verdict.broken_promise else ""


def table(verdicts: Sequence[Verdict], width: int = 120) -> str:
    """The verdicts as lines of at most ``width`` characters; long names and counts are broken.

    ``!`` marks a claim that contradicts its expectation, ``?`` one that should have been decided;
    why, and how many claims were not judged, follows below the table.
    """
    judged = _rows(verdicts)
    rows = [_HEAD, *judged] if judged else []
    # Where the line would be too long, first the counts break, then the claim, then the group.
    lines = text_tables.columns(rows, width, (len(_HEAD) - 1, 1, 2)) if rows else []
    notes = [
        line
        for note in _notes(verdicts)
        for line in textwrap.wrap(note, width, subsequent_indent="  ")
    ]
    return "\n".join([*lines, *([""] if lines and notes else []), *notes])


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The same table for a pull request comment, with the same notes as a list below it."""
    lines = text_tables.markdown([_HEAD, *_rows(verdicts)])
    notes = [f"- {text_tables.escape(note)}" for note in _notes(verdicts)]
    return "\n".join([*lines, *([""] if notes else []), *notes])


_NAMED = 5
"""So many verdicts that were not given are named with the reason; more are counted."""


def _notes(verdicts: Sequence[Verdict]) -> list[str]:
    notes = [
        f"{_mark(verdict)} {verdict.name}: {problem(verdict)}"
        for verdict in verdicts
        if verdict.contradicts or verdict.broken_promise
    ]
    absent = [verdict for verdict in verdicts if verdict.verdict == NOT_JUDGED]
    if len(absent) <= _NAMED:
        return notes + [f"{one.name} was not judged: {one.reason}" for one in absent]
    claims = len({verdict.claim for verdict in absent})
    were = "1 claim was" if claims == 1 else f"{claims} claims were"
    return [*notes, f"{were} not judged: this folder lacks the study or the cells"]


def problem(verdict: Verdict) -> str:
    """One sentence about a verdict that is not as it should be."""
    if verdict.contradicts:
        return (
            f"{verdict.verdict}, but expected {verdict.expected}: {verdict.metric},"
            f" {verdict.centre} {verdict.estimand}, is {_estimate(verdict)},"
            f" band {band(verdict.band_low, verdict.band_high)}"
        )
    return f"{verdict.verdict}: {verdict.reason}"


# --- for continuous integration ----------------------------------------------------------------

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdicts: Sequence[Verdict]) -> str:
    """A JUnit XML document with one test case for each verdict.

    A contradiction is a failure, and so is a claim that this profile promised to decide and did
    not: ``check`` exits with an error for both. What is undecided without such a promise, or not
    judged, is skipped. Characters that XML cannot hold become U+FFFD.
    """
    failures = [verdict for verdict in verdicts if verdict.contradicts or verdict.broken_promise]
    skipped = [
        verdict
        for verdict in verdicts
        if verdict.verdict in (UNDECIDED, NOT_JUDGED) and not verdict.broken_promise
    ]
    suite = ElementTree.Element(
        "testsuite",
        name="claims",
        tests=str(len(verdicts)),
        failures=str(len(failures)),
        errors="0",
        skipped=str(len(skipped)),
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(verdict.study), name=_clean(verdict.name)
        )
        if verdict in failures:
            kind = "contradiction" if verdict.contradicts else "undecided"
            text = _clean(problem(verdict))
            inner = ElementTree.SubElement(case, "failure", type=kind, message=text)
            inner.text = _clean(f"{verdict.statement}\n{text}\n{verdict.because}")
        elif verdict in skipped:
            ElementTree.SubElement(case, "skipped", message=_clean(problem(verdict)))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
