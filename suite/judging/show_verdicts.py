"""Verdicts as people and programs read them: a table, Markdown, JSON, JUnit XML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from suite import text_tables
from suite.claims.cells import NOT_KNOWN
from suite.judging.plain_numbers import Plain
from suite.judging.verdicts import NOT_JUDGED, UNDECIDED, Verdict, group_fields, to_frame
from suite.text_tables import number

_HEAD = ("", "claim", "in", "verdict", "expected", "estimate [low, high]", "band", "n")
_LISTED = 5
"""At most this many claims that were not judged are listed with their reasons."""


def table(verdicts: Sequence[Verdict], plain: Plain | None = None) -> str:
    """Return the verdicts as lines that fit the terminal; long names and counts wrap.

    ``!`` marks a claim that contradicts its expectation, ``?`` one that should have been decided.
    Notes below the table say why, with the claim in words and what its runs say in ``plain`` terms,
    and how many claims were not judged.
    """
    judged = _rows(verdicts)
    # Where the line would be too long, first the counts wrap, then the claim, then the group.
    lines = text_tables.columns([_HEAD, *judged], None, (len(_HEAD) - 1, 1, 2)) if judged else []
    notes = [line for note in _notes(verdicts, plain or {}) for line in text_tables.wrapped(note)]
    return "\n\n".join("\n".join(part) for part in (lines, notes) if part)


def markdown(verdicts: Sequence[Verdict], plain: Plain | None = None) -> str:
    """Return the same table as Markdown, with the notes as a list below it."""
    lines = text_tables.markdown([_HEAD, *_rows(verdicts)])
    notes = [f"- {text_tables.escape(note)}" for note in _notes(verdicts, plain or {})]
    return "\n\n".join("\n".join(part) for part in (lines, notes) if part)


def as_json(verdicts: Sequence[Verdict], code: int) -> str:
    """Return the rows of claims.csv and the exit code; an unknown or infinite number is null."""
    rows = [
        {key: plain(value) for key, value in row.items()}
        for row in to_frame(verdicts).to_dict("records")
    ]
    return json.dumps({"exit_code": code, "claims": rows}, indent=1, allow_nan=False)


def plain(value: object) -> object:
    """Return a value that JSON has: None in place of an unknown or infinite number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def problem(verdict: Verdict) -> str:
    """Return one sentence about a verdict that is not as it should be."""
    if verdict.contradicts:
        return (
            f"{verdict.verdict}, but expected {verdict.expected}: {verdict.metric},"
            f" {verdict.centre} {verdict.estimand}, is {estimate(verdict)}, band {verdict.band}"
        )
    return f"{verdict.verdict}: {verdict.reason}"


def in_full(verdict: Verdict, plain: Plain) -> str:
    """Return what a claim says, what became of it, and the numbers behind it in plain terms."""
    says = f"{verdict.statement.rstrip('.')}. " if verdict.statement else ""
    words = plain.get((verdict.claim, verdict.group), "")
    return f"{says}{problem(verdict)}{f'; {words}' if words else ''}"


def estimate(verdict: Verdict) -> str:
    """Return the estimate with its interval, such as ``0.38 [0.21, 0.47]``."""
    return f"{number(verdict.estimate)} [{number(verdict.low)}, {number(verdict.high)}]"


def _rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """Return a row for each verdict that was judged; a claim is named in its first row only."""
    rows: list[tuple[str, ...]] = []
    previous = ""
    for verdict in verdicts:
        if verdict.verdict == NOT_JUDGED:
            continue
        row = (
            mark(verdict),
            verdict.claim if verdict.claim != previous else "",
            " ".join(group_fields(verdict.group).values()),
            verdict.verdict,
            verdict.expected,
            estimate(verdict),
            str(verdict.band),
            f"{verdict.n} ({verdict.lost})" if verdict.lost else str(verdict.n),
        )
        rows.append(row)
        previous = verdict.claim
    return rows


def mark(verdict: Verdict) -> str:
    """Return ``!`` for a contradiction, ``?`` for a promise that was not kept, else nothing."""
    return "!" if verdict.contradicts else "?" if verdict.broken_promise else ""


def _notes(verdicts: Sequence[Verdict], plain: Plain) -> list[str]:
    notes = [
        f"{mark(verdict)} {verdict.name}: {in_full(verdict, plain)}"
        for verdict in verdicts
        if verdict.contradicts or verdict.broken_promise
    ]
    return notes + not_judged(verdicts)


def not_judged(verdicts: Sequence[Verdict]) -> list[str]:
    """Return why claims were not judged, in sentences: each of a few, or how many for a reason."""
    skipped = [verdict for verdict in verdicts if verdict.verdict == NOT_JUDGED]
    if len(skipped) <= _LISTED:
        return [f"{verdict.name} was not judged: {verdict.reason}" for verdict in skipped]
    notes = []
    by_reason: dict[str, set[str]] = {}
    for verdict in skipped:
        # Each framework that is not known is a reason; the others are too many to be listed.
        known = NOT_KNOWN not in verdict.reason
        reason = "this folder lacks the study or the cells" if known else verdict.reason
        by_reason.setdefault(reason, set()).add(verdict.claim)
    for reason, claims in by_reason.items():
        were = "1 claim was" if len(claims) == 1 else f"{len(claims)} claims were"
        notes.append(f"{were} not judged: {reason}")
    return notes


# --- for continuous integration ----------------------------------------------------------------

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdicts: Sequence[Verdict], asked: bool = False) -> str:
    """Return a JUnit XML document with one test case for each verdict.

    A contradiction is a failure, and so is a claim that this profile promised to decide and did
    not; ``check`` exits with an error for both. What is undecided without such a promise, or not
    judged, is skipped; where a judgement was ``asked`` for and missed, each claim of which nothing
    was judged is a failure. Characters that XML cannot hold become U+FFFD.
    """
    judged = {verdict.claim for verdict in verdicts if verdict.verdict != NOT_JUDGED}

    def fails(verdict: Verdict) -> bool:
        missed = asked and verdict.claim not in judged
        return verdict.contradicts or verdict.broken_promise or missed

    failures = [verdict for verdict in verdicts if fails(verdict)]
    skipped = [
        verdict
        for verdict in verdicts
        if verdict.verdict in (UNDECIDED, NOT_JUDGED) and not fails(verdict)
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
            kind = "contradiction" if verdict.contradicts else verdict.verdict
            text = _clean(problem(verdict))
            failure = ElementTree.SubElement(case, "failure", type=kind, message=text)
            failure.text = _clean(f"{verdict.statement}\n{text}\n{verdict.because}")
        elif verdict in skipped:
            ElementTree.SubElement(case, "skipped", message=_clean(problem(verdict)))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
