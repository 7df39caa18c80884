"""What the page says beyond the claims: findings that nothing explains, those that claims explain,
and the runs that did not end well, each with a link to its rows in the explorer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from suite.discovery import show_findings
from suite.discovery.findings import ABSENT, ERROR, OPEN, unexplained
from suite.discovery.kinds import COLUMNS, FINDINGS, PREDICTION
from suite.judging.verdicts import group_fields
from suite.planning.axes import AXES, nondefault_fields
from suite.report.figures import table
from suite.studies import STUDIES
from suite.types import Status

MOST = 400
"""The unexplained findings that the page lists; findings.csv has all."""
MOST_EXPLAINED = 8
"""The findings that are listed below the claims that explain them, the largest."""
MOST_CELLS = 40
"""The cells that are listed for each reason why runs did not end well."""
_OTHERS = (PREDICTION, ERROR, OPEN)
"""What explains findings in place of claims."""
_NUMBER = re.compile(r"\d+(\.\d+)?")
"""A number in a reason: reasons that differ in their numbers alone are one."""


@dataclass(frozen=True)
class Finding:
    """A row of findings.csv, and the address of its cell in the explorer; empty without one."""

    row: Mapping[str, Any]
    address: str


@dataclass(frozen=True)
class Explained:
    """The findings that the same claims explain: the largest of them, and how many there are."""

    claims: Sequence[str]
    """Identifiers of claims; empty where something else explains them."""
    words: str
    """What stands before the claims, or explains in their place."""
    count: int
    largest: Sequence[Finding]


@dataclass(frozen=True)
class Lost:
    """Runs of a study that did not end well for one reason, and their cells with addresses."""

    study: str
    status: str
    reason: str
    runs: int
    cells: Sequence[tuple[str, str]]
    more: int


@dataclass(frozen=True)
class Beyond:
    """The findings of a folder: a sentence with their counts, and the findings."""

    counts: str
    unexplained: Sequence[Finding]
    more: int
    explained: Sequence[Explained]


def beyond(folder: Path, explored: Collection[str]) -> Beyond | None:
    """Return the findings of a folder; None without findings.csv.

    ``explored``: the studies that the explorer has. Raise UserError for a table that cannot be
    read.
    """
    found = table(folder, FINDINGS, *COLUMNS)
    if found is None:
        return None
    found = found.fillna({"explained_by": "", "at": "", "cell": "", "unit": ""})
    new = unexplained(found)
    return Beyond(
        _counted(show_findings.counts(found)),
        [_finding(row, explored) for row in new.head(MOST).to_dict("records")],
        max(len(new) - MOST, 0),
        _explained(found[found["explained_by"] != ""], explored),
    )


def _counted(line: str) -> str:
    """Return the counts of findings as a sentence below a heading that says what is counted."""
    number, _, kinds = line.partition(": ")[2].partition(" ")
    return f"{number} finding{'s' * (number != '1')} {kinds}" if kinds else line


def _explained(found: pd.DataFrame, explored: Collection[str]) -> list[Explained]:
    """Return the groups of findings with the same explanation, those with most findings first."""
    groups = []
    for by, rows in found.groupby("explained_by", sort=False):
        text = str(by)
        claims = [] if text in _OTHERS else text.removeprefix(ABSENT).split(" ")
        prefix = ABSENT if text.startswith(ABSENT) else "" if claims else text
        shown = rows.head(MOST_EXPLAINED).to_dict("records")
        largest = [_finding(row, explored) for row in shown]
        groups.append(Explained(claims, prefix, len(rows), largest))
    return sorted(groups, key=lambda group: -group.count)


def _finding(row: Mapping[Any, Any], explored: Collection[str]) -> Finding:
    fields = group_fields(row["cell"])
    metric = row["metric"] if row["table"] == "runs" else ""
    return Finding(row, address(row["study"], fields, explored, metric))


def address(
    study: str, fields: Mapping[str, object], explored: Collection[str], metric: str = ""
) -> str:
    """Return the address of a cell in the explorer, ``fields``: those that are no defaults; empty
    where the explorer does not have the study."""
    if study not in explored:
        return ""
    axes = [axis for axis in STUDIES[study].axes if axis != "framework"]
    values = {axis: fields.get(axis, AXES[axis].default) for axis in axes}
    known = {axis: str(value) for axis, value in values.items() if value is not None}
    metrics = {"metric": metric} if metric else {}
    return "explore&" + urlencode({"study": study, **metrics, **known})


def lost(runs: Mapping[str, pd.DataFrame | None], explored: Collection[str]) -> list[Lost]:
    """Return why runs did not end well, what failed first; ``runs``: study -> runs.csv."""
    found = []
    for study, frame in runs.items():
        if frame is None:
            continue
        bad = frame[frame["status"] != Status.OK]
        axes = [axis for axis in AXES.names if axis in frame.columns]
        words = bad["reason"].fillna("").map(lambda reason: _NUMBER.sub("…", str(reason)))
        for (status, reason), rows in bad.groupby([bad["status"], words], sort=False):
            cells = rows[axes].drop_duplicates().to_dict("records")
            shown = [
                (
                    nondefault_fields({str(axis): value for axis, value in cell.items()}),
                    address(study, {str(axis): value for axis, value in cell.items()}, explored),
                )
                for cell in cells[:MOST_CELLS]
            ]
            text = str(reason) or "no reason given"
            more = max(len(cells) - MOST_CELLS, 0)
            found.append(Lost(study, str(status), text, len(rows), shown, more))
    order = [str(status) for status in (Status.FAILED, Status.DIVERGED, Status.UNSUPPORTED)]
    return sorted(found, key=lambda one: order.index(one.status) if one.status in order else 3)
