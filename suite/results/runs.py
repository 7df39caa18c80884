"""The runs of a study as a results folder holds them: what every command that reads them refuses.

A table of runs is known by the names of its columns, so their order does not matter. What it holds
may come from another version of the suite: axes, metrics and values that this one does not know
are no damage. Refused is what no version writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from suite.catalogue.registry import unknown
from suite.planning.axes import AXES, LARGEST
from suite.results.tables import header, read_table
from suite.studies import STUDIES
from suite.types import STATUSES, UserError

if TYPE_CHECKING:
    import pandas as pd


def read_runs(folder: Path, study: str, required: Iterable[str] = ()) -> pd.DataFrame:
    """The runs of a study: its axes, seed, status, reason and metrics, and ``required``.

    Raises UserError, besides what ``read_table`` refuses, for a status that there is not, a seed
    that no run has, the table of another study, an axis that is empty in a row, and
    columns whose names were exchanged.
    """
    path = folder / study / "runs.csv"
    frame = read_table(path, [*required, "seed", "status", "reason"])
    for status in frame["status"].unique():
        if status not in STATUSES:
            raise UserError(f"{path}: {unknown('status', status, STATUSES)}")
    seeds = frame["seed"]
    if len(frame) and not (seeds.dtype.kind in "iu" and seeds.between(0, LARGEST).all()):
        raise UserError(
            f"{path}: the column 'seed' holds something that is no whole number from 0 to {LARGEST}"
        )
    if study in STUDIES and (other := _owner(set(frame.columns), study)):
        raise UserError(f"{path} has the columns of another study, {other}")
    for name in AXES.names:
        if name in frame.columns and (frame[name].isna() | (frame[name] == "")).any():
            raise UserError(f"{path}: the column {name!r} has an empty field")
    _refuse_exchanged(path, frame)
    return frame


def _owner(columns: set[str], study: str) -> str:
    """The other study whose table of runs has these columns; empty where there is none."""
    owners = [one.name for one in STUDIES if set(header(one, one.tables[0])) == columns]
    return "" if study in owners or not owners else owners[0]


def _refuse_exchanged(path: Path, frame: pd.DataFrame) -> None:
    """Raise UserError where an axis holds no value of its own and those of another axis alone.

    Axes that take any word are no proof, and a single unknown value may be a newer version's."""
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
                raise UserError(f"{path}: the column {name!r} holds values of {other!r}: {given}")


def _is_of(axis: str, value: object) -> bool:
    """Whether a stored value is one of an axis."""
    try:
        AXES[axis].parse(value if isinstance(value, str) else str(value))
    except UserError:
        return False
    return True
