"""The findings of a results folder: what its rows show without any claim, explained or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from suite.discovery.by_place import in_tables
from suite.discovery.by_seed import PREDICTED, between_values, from_predictions
from suite.discovery.explanations import (
    Explanation,
    explains,
    explanations,
    holding,
    not_judged,
)
from suite.discovery.kinds import COLUMNS, FRAMEWORKS, PREDICTION
from suite.judging.verdicts import Verdict

OPEN = "open question"
"""Stands in ``explained_by`` where a finding was looked into and its reason is not known."""
ERROR = "stated error"
"""Stands there where the difference is no larger than the error that an explanation states."""
ABSENT = "not judged: "
"""Stands there before the claims that would explain it, where the folder cannot judge them."""


def findings(
    folder: Path,
    runs: Mapping[str, pd.DataFrame],
    verdicts: Sequence[Verdict],
    planned: bool,
) -> pd.DataFrame:
    """Return the findings of a folder, with ``COLUMNS``: unexplained ones first, largest first.

    ``runs``: study -> its runs. ``planned``: each study has the seeds that it plans. Raise
    UserError for a table that cannot be read.
    """
    rows = found(folder, runs, planned)
    predicted = _predicted_differences(rows)
    held = _by_subject(holding(explanations(), verdicts))
    absent = _by_subject(not_judged(explanations(), verdicts))
    for row in rows:
        subject = row["kind"], row["study"]
        row["explained_by"] = _explained(
            row, held.get(subject, ()), absent.get(subject, ()), predicted
        )
    kept = [row for row in rows if not row["metric"].endswith(PREDICTED)]
    table = pd.DataFrame(kept, columns=[*COLUMNS])
    order = table.assign(known=table["explained_by"].map(_rank))
    order = order.sort_values(["known", "size"], ascending=[True, False], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def found(folder: Path, runs: Mapping[str, pd.DataFrame], planned: bool) -> list[dict[str, Any]]:
    """Return a row for each finding of a folder, those of predictions included, with ``COLUMNS``
    but the last and what ``explains`` needs besides. Arguments and errors as in ``findings``."""
    return [
        *between_values(runs, planned),
        *from_predictions(runs, planned),
        *in_tables(folder, list(runs)),
    ]


def _rank(explained_by: str) -> int:
    if not explained_by:
        return 0
    return 1 if explained_by == OPEN or explained_by.startswith(ABSENT) else 2


def _by_subject(given: Sequence[Explanation]) -> dict[tuple[str, str], list[Explanation]]:
    """Return (kind, study) -> the explanations of such findings, in their order."""
    found: dict[tuple[str, str], list[Explanation]] = {}
    for each in given:
        found.setdefault((each.kind, each.study), []).append(each)
    return found


def _explained(
    row: Mapping[str, Any],
    held: Sequence[Explanation],
    absent: Sequence[Explanation],
    predicted: set[tuple[str, str, str]],
) -> str:
    fitting = [each for each in held if explains(each, row)]
    for each in fitting:
        if each.claims or each.bounded:
            return " ".join(each.claims) or ERROR
    if row["kind"] == FRAMEWORKS and _key(row) in predicted:
        return PREDICTION
    for each in absent:
        if explains(each, row):
            return ABSENT + " ".join(each.claims)
    return OPEN if fitting else ""


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["study"], row["metric"], row["cell"]


def _predicted_differences(rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    """Return the differences between frameworks that their predictions have too, where neither
    framework's measurement leaves its own prediction: (study, metric, cell)."""
    expected = {
        (row["study"], row["metric"].removesuffix(PREDICTED), row["cell"])
        for row in rows
        if row["kind"] == FRAMEWORKS and row["metric"].endswith(PREDICTED)
    }
    missed = {
        (row["study"], row["metric"], _without_framework(row["cell"]))
        for row in rows
        if row["kind"] == PREDICTION
    }
    return expected - missed


def _without_framework(cell: str) -> str:
    return " ".join(part for part in cell.split(" ") if not part.startswith("framework="))


def unexplained(table: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that nothing explains and nobody has looked into."""
    return table[table["explained_by"] == ""]
