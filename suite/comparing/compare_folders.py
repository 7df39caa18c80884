"""Compare two results folders, or two values of an axis in one folder.

No framework is needed. Verdicts are the stored ones; metrics are compared run by run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from suite.catalogue.registry import unknown
from suite.comparing.absences import absences, some
from suite.comparing.allowed import Allowed, Measured
from suite.comparing.comparison import Comparison
from suite.comparing.environment_changes import environment_changes
from suite.comparing.kinds import NOT_COMPARABLE
from suite.comparing.metric_changes import metric_changes
from suite.comparing.paired_runs import axes_of
from suite.comparing.verdict_changes import verdict_changes
from suite.judging.verdicts import Verdict, group_fields, read_verdicts
from suite.planning.axes import AXES
from suite.plugins.record import remembered
from suite.results.compressed import locate, tables_in
from suite.results.folder import Results
from suite.results.manifest import Manifest
from suite.results.read_runs import read_runs
from suite.results.tables import read_head
from suite.types import UserError, Value


@dataclass(frozen=True)
class Folder:
    """What a results folder says, or a part of it: its manifest, study -> runs, verdicts, and
    study -> its other tables -> their columns."""

    path: Path
    manifest: Manifest
    runs: Mapping[str, pd.DataFrame]
    verdicts: Sequence[Verdict]
    tables: Mapping[str, Mapping[str, Sequence[str]]]

    @property
    def axes(self) -> dict[str, list[str]]:
        """Study -> the axes of its cells."""
        return {study: axes_of(frame) for study, frame in self.runs.items()}

    @property
    def label(self) -> str:
        """The path of the folder, and which run it holds."""
        runs = sum(map(len, self.runs.values()))
        profile, root = self.manifest.profile, self.manifest.root_seed
        return f"{self.path}: {profile}, root seed {root}, {runs:,} runs"

    def values(self, axis: str, least: int = 1) -> list[Value]:
        """Return the values of an axis in the studies that have at least ``least`` of them."""
        by_study = [list(frame[axis].unique()) for frame in self.runs.values() if axis in frame]
        kept = [values for values in by_study if len(values) >= least]
        return list(dict.fromkeys(value for values in kept for value in values))


def read_folder(path: Path) -> Folder:
    """Read a results folder, packed or not.

    Raise UserError where it is not a results folder, has not been judged, or has a table that
    cannot be read or that contains a run twice.
    """
    manifest = Results(path).manifest()
    stored = [name for name in manifest.studies if locate(path / name / "runs.csv") is not None]
    return Folder(
        path,
        manifest,
        {name: _runs(path, name) for name in stored},
        read_verdicts(path),
        {name: _other_tables(path / name) for name in stored},
    )


def _other_tables(folder: Path) -> dict[str, Sequence[str]]:
    """Return the tables of a study beside its runs: name -> columns; none where it has no row."""
    tables: dict[str, Sequence[str]] = {}
    for name, path in tables_in(folder).items():
        if name != "runs.csv":
            head = read_head(path)
            tables[name.removesuffix(".csv")] = head[0] if len(head) > 1 else ()
    return tables


def _runs(path: Path, study: str) -> pd.DataFrame:
    frame = read_runs(path, study)
    twice = int(frame.duplicated([*axes_of(frame), "seed"]).sum())
    if twice:
        raise UserError(f"{path / study / 'runs.csv'}: contains {twice} runs twice")
    return frame


def restricted(folder: Folder, chosen: Mapping[str, Sequence[str]]) -> Folder:
    """Return the cells that have one of the chosen values on each axis, and the verdicts on them.

    Studies without such an axis are left out, and so are verdicts whose group does not name it.
    Raise UserError for a value that the folder does not have.
    """
    for axis, texts in chosen.items():
        values = [stored_value(folder, axis, text) for text in texts]
        names = set(map(str, values))
        runs = {
            study: frame[frame[axis].isin(values)]
            for study, frame in folder.runs.items()
            if axis in frame
        }
        folder = replace(
            folder,
            runs={study: frame for study, frame in runs.items() if len(frame)},
            verdicts=[
                verdict
                for verdict in folder.verdicts
                if group_fields(verdict.group).get(axis) in names
            ],
        )
    return folder


def only_studies(folder: Folder, names: Collection[str]) -> Folder:
    """Return what a folder says about some studies."""
    return replace(
        folder,
        runs={study: frame for study, frame in folder.runs.items() if study in names},
        verdicts=[verdict for verdict in folder.verdicts if verdict.study in names],
        tables={study: tables for study, tables in folder.tables.items() if study in names},
    )


def measured(folder: Folder) -> Measured:
    """Return what a folder measured, by the names that ``--allow-missing`` takes."""
    values = {axis: list(map(str, folder.values(axis))) for axis in _all_axes(folder)}
    return Measured(
        {
            study: [
                *(str(name) for name in list(frame)[len(axes_of(frame)) + 3 :]),
                *folder.tables.get(study, ()),
            ]
            for study, frame in folder.runs.items()
        },
        values,
        list(dict.fromkeys(verdict.claim for verdict in folder.verdicts)),
    )


def _all_axes(folder: Folder) -> list[str]:
    return list(dict.fromkeys(axis for axes in folder.axes.values() for axis in axes))


def stored_value(folder: Folder, axis: str, text: str) -> Value:
    """Return the value of an axis that a text means: one that the folder has.

    Raise UserError where it is not a value of the axis or the folder does not have it.
    """
    values = folder.values(axis)
    by_text = {str(value): value for value in values}
    if text in by_text:  # also a framework that this installation does not know
        return by_text[text]
    with remembered(folder.manifest):
        value = AXES[axis].parse(text)
    if value not in values:
        raise unknown(f"{axis} in {folder.path}", value, values)
    return value


def compare_folders(a: Folder, b: Folder, allowed: Allowed | None = None) -> Comparison:
    """Compare the runs, the verdicts and the environments of two folders. ``allowed``: what B may
    lack."""
    studies = dict.fromkeys([*a.runs, *b.runs])
    same_draws = a.manifest.root_seed == b.manifest.root_seed
    planned = a.manifest.seeds is None and b.manifest.seeds is None
    metrics = metric_changes(
        {study: (_runs_or_none(study, a, b), _runs_or_none(study, b, a)) for study in studies},
        _redefined(a.manifest, b.manifest),
        certain=planned and same_draws,
    )
    verdicts = verdict_changes(a.verdicts, b.verdicts)
    absent = [study for study in a.runs if study not in b.runs]
    missing = absences(metrics, verdicts, _lost_tables(a, b), absent, a.axes, allowed or Allowed())
    return Comparison(
        a.label,
        b.label,
        environment_changes(a.manifest, b.manifest),
        verdicts,
        metrics,
        (*_notes(a, b), *_not_compared(metrics)),
        missing,
        absent,
    )


def _lost_tables(a: Folder, b: Folder) -> Iterator[tuple[str, str, str]]:
    """Yield study, table and what of it B lacks: the file, its rows or some columns. A table that
    was left out when B was packed is named in its manifest and no loss."""
    for study, tables in a.tables.items():
        for name, columns in tables.items():
            others = b.tables.get(study, {}).get(name)
            if f"{study}/{name}" in b.manifest.left_out or not columns:
                continue
            if not others:
                what = "is not there" if others is None else "has no rows"
                yield study, name, f"{study}/{name}.csv ({what})"
            elif lost := [column for column in columns if column not in others]:
                yield study, name, f"{study}/{name}.csv (its columns {some(lost)})"


def _runs_or_none(study: str, folder: Folder, other: Folder) -> pd.DataFrame:
    """Return the runs of a study; where a folder has none, no rows with the other's columns."""
    return folder.runs[study] if study in folder.runs else other.runs[study].iloc[:0]


