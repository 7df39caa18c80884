"""What A measured and B lacks, so that nothing is green because nothing was looked at.

| absent | found in |
| --- | --- |
| a study, a cell, a run | the rows that B's tables of runs do not have |
| a run that failed | its status |
| a metric | its column, or its field where it is empty; ``nan`` is a result |
| another table, or a column of one | the header of its file |
| a verdict | a claim that was judged on a group in A, and in B was not |
| something that is not comparable | a metric with another definition; axes that one side lacks |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from suite.comparing.allowed import Allowed
from suite.comparing.kinds import MISSING, NOT_COMPARABLE
from suite.comparing.paired_runs import FINISHED
from suite.comparing.verdict_changes import VerdictChange
from suite.judging.verdicts import group_fields
from suite.planning.axes import AXES

Fields = Mapping[str, str]
"""Axis -> value, for one cell or group."""
_NAMED = 3
"""At most this many items of one kind are named; the rest are counted."""


@dataclass(frozen=True)
class Absence:
    """Something that A measured and B lacks, in words, and whether the user allowed it."""

    what: str
    allowed: bool


def absences(
    metrics: pd.DataFrame,
    verdicts: Iterable[VerdictChange],
    tables: Iterable[tuple[str, str, str]],
    absent: Sequence[str],
    axes: Mapping[str, Sequence[str]],
    allowed: Allowed,
) -> list[Absence]:
    """Return what is missing, in the order of the table above.

    ``metrics``: as ``metric_changes`` returns them; ``tables``: study, name and what is missing;
    ``absent``: the studies that B did not run at all; ``axes``: study -> its axes in A.
    """
    found = []
    for accepted in (False, True):
        studies = [study for study in absent if allowed.study(study) is accepted]
        if studies:
            plural = "y" if len(studies) == 1 else "ies"
            found.append(Absence(f"the stud{plural} {some(studies)}", accepted))
    others = metrics[~metrics["study"].isin(list(absent))]
    cells = _Cells(axes, allowed)
    found += cells.gone(others)
    found += cells.runs(others)
    found += _metrics(others, cells, allowed)
    found += [
        Absence(what, allowed.part(study, name))
        for study, name, what in tables
        if study not in absent
    ]
    found += _verdicts([change for change in verdicts if change.study not in absent], allowed)
    return found


def some(items: Iterable[object], limit: int = _NAMED) -> str:
    """Return the first few of some items, and how many more there are."""
    names = list(map(str, items))
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class _Cells:
    """The cells of the studies of A, and which of them may be missing."""

    def __init__(self, axes: Mapping[str, Sequence[str]], allowed: Allowed) -> None:
        self.axes, self.allowed = axes, allowed

    def fields(self, row: Mapping[Any, Any]) -> dict[str, str]:
        """Return axis -> value for the cell of a row, its defaults included."""
        given = group_fields(row["cell"])
        return {
            axis: given.get(axis, str(AXES[axis].default) if axis in AXES else "")
            for axis in self.axes.get(row["study"], ())
        }

    def may(self, row: Mapping[Any, Any]) -> bool:
        """Return whether the cell of a row, or its study, may be missing."""
        return self.allowed.study(row["study"]) or self.allowed.cell(self.fields(row))

    def gone(self, metrics: pd.DataFrame) -> Iterator[Absence]:
        """Yield the cells of which B has no run, by the values that all of them share."""
        finished = metrics[metrics["metric"] == FINISHED.name]
        by_label: dict[tuple[str, bool], dict[str, int]] = {}
        for study, rows in finished.groupby("study", sort=False):
            records = rows.to_dict("records")
            present = [self.fields(row) for row in records if row["kind"] != MISSING]
            for accepted in (False, True):
                gone = [
                    row for row in records if row["kind"] == MISSING and self.may(row) is accepted
                ]
                everything = not present and len(gone) == len(records)
                for label, count in _labels(
                    [self.fields(row) for row in gone], present, everything
                ):
                    by_label.setdefault((label, accepted), {})[str(study)] = count
        for (label, accepted), counts in by_label.items():
            size = f"{_count(sum(counts.values()), 'cell')} of {some(counts)}"
            yield Absence(f"{label} ({size})" if label else size, accepted)

    def runs(self, metrics: pd.DataFrame) -> Iterator[Absence]:
        """Yield the runs that B lacks in cells that it has, and those that failed there."""
        finished = metrics[(metrics["metric"] == FINISHED.name) & (metrics["kind"] == MISSING)]
        gone = pd.MultiIndex.from_frame(finished[["study", "cell"]])
        kept = metrics[~pd.MultiIndex.from_frame(metrics[["study", "cell"]]).isin(gone)]
        for column in ("lost_runs", "lost_failed"):
            lost = kept[kept[column] > 0]
            by_cell: dict[tuple[str, str], int] = {}
            for study, cell, count in zip(lost["study"], lost["cell"], lost[column], strict=True):
                by_cell[study, cell] = max(count, by_cell.get((study, cell), 0))
            counts: dict[tuple[str, bool], list[int]] = {}
            for (study, cell), count in by_cell.items():
                accepted = self.may({"study": study, "cell": cell})
                accepted |= column == "lost_runs" and self.allowed.seeds
                counts.setdefault((study, accepted), []).append(count)
            for (study, accepted), numbers in counts.items():
                failed = " that failed" if column == "lost_failed" else ""
                where = f"{_count(len(numbers), 'cell')} of {study}"
                yield Absence(f"{_count(sum(numbers), 'run')}{failed} in {where}", accepted)


def _labels(
    gone: Sequence[Fields], present: Sequence[Fields], everything: bool
) -> Iterator[tuple[str, int]]:
    """Yield names for cells that are gone, with how many each names: a value of an axis that no
    cell has any more where there is one."""
    if everything:
        yield "all", len(gone)
        return
    left = list(gone)
    while left:
        counts: dict[tuple[str, str], int] = {}
        for cell in left:
            for pair in cell.items():
                counts[pair] = counts.get(pair, 0) + 1
        lost = [p for p in counts if all(cell[p[0]] != p[1] for cell in present)]
        if not lost:
            break
        axis, value = max(lost, key=lambda pair: counts[pair])
        yield f"{axis}={value}", counts[axis, value]
        left = [cell for cell in left if cell[axis] != value]
    if left:
        yield "", len(left)


def _metrics(metrics: pd.DataFrame, cells: _Cells, allowed: Allowed) -> Iterator[Absence]:
    """Yield the metrics that B did not measure in runs that it has, and those that are not
    compared."""
    refused = metrics[metrics["kind"] == NOT_COMPARABLE]
    for study, metric, reason in dict.fromkeys(
        refused[["study", "metric", "reason"]].itertuples(index=False, name=None)
    ):
        whole = not isinstance(metric, str)
        accepted = allowed.study(study) if whole else allowed.part(study, metric)
        yield Absence(f"{study if whole else f'{study}/{metric}'} ({reason})", accepted)
    empty = metrics[metrics["lost_values"] > 0]
    for (study, metric), rows in empty.groupby(["study", "metric"], sort=False):
        named = allowed.part(str(study), str(metric))
        by_allowed: dict[bool, list[dict[Any, Any]]] = {}
        for row in rows.to_dict("records"):
            by_allowed.setdefault(named or cells.may(row), []).append(row)
        for accepted, chosen in by_allowed.items():
            size = _count(len(chosen), "cell")
            if not all(row["kind"] == MISSING for row in chosen):
                size = f"{_count(sum(row['lost_values'] for row in chosen), 'run')} of {size}"
            yield Absence(f"{study}/{metric} ({size})", accepted)


def _verdicts(changes: Iterable[VerdictChange], allowed: Allowed) -> Iterator[Absence]:
    by_allowed: dict[bool, list[str]] = {}
    for change in changes:
        if change.unjudged:
            name = f"{change.claim} [{change.group}]" if change.group else change.claim
            accepted = (
                change.claim in allowed.claims
                or allowed.study(change.study)
                or allowed.cell(group_fields(change.group))
            )
            by_allowed.setdefault(accepted, []).append(name)
    for accepted, names in by_allowed.items():
        plural = "" if len(names) == 1 else "s"
        yield Absence(f"the verdict{plural} on {some(names)}", accepted)
