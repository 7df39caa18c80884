"""What became of the runs, why some of them did not end well, and what they took."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from suite.results.compressed import locate
from suite.results.manifest import Manifest
from suite.results.tables import read_table

MOST = 5
"""Reasons listed for each study; those of the most runs."""
# A whole number that stands alone, such as a layer's: not 0.5, conv2d or the 1 of normal(1).
_NUMBER = re.compile(r"(?<![\w.(])\d+(?!\w|\.\d)")


@dataclass(frozen=True)
class Reason:
    """Why ``runs`` runs have a status other than ok."""

    status: str
    text: str
    runs: int


@dataclass(frozen=True)
class Outcome:
    """Status -> number of runs of a study, with ``expected`` and ``missing``, and the reasons."""

    study: str
    found: Mapping[str, int]
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class Timing:
    """What the stacks of one study took: seconds of computing, and the largest peak memory."""

    study: str
    stacks: int
    seconds: float
    expected: float
    peak_bytes: float
    longest: Sequence[tuple[str, float]]


def table(path: Path, *required: str) -> pd.DataFrame | None:
    """A table, plain or compressed, or None when it is not there."""
    return None if locate(path) is None else read_table(path, required)


def outcomes(runs: Mapping[str, pd.DataFrame | None], manifest: Manifest) -> list[Outcome]:
    """What became of each study that the manifest expects; ``runs``: study -> runs.csv."""

    def of_study(study: str) -> Outcome:
        rows = runs.get(study)
        counts = {} if rows is None else rows["status"].value_counts().to_dict()
        found = {str(status): int(count) for status, count in counts.items()}
        wanted = manifest.expected[study].runs
        # What was expected and is not there is missing.
        whole = {**found, "missing": max(0, wanted - sum(found.values())), "expected": wanted}
        return Outcome(study, whole, [] if rows is None else reasons(rows))

    return [of_study(study) for study in manifest.expected]


def reasons(rows: pd.DataFrame) -> list[Reason]:
    """Why runs are not ok, the most frequent first; what is beyond ``MOST`` is summed up.

    Reasons that differ only in their numbers are one, with the range of each number.
    """
    found: dict[tuple[str, tuple[str, ...]], tuple[int, list[list[int]]]] = {}
    bad = rows[rows["status"] != "ok"]
    for (status, reason), count in Counter(zip(bad["status"], bad["reason"], strict=True)).items():
        key = status, tuple(_NUMBER.split(reason))
        runs, numbers = found.get(key, (0, []))
        here = [int(number) for number in _NUMBER.findall(reason)]
        found[key] = runs + count, [*numbers, here]
    listed = [
        Reason(status, _with_ranges(words, numbers), runs)
        for (status, words), (runs, numbers) in found.items()
    ]
    listed.sort(key=lambda reason: -reason.runs)
    if rest := sum(reason.runs for reason in listed[MOST:]):
        return [*listed[:MOST], Reason("", f"{len(listed) - MOST} other reasons", rest)]
    return listed


def _with_ranges(words: Sequence[str], numbers: Sequence[Sequence[int]]) -> str:
    """The words with a number, or the range of the numbers, in each of their gaps."""
    gaps = [(min(column), max(column)) for column in zip(*numbers, strict=True)]
    filled = [str(low) if low == high else f"{low} to {high}" for low, high in gaps]
    text = "".join(word + gap for word, gap in zip(words, [*filled, ""], strict=True))
    return text or "no reason given"


def timings(path: Path) -> tuple[Mapping[str, float], Sequence[Timing]] | None:
    """Seconds of each stage of the run, then each study with its three longest stacks."""
    rows = table(path, "stage", "seconds", "study", "label")
    if rows is None:
        return None
    # The stage of the page itself is known only once the page is drawn: a page drawn again would
    # differ from the first.
    stages = rows[~rows["stage"].isin(("stack", "report"))]
    return dict(zip(stages["stage"], stages["seconds"], strict=True)), [
        _timing(str(study), of_study)
        for study, of_study in rows[rows["stage"] == "stack"].groupby("study", sort=False)
    ]


def _timing(study: str, rows: pd.DataFrame) -> Timing:
    longest = rows.nlargest(3, "seconds")
    return Timing(
        study,
        len(rows),
        rows["seconds"].sum(),
        rows["expected_seconds"].sum(),
        rows["process_peak_bytes"].max(),
        list(zip(longest["label"], longest["seconds"], strict=True)),
    )