def _redefined(a: Manifest, b: Manifest) -> set[str]:
    """Return the metrics that two runs define differently."""
    definitions = b.definitions or {}
    return {
        name
        for name, definition in (a.definitions or {}).items()
        if definitions.get(name, definition) != definition
    }


def _notes(a: Folder, b: Folder) -> list[str]:
    notes = []
    for side, folder, other in (("A", a, b), ("B", b, a)):
        if only := [study for study in folder.runs if study not in other.runs]:
            notes.append(f"only in {side}: the studies {', '.join(only)}")
    if a.manifest.root_seed != b.manifest.root_seed:
        notes.append("the root seeds differ, so the runs of a pair share no draws")
    for side, folder in (("A", a), ("B", b)):
        if folder.manifest.definitions is None:
            notes.append(
                f"{side} does not say how its metrics are defined; they are compared by name"
            )
    return notes


def _not_compared(metrics: pd.DataFrame) -> list[str]:
    """Return a note for each reason why something is not comparable, with what it is."""
    rows = metrics[metrics["kind"] == NOT_COMPARABLE]
    subject = rows["metric"].where(rows["metric"].notna(), "the study " + rows["study"])
    return [
        f"not compared ({reason}): {', '.join(names.unique())}"
        for reason, names in subject.groupby(rows["reason"], sort=False)
    ]


def compare_values(
    folder: Folder, axis: str, a: Value, b: Value, allowed: Allowed | None = None
) -> Comparison:
    """Compare two values of an axis in one folder: cells that differ in nothing else. ``allowed``:
    what the second may lack of what the first has."""
    runs: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for study, frame in folder.runs.items():
        if axis in axes_of(frame):
            of_a, of_b = (frame[frame[axis] == value].drop(columns=axis) for value in (a, b))
            if len(of_a) and len(of_b):
                runs[study] = of_a, of_b
    metrics = metric_changes(runs, certain=folder.manifest.seeds is None)
    return Comparison(
        f"{axis}={a} in {folder.label}",
        f"{axis}={b} in {folder.label}",
        [],
        verdict_changes(
            _without_axis(folder.verdicts, axis, a), _without_axis(folder.verdicts, axis, b)
        ),
        metrics,
        (f"claims: only those with a verdict for each {axis}",),
        absences(metrics, (), (), (), folder.axes, allowed or Allowed()),
    )


def _without_axis(verdicts: Sequence[Verdict], axis: str, value: Value) -> list[Verdict]:
    """Return the verdicts whose group has a value on an axis, with the axis left out of it."""
    result = []
    for verdict in verdicts:
        fields = group_fields(verdict.group)
        if fields.pop(axis, None) == str(value):
            group = " ".join(f"{name}={given}" for name, given in fields.items())
            result.append(replace(verdict, group=group))
    return result
