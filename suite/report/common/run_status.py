"""How many runs of each study ended with which status, and why some did not end well."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from suite.results.manifest import Manifest
from suite.types import Status

MOST = 5
"""Reasons listed for each study, those of the most runs; the others are counted together."""
# A whole number that stands alone, such as a layer's: not 0.5, conv2d or the 1 of normal(1).
_NUMBER = re.compile(r"(?<![\w.(])\d+(?!\w|\.\d)")


@dataclass(frozen=True)
class Reason:
    """Why ``runs`` runs have a status other than ok."""

    status: str
    text: str
    runs: int


@dataclass(frozen=True)
class StatusCounts:
    """The runs of a study by status, ``missing`` ones included, beside the number expected."""

    study: str
    expected: int
    runs: Mapping[str, int]
    reasons: Sequence[Reason]


def status_counts(
    runs: Mapping[str, pd.DataFrame | None], manifest: Manifest
) -> list[StatusCounts]:
    """Count the runs of each study that the manifest expects; ``runs``: study -> runs.csv."""
    return [
        _of_study(study, runs.get(study), expected.runs)
        for study, expected in manifest.expected.items()
    ]


def incomplete(counts: Sequence[StatusCounts]) -> str:
    """Return how many of the expected runs are stored, in a sentence; empty where all are."""
    expected = sum(of_study.expected for of_study in counts)
    missing = sum(of_study.runs.get(Status.MISSING, 0) for of_study in counts)
    if not missing:
        return ""
    return (
        f"Incomplete: {expected - missing:,} of {expected:,} runs are stored; the run goes on or"
        " was interrupted."
    )


def _of_study(study: str, rows: pd.DataFrame | None, expected: int) -> StatusCounts:
    if rows is None:
        return StatusCounts(study, expected, {Status.MISSING: expected}, [])
    counts = {str(status): int(count) for status, count in rows["status"].value_counts().items()}
    missing = max(0, expected - sum(counts.values()))
    return StatusCounts(study, expected, {**counts, Status.MISSING: missing}, reasons(rows))


def reasons(rows: pd.DataFrame) -> list[Reason]:
    """Return why runs are not ok, the most frequent reasons first.

    Reasons that differ only in their numbers are one, with the range of each number. Those beyond
    the first ``MOST`` are counted together.
    """
    runs: Counter[tuple[str, tuple[str, ...]]] = Counter()
    numbers: dict[tuple[str, tuple[str, ...]], list[list[int]]] = defaultdict(list)
    bad = rows[rows["status"] != Status.OK]
    for (status, reason), count in Counter(zip(bad["status"], bad["reason"], strict=True)).items():
        key = status, tuple(_NUMBER.split(reason))
        runs[key] += count
        numbers[key].append([int(number) for number in _NUMBER.findall(reason)])
    listed = [
        Reason(status, _with_ranges(words, numbers[status, words]), count)
        for (status, words), count in runs.most_common()
    ]
    if rest := sum(reason.runs for reason in listed[MOST:]):
        return [*listed[:MOST], Reason("", f"{len(listed) - MOST} other reasons", rest)]
    return listed


def _with_ranges(words: Sequence[str], numbers: Sequence[Sequence[int]]) -> str:
    """The words with a number, or the range of the numbers, in each of their gaps."""
    ranges = [(min(column), max(column)) for column in zip(*numbers, strict=True)]
    gaps = [str(low) if low == high else f"{low} to {high}" for low, high in ranges]
    text = "".join(word + gap for word, gap in zip(words, [*gaps, ""], strict=True))
    return text or "no reason given"
