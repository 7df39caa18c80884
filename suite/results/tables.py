"""Measured arrays to CSV rows, and CSV files to data frames.

A table has one row for each run (``per="run"``) or for each cell (``per="seeds"``: median and
quantiles over the ok seeds) and combination of its coordinates; cell fields come first. Floats
are written as the shortest decimal that reads back as the same bits. An empty field was not
measured; ``nan`` is a result.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.results.compressed import UNREADABLE, locate
from suite.results.shards import Shard
from suite.types import Array, Cell, Stack, Study, Table, TableSpec, UserError, float64

if TYPE_CHECKING:
    import pandas as pd

LOW, HIGH = 0.05, 0.95
"""Quantiles over seeds beside the median, in tables that are written per cell."""
_TEXT = (
    "status",
    "reason",
    "study",
    "metric",
    "unit",
    "stage",
    "stack",
    "label",
    *(axis.name for axis in AXES if axis.holds == "name"),
)


def write_table(
    file: IO[str], study: Study, spec: TableSpec, shards: Iterable[tuple[Stack, Shard]]
) -> None:
    """Write a table of a study from its stacks with their shards, in the order of the plan.

    In that order the blocks of one program follow each other: a table with one row for each cell
    takes the seeds of all of them together.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header(study, spec))
    if spec.per == "seeds":
        for _, blocks in groupby(shards, key=lambda pair: pair[0].shared):
            writer.writerows(_cell_rows(spec, list(blocks)))
    else:
        for stack, shard in shards:
            writer.writerows(_run_rows(spec, stack, shard))


def header(study: Study, spec: TableSpec) -> list[str]:
    """The columns of a table's CSV."""
    if spec.per == "seeds":
        values = [f"{name}{end}" for name in spec.metrics for end in ("", "_low", "_high")]
        return [*study.axes, *spec.coordinates, "n", *values]
    state = ["status", "reason"] if spec.name == "runs" else []
    return [*study.axes, "seed", *state, *spec.coordinates, *spec.metrics]


def _run_rows(spec: TableSpec, stack: Stack, shard: Shard) -> Iterator[list[object]]:
    """One row for each run and combination of coordinates."""
    table = shard.tables.get(spec.name, Table(spec.name, {}, {}))
    position = {int(member): row for row, member in enumerate(shard.kept)}
    columns = [table.columns.get(name) for name in spec.metrics]
    lists = [None if column is None else column.tolist() for column in columns]
    for index, member in enumerate(stack.members):
        if spec.seed_limit is not None and member.seed >= spec.seed_limit:
            continue
        values = [value for _, value in member.cell.values]
        row = position.get(index)
        if spec.name == "runs":
            state = [shard.status[index], shard.reason[index]]
            measured = [None if row is None or v is None else v[row] for v in lists]
            yield [*values, member.seed, *state, *measured]
        elif row is not None:
            for at, point in _points(table):
                inner = [None if column is None else column[row][at].item() for column in columns]
                yield [*values, member.seed, *point, *inner]


def _points(table: Table) -> Iterator[tuple[tuple[int, ...], list[object]]]:
    """Index and values of every combination of a table's coordinates."""
    axes = [values.tolist() for values in table.coordinates.values()]
    for at in np.ndindex(*map(len, axes)):
        yield at, [axis[i] for axis, i in zip(axes, at, strict=True)]


def _cell_rows(spec: TableSpec, group: Sequence[tuple[Stack, Shard]]) -> Iterator[list[object]]:
    """One row for each cell and combination of coordinates: quantiles over the ok seeds."""
    places: dict[Cell, list[tuple[int, int]]] = {}
    for block, (stack, shard) in enumerate(group):
        for row, index in enumerate(shard.kept):
            if shard.status[index] == "ok":
                places.setdefault(stack.members[index].cell, []).append((block, row))
    for cell, found in places.items():
        table = group[found[0][0]][1].tables[spec.name]
        values = [value for _, value in cell.values]
        columns: list[object] = []
        for name in spec.metrics:
            if name in table.columns:
                seeds = [
                    group[block][1].tables[spec.name].columns[name][row] for block, row in found
                ]
                columns += [quantile.tolist() for quantile in _quantiles(np.stack(seeds))]
            else:
                columns += [None] * 3
        for at, point in _points(table):
            inner = [_at(column, at) for column in columns]
            yield [*values, *point, len(found), *inner]


