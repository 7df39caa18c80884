"""The board: what a run or a check ends with, on one screen.

It answers in this order: is anything not as it should be, what do the headline claims say, what did
the rows show that no claim explains, and where to go on. ``suite check --all`` prints everything.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from suite.claims.claim import Expectation
from suite.discovery import show_findings
from suite.judging.judge_folder import Judged
from suite.judging.show_verdicts import estimate, in_full, mark, not_judged
from suite.judging.verdicts import NOT_JUDGED, RULINGS, UNDECIDED, Verdict, group_fields
from suite.text_tables import columns, width, wrapped

if TYPE_CHECKING:
    import pandas as pd

LINES = 28
"""The lines of a screen where nobody says how many there are."""
_LEAST = 24
"""A window that is lower scrolls."""
_FINDINGS = 2
"""The unexplained findings that are shown."""
_TROUBLE = 10
"""The most lines about what is not as it should be; the first verdict is always shown in full."""
_REASONS = 2
"""The most reasons why claims were not judged that are shown."""
_HEADLINES = 3
"""The fewest headline claims that are shown, however little room is left."""
_EXPECTED = ", as expected"


def lines(
    folder: Path, judged: Judged, findings: pd.DataFrame | None, options: Sequence[str] = ()
) -> list[str]:
    """Return the board of a results folder.

    ``findings``: the rows of findings.csv; None beside a user's claims. ``options``: words that
    ``suite check`` needs to judge the same way, such as ``--claims FILE``.
    """
    verdicts = judged.verdicts
    parts = [
        [*_completeness(judged), *_counts(verdicts)],
        _trouble(judged),
        _skipped(verdicts),
        _beyond(findings, judged.added),
        _onward(folder, verdicts, options),
    ]
    used = sum(len(part) + 1 for part in parts if part)
    parts.insert(3, _headlines(verdicts, _height() - used - 2))
    return [line for part in parts if part for line in (*part, "")][:-1]


def _height() -> int:
    """Return the lines that the board may have; always the same where the output is piped."""
    if not sys.stdout.isatty():
        return LINES
    return max(shutil.get_terminal_size((0, LINES)).lines - 1, _LEAST)


def _completeness(judged: Judged) -> list[str]:
    """Say how many runs are stored where some are missing."""
    runs = sum(len(frame) for frame in judged.runs.values())
    missing = sum(int((frame["status"] == "missing").sum()) for frame in judged.runs.values())
    return [f"incomplete: {runs - missing:,} of {runs:,} runs are stored"] if missing else []


def _counts(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the number of verdicts of each kind, by what was expected, and what that comes to."""
    claims = len({verdict.claim for verdict in verdicts})
    judged = [verdict for verdict in verdicts if verdict.verdict != NOT_JUDGED]
    if not judged:
        return [f"none of {claims:,} claims could be judged: their cells are not in this folder"]
    expectations: tuple[str, ...] = get_args(Expectation)
    rows: list[tuple[str, ...]] = [("verdict", *(f"expected {name}" for name in expectations))]
    rows[0] = (*rows[0][:-1], "no expectation")
    for ruling in RULINGS:
        counted = (
            [v for v in verdicts if (v.verdict, v.expected) == (ruling, name)]
            for name in expectations
        )
        rows.append((ruling, *map(_count, counted)))
    head = f"{len(judged):,} verdicts on {len({v.claim for v in judged}):,} of {claims:,} claims"
    against = sum(verdict.contradicts for verdict in judged)
    broken = sum(verdict.broken_promise for verdict in judged)
    if not against and not broken:
        head += ": none contradicts its expectation, and every promised one is decided"
    return [*wrapped(head), *columns(rows, right=range(1, len(rows[0])))]


def _count(verdicts: Sequence[Verdict]) -> str:
    """Return a number of verdicts, with a sign where they contradict what was expected."""
    return f"{'! ' * any(v.contradicts for v in verdicts)}{len(verdicts):,}"


def _trouble(judged: Judged) -> list[str]:
    """Return the contradictions and broken promises in full, as many as there is room for."""
    odd = [v for v in judged.verdicts if v.contradicts or v.broken_promise]
    waiting = [v for v in odd if v.broken_promise and (v.missing or v.failed)]
    listed = sorted((v for v in odd if v not in waiting), key=lambda v: not v.contradicts)
    result: list[str] = []
    shown = 0
    for verdict in listed:
        words = wrapped(f"{mark(verdict)} {verdict.name}: {in_full(verdict, judged.plain)}")
        if shown and len(result) + len(words) > _TROUBLE:
            break
        result += words
        shown += 1
    left = listed[shown:]
    against = sum(verdict.contradicts for verdict in left)
    for sign, count, what in (
        ("!", against, "contradict their expectation"),
        ("?", len(left) - against, "are undecided though this profile promised to decide them"),
    ):
        if count:
            result += wrapped(f"{sign} {count:,} more {what}")
    if waiting:
        first = waiting[0]
        result += wrapped(
            f"? {len(waiting):,} promised verdicts lack runs that failed or are missing, as"
            f" {first.name}: {first.reason}"
        )
    return result


