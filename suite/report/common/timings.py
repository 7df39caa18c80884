"""What the stages of a run and the stacks of each study took, from timings.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

COLUMNS = ("stage", "seconds", "study", "label", "expected_seconds", "process_peak_bytes")
"""The columns of timings.csv that the page needs."""


@dataclass(frozen=True)
class Timing:
    """What the stacks of one study took: seconds of computing, and the largest peak memory in
    bytes. ``longest``: the labels and seconds of the three longest."""

    study: str
    stacks: int
    seconds: float
    expected: float
    peak_bytes: float
    longest: Sequence[tuple[str, float]]


def timings(rows: pd.DataFrame) -> tuple[Mapping[str, float], Sequence[Timing]]:
    """Return the seconds of each stage of the run, then what each study took."""
    # The stage of the page itself is known only once the page is drawn: a page drawn again would
    # differ from the first.
    stages = rows[~rows["stage"].isin(("stack", "report"))]
    return dict(zip(stages["stage"], stages["seconds"], strict=True)), [
        _timing(str(study), stacks)
        for study, stacks in rows[rows["stage"] == "stack"].groupby("study", sort=False)
    ]


def _timing(study: str, stacks: pd.DataFrame) -> Timing:
    longest = stacks.nlargest(3, "seconds")
    return Timing(
        study,
        len(stacks),
        stacks["seconds"].sum(),
        stacks["expected_seconds"].sum(),
        stacks["process_peak_bytes"].max(),
        list(zip(longest["label"], longest["seconds"], strict=True)),
    )
