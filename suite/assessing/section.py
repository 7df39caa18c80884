"""A section of a passport, and records made of rows of summary.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from suite.text_tables import number

Value = str | float | int
Record = Mapping[str, Value]


@dataclass(frozen=True)
class Section:
    """A part of a passport: its title, sentences, and records that have the same headings."""

    title: str
    sentences: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()


def interval(centre: float, low: float, high: float) -> str:
    """Return an estimate and its interval as text."""
    return f"{number(centre)} [{number(low)}, {number(high)}]"


def rows_of(summary: pd.DataFrame, study: str, **fields: str) -> pd.DataFrame:
    """Return the rows of a study whose axes have these values; none where it was not measured."""
    rows = summary[summary["study"] == study]
    for axis, value in fields.items():
        rows = rows[rows[axis] == value] if axis in rows else rows.iloc[:0]
    return rows


def by_cell(rows: pd.DataFrame, by: Sequence[str], wanted: Mapping[str, str]) -> tuple[Record, ...]:
    """Return a record for each cell with the centres of some metrics: metric -> heading."""
    records: list[Record] = []
    for key, group in rows.groupby(list(by), sort=False):
        centre = group.drop_duplicates("metric").set_index("metric")["centre"]
        found = {heading: float(centre[name]) for name, heading in wanted.items() if name in centre}
        if found:
            records.append({**dict(zip(by, map(str, key), strict=True)), **found})
    return tuple(records)