def _skipped(verdicts: Sequence[Verdict]) -> list[str]:
    """Return why claims were not judged, where there is more to say than how many these are."""
    reasons = not_judged(verdicts)
    return [line for reason in reasons[:_REASONS] for line in wrapped(reason)]


def _headlines(verdicts: Sequence[Verdict], room: int) -> list[str]:
    """Return a line for each of the headline claims for which there is room, first one of every
    study; a line for each verdict where there are no more than that."""
    judged = [verdict for verdict in verdicts if verdict.verdict != NOT_JUDGED]
    few = len(judged) <= max(room, _HEADLINES)
    by_claim: dict[str, list[Verdict]] = {}
    for verdict in judged:
        if few or verdict.headline:
            by_claim.setdefault(verdict.name if few else verdict.claim, []).append(verdict)
    if not by_claim:
        return []
    order = _one_of_each_study(by_claim.values())
    shown = order[: max(room, _HEADLINES)]
    head = ("", f"{'' if few else 'headline '}claim", "verdict", "estimate", "in")
    rows = [head, *map(_row, shown)]
    if _wide(rows) > width():
        rows = [row[:-1] for row in rows]
    if _wide(rows) > width() and all(row[2].endswith(_EXPECTED) for row in rows[1:]):
        heads = (*rows[0][:2], _EXPECTED.strip(", "), *rows[0][3:])
        rows = [heads, *((*r[:2], r[2].removesuffix(_EXPECTED), *r[3:]) for r in rows[1:])]
    before = _wide([row[:-1] for row in rows]) + 2
    rows = [  # the interval goes before what was expected, and only where a line is too long
        row if before + len(row[-1]) <= width() else (*row[:-1], row[-1].partition(" [")[0])
        for row in rows
    ]
    result = columns(rows, breakable=(1,))
    if left := len(order) - len(shown):
        result.append(f"   and {left:,} more headline claims")
    return result


def _one_of_each_study(claims: Iterable[Sequence[Verdict]]) -> list[Sequence[Verdict]]:
    """Return the claims so that the first of each study come first, then the second of each."""
    ranks: dict[str, int] = {}
    ranked = []
    for verdicts in claims:
        study = verdicts[0].study
        ranks[study] = ranks.get(study, -1) + 1
        ranked.append((ranks[study], verdicts))
    return [verdicts for _, verdicts in sorted(ranked, key=lambda pair: pair[0])]


def _wide(rows: Sequence[tuple[str, ...]]) -> int:
    """Return the characters of a line of these rows."""
    return sum(max(map(len, column)) + 2 for column in zip(*rows, strict=True)) - 2


def _row(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return the line of a claim: of its groups the one that is the least clear."""
    closest = min(verdicts, key=lambda v: (not v.contradicts, v.verdict != UNDECIDED, v.margin))
    where = " ".join(group_fields(closest.group).values())
    if others := len(verdicts) - 1:
        where += f" (clearer in {others} more)"
    told = f"{closest.verdict}{_EXPECTED * (closest.as_expected is True)}"
    return mark(closest), closest.claim, told, estimate(closest), where


def _beyond(findings: pd.DataFrame | None, added: bool) -> list[str]:
    if findings is None:
        return []
    return show_findings.lines(findings, _FINDINGS, added).splitlines()


def _onward(folder: Path, verdicts: Sequence[Verdict], options: Sequence[str]) -> list[str]:
    """Return where the page lies, and the commands that come next."""
    judged = [verdict for verdict in verdicts if verdict.verdict != NOT_JUDGED]
    judged.sort(key=lambda v: (not v.contradicts, not v.broken_promise, not v.headline))
    claim = judged[0].claim if judged else "CLAIM"
    place = str(folder)
    page = folder / "report.html"
    steps = [
        (["suite", "explain", claim, place, *options], "one claim with its rows"),
        (["suite", "check", place, *options, "--all"], "every verdict"),
        (["suite", "compare", "OTHER", place], "what differs from another run"),
    ]
    if not page.exists():
        steps.append((["suite", "report", place], "draw the page"))
    rows = [(shlex.join(words), why) for words, why in steps]
    size = max(len(command) for command, _ in rows)
    fits = size + 2 + max(len(why) for _, why in rows) <= width()
    shown = [f"{command.ljust(size)}  {why}" if fits else command for command, why in rows]
    return [*([f"page: {page}"] if page.exists() else []), *shown]
