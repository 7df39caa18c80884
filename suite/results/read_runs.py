"""Read the runs of a study from a results folder, and refuse a table that no version writes.

Columns are identified by their names, so their order does not matter. A table may come from another
version of the suite: axes, metrics and values that this version does not know are accepted.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from suite.catalogue.registry import unknown
from suite.planning.axes import AXES, LARGEST
from suite.results.tables import header, read_table
from suite.studies import STUDIES
from suite.types import STATUSES, Study, UserError

if TYPE_CHECKING:
    import pandas as pd


def read_runs(folder: Path, study: str, required: Iterable[str] = ()) -> pd.DataFrame:
    """Return the runs of a study: its axes, seed, status, reason and metrics.

    ``required``: columns that must be there besides. Raises UserError where ``read_table`` does,
    and for an unknown status, an impossible seed, the table of another study, an empty field of an
    axis, and columns whose names were exchanged.
    """
    path = folder / study / "runs.csv"
    frame = read_table(path, [*required, "seed", "status", "reason"])
    for status in frame["status"].unique():
        if status not in STATUSES:
            raise UserError(f"{path}: {unknown('status', status, STATUSES)}")
    seeds = frame["seed"]
    if len(frame) and not (seeds.dtype.kind in "iu" and seeds.between(0, LARGEST).all()):
        raise UserError(
            f"{path}: the column 'seed' contains a value that is not a whole number from 0 to"
            f" {LARGEST}"
        )
    if study in STUDIES.names and (other := _owner(set(frame.columns), study)):
        raise UserError(f"{path} has the columns of another study, {other}")
    for name in AXES.names:
        if name in frame.columns and (frame[name].isna() | (frame[name] == "")).any():
            raise UserError(f"{path}: the column {name!r} has an empty field")
    _refuse_exchanged(path, frame)
    return frame


def read_cells(folder: Path, study: Study) -> pd.DataFrame:
    """Return the runs of a study with all its axes, those newer than the table with their default.

    Raises UserError as ``read_runs`` does, for an axis that is missing and has no default, and
    where two runs are the same without a missing axis: the table has lost a column.
    """
    axes = [axis for axis in AXES if axis.name in study.axes]
    frame = read_runs(folder, study.name, [axis.name for axis in axes if axis.default is None])
    newer = [axis for axis in axes if axis.name not in frame.columns]
    for axis in newer:
        later = AXES.names[AXES.names.index(axis.name) + 1 :]
        place = next((name for name in later if name in frame.columns), "seed")
        frame.insert(list(frame.columns).index(place), axis.name, axis.default)
    if newer and frame.duplicated([*study.axes, "seed"]).any():
        path = folder / study.name / "runs.csv"
        names = " or ".join(repr(axis.name) for axis in newer)
        raise UserError(f"{path} lacks the column {names}: without it two runs are the same")
    return frame


def _owner(columns: set[str], study: str) -> str:
    """Return the other study whose table of runs has these columns; empty where there is none."""
    owners = [other.name for other in STUDIES if set(header(other, other.tables[0])) == columns]
    return "" if study in owners or not owners else owners[0]


def _refuse_exchanged(path: Path, frame: pd.DataFrame) -> None:
    """Raise UserError where a column has no value of its axis, and only values of another axis.

    An axis that takes any word proves nothing, and a single unknown value may come from a newer
    version.
    """
    axes = [name for name in AXES.names if name in frame.columns]
    values = {name: list(frame[name].unique()) for name in axes}
    for name in axes:
        if not values[name] or any(_is_of(name, value) for value in values[name]):
            continue
        for other in axes:
            if other == name or AXES[other].local:
                continue
            if all(_is_of(other, value) for value in values[name]):
                given = ", ".join(map(str, values[name][:3]))
                raise UserError(
                    f"{path}: the column {name!r} contains values of {other!r}: {given}"
                )


def _is_of(axis: str, value: object) -> bool:
    """Return whether a stored value is a value of an axis."""
    try:
        AXES[axis].parse(value if isinstance(value, str) else str(value))
    except UserError:
        return False
    return True
