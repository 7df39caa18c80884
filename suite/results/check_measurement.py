"""Refuse a measurement that does not have the tables that its study declares.

A column that no table declares would be lost without a warning, and the declared one would stay
empty. A misspelt name is a mistake in the study, and its first stack fails with it.
"""

from __future__ import annotations

from suite.catalogue.registry import unknown
from suite.types import STATUSES, Measurement, Study, Table, TableSpec


class MeasurementError(ValueError):
    """A study returned something other than its tables declare."""


def check_measurement(study: Study, measurement: Measurement, members: int, measured: int) -> None:
    """Raise MeasurementError unless a measurement has the declared form.

    ``members``: how many have a status and a reason; ``measured``: how many the columns have, 0
    where nothing was measured and there are no tables. The message names the study, the table, the
    column and the nearest name that is declared.
    """
    if not len(measurement.status) == len(measurement.reason) == members:
        raise MeasurementError(
            f"{study.name}: {len(measurement.status)} statuses and {len(measurement.reason)}"
            f" reasons for {members} members"
        )
    for status in measurement.status:
        if status not in STATUSES:
            raise MeasurementError(f"{study.name}: {unknown('status', status, STATUSES)}")
    specs = {spec.name: spec for spec in study.tables}
    names = [table.name for table in measurement.tables]
    for table in measurement.tables:
        if table.name not in specs:
            raise MeasurementError(str(unknown(f"table of {study.name}", table.name, specs)))
        _check_table(study, specs[table.name], table, measured)
    expected = list(specs) if measured else []
    if sorted(names) != sorted(expected):
        raise MeasurementError(
            f"{study.name} returned the tables {', '.join(names) or 'none'}"
            f" (declared, each once: {', '.join(expected) or 'none'})"
        )


def _check_table(study: Study, spec: TableSpec, table: Table, measured: int) -> None:
    place = f"{study.name}/{table.name}"
    if tuple(table.coordinates) != spec.coordinates:
        raise MeasurementError(
            f"{place} has the coordinates {', '.join(table.coordinates) or 'none'}"
            f" (declared: {', '.join(spec.coordinates) or 'none'})"
        )
    for axis, values in table.coordinates.items():
        if values.ndim != 1:
            raise MeasurementError(f"{place}: the coordinate {axis!r} has {values.ndim} dimensions")
    shape = (measured, *(len(values) for values in table.coordinates.values()))
    axes = ", ".join(["members", *spec.coordinates])
    for name, column in table.columns.items():
        if name not in spec.every:
            raise MeasurementError(str(unknown(f"column of {place}", name, spec.every)))
        if column.shape != shape:
            raise MeasurementError(
                f"{place}: the column {name!r} has the shape {column.shape}, not {shape} ({axes})"
            )
        if column.dtype.kind not in "biuf":
            raise MeasurementError(
                f"{place}: the column {name!r} holds {column.dtype}, which are not numbers"
            )