def _quantiles(values: Array) -> list[Array]:
    """Median, low and high over the leading axis, interpolated as NumPy does; NaN where a value
    is NaN. Between equal infinities, and at a weight of zero, NumPy's own would give NaN."""
    ordered = np.sort(float64(values), axis=0)
    result = []
    for quantile in (0.5, LOW, HIGH):
        place = quantile * (len(ordered) - 1)
        below = math.floor(place)
        low, high = ordered[below], ordered[math.ceil(place)]
        with np.errstate(invalid="ignore"):
            between = low + (high - low) * (place - below)
        between = np.where((low == high) | (place == below), low, between)
        result.append(np.where(np.isnan(ordered[-1]), np.nan, between))
    return result


def _at(column: Any, at: tuple[int, ...]) -> object:
    for index in at:
        column = None if column is None else column[index]
    return column


def read_table(path: Path, required: Iterable[str] = ()) -> pd.DataFrame:
    """A CSV of a results folder, also gzip-compressed: names as str, numbers as numbers.

    Columns are known by their names: in a table of runs the axes come first, wherever they stand
    in the file. Raises UserError when it is not there, cannot be read, lacks a required column or
    has one twice, holds text where numbers belong, or has more fields in a row than in its head.
    """
    import pandas as pd  # here: the command line must start without it

    plain = path
    path = locate(path) or path
    try:
        head = pd.read_csv(path, nrows=1, header=None, dtype=str, keep_default_na=False)
        columns = [str(name) for name in head.iloc[0]]
        frame = pd.read_csv(
            path,
            dtype={name: str for name in columns if name in _TEXT},
            keep_default_na=False,
            na_values={name: ["", "nan"] for name in columns if name not in _TEXT},
        )
        if path == plain and not _ends(path):
            raise ValueError("it is cut off, its last line does not end")
    except FileNotFoundError:
        raise UserError(f"{path} is not there: was its study run?") from None
    except (ValueError, *UNREADABLE) as error:
        text = " ".join(str(error).split())
        raise UserError(f"{path} is no table of this suite: {text}") from error
    for name in columns:
        if columns.count(name) > 1:
            raise UserError(f"{path} has the column {name!r} twice")
    frame.columns = pd.Index(columns)  # as they are there: pandas makes up names for empty ones
    for name in required:
        if name not in frame.columns:
            raise UserError(f"{path} lacks the column {name!r}")
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(f"{path} has rows with more fields than its head")
    for name in frame.columns:
        if name not in _TEXT and frame[name].dtype.kind not in "iufb" and len(frame):
            raise UserError(f"{path}: the column {name!r} holds something that is no number")
    return frame if (order := in_order(columns)) == columns else frame[order]


def in_order(columns: Sequence[str]) -> list[str]:
    """The columns of a table of runs as ``header`` has them, whatever the order in the file: known
    axes, unknown ones (before the seed), the seed, then the rest. Of other tables: as they are."""
    if "seed" not in columns:
        return list(columns)
    known = [name for name in AXES.names if name in columns]
    others = [name for name in columns if name not in known]
    late = {"status", "reason", *METRICS.names}
    unknown = [name for name in others[: others.index("seed")] if name not in late]
    return [*known, *unknown, "seed", *(n for n in others if n not in {*unknown, "seed"})]


def _ends(path: Path) -> bool:
    """Whether a file ends with the end of a line. A number that is cut off is another number."""
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def missing_rows(study: Study, stacks: Sequence[Stack], frame: pd.DataFrame) -> pd.DataFrame:
    """The runs of a study, with a row of status ``missing`` for each expected run not there."""
    import pandas as pd

    keys = [*study.axes, "seed"]
    found = partial(frame[keys].itertuples, index=False, name=None)

    def expected() -> Iterator[tuple[object, ...]]:
        for stack in stacks:
            for member in stack.members:
                yield (*(value for _, value in member.cell.values), member.seed)

    # As a run writes them, without holding a million of them twice.
    if all(one == other for one, other in zip_longest(found(), expected())):
        return frame
    there = set(found())
    lacking = [run for run in expected() if run not in there]
    if not lacking:
        return frame
    absent = pd.DataFrame(lacking, columns=keys).assign(status="missing", reason="was not run")
    return pd.concat([frame, absent], ignore_index=True)
