"""Measure and write tiny stacks of studies, for the tests of studies and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from suite import frameworks
from suite.planning import grids
from suite.report.common.drawing import Drawing, Tables
from suite.results.shards import Shard
from suite.results.tables import read_table, write_table
from suite.types import Array, Grid, Lab, Measurement, Stack, Status, Study, Value

BOTH = ("torch", "tensorflow")
Axes = Mapping[str, Value | Sequence[Value]]


def stacks(study: Study, framework: str, seeds: int, axes: Axes) -> list[Stack]:
    """Return the stacks of one grid of a study; an axis is given by its value or its values."""
    values = {name: [v] if isinstance(v, str | int | float) else v for name, v in axes.items()}
    small = type("Small", (type(study),), {"grids": lambda self, profile: (Grid(values, seeds),)})()
    return grids.stacks(small, grids.Selection("quick", (framework,)))


def measure(study: Study, stack: Stack, root: int = 0) -> Measurement:
    """Measure the supported members of a stack."""
    lab = Lab(frameworks.load(stack.framework), frameworks.load("numpy"), root)
    return study.measure(grids.supported(study, stack)[0], lab)


def column(measurement: Measurement, table: str, metric: str) -> Array:
    """Return a column of a table; its leading axis runs over the members."""
    return next(item for item in measurement.tables if item.name == table).columns[metric]


def complete(study: Study, measurement: Measurement, members: int) -> None:
    """Assert that a measurement has every table of the study with every metric and member."""
    assert [table.name for table in measurement.tables] == [spec.name for spec in study.tables]
    for spec, table in zip(study.tables, measurement.tables, strict=True):
        assert tuple(table.coordinates) == spec.coordinates
        assert set(table.columns) >= set(spec.metrics)
        for metric in spec.metrics:
            lengths = tuple(len(values) for values in table.coordinates.values())
            assert table.columns[metric].shape == (members, *lengths), metric


def shows(drawing: Drawing, values: Sequence[float] | pd.Series[float] | Array) -> bool:
    """Return whether a line of a figure, in any panel, has these heights."""
    lines = [line for axes in drawing.figure.axes for line in axes.lines]
    heights = [np.asarray(line.get_ydata(), dtype=np.float64) for line in lines]
    wanted = np.asarray(values, dtype=np.float64)
    return any(np.array_equal(height, wanted, equal_nan=True) for height in heights)


def written(folder: Path, study: Study, chosen: Sequence[Stack]) -> Tables:
    """Write the CSVs of measured stacks, and return the function that a page reads them with."""
    shards: dict[str, Shard] = {}
    for stack in chosen:
        kept, reasons = grids.supported(study, stack)
        measurement = measure(study, stack)
        positions = [n for n, reason in enumerate(reasons) if reason is None]
        status, why = [Status.UNSUPPORTED] * len(reasons), [reason or "" for reason in reasons]
        for place, ended, reason in zip(
            positions, measurement.status, measurement.reason, strict=True
        ):
            status[place], why[place] = ended, reason
        assert len(kept.members) == len(positions)
        tables = {table.name: table for table in measurement.tables}
        shards[stack.key] = Shard(tuple(status), tuple(why), tables, np.array(positions), {})
    for spec in study.tables:
        path = folder / study.name / f"{spec.name}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            write_table(file, study, spec, [(stack, shards[stack.key]) for stack in chosen])

    def tables_of(path: str, *required: str) -> pd.DataFrame | None:
        exists = (folder / path).exists()
        return read_table(folder / path, required) if exists else None

    return tables_of
