"""Write measured arrays as the rows of a CSV, and read CSVs as data frames.

A table has one row for each run (``per="run"``) or for each cell (``per="seeds"``: median and
quantiles over the ok seeds) and combination of its coordinates; cell fields come first. Floats
are written as the shortest decimal that reads back as the same bits. An empty field was not
measured; ``nan`` is a result (``not_measured``).
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import StringIO
from itertools import groupby, zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from suite.catalogue.registry import SEPARATOR
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.results.compressed import UNREADABLE, locate, open_text
from suite.results.not_measured import EMPTY
from suite.results.plain_text import check_table, not_utf8
from suite.results.shards import Shard
from suite.types import Array, Cell, Stack, Status, Study, Table, TableSpec, UserError, float64

if TYPE_CHECKING:
    import pandas as pd

LOW, HIGH = 0.05, 0.95
"""The quantiles over seeds that stand beside the median, in tables with one row per cell."""
_TEXT = (
    "status",
    "reason",
    "study",
    "metric",
    "unit",
    "stage",
    "stack",
    "processor",
    "label",
    # findings.csv
    "kind",
    "table",
    "cell",
    "at",
    "a",
    "b",
    "explained_by",
    # attribution.csv
    "whose",
    "subject",
    "middle",
    "others",
    "other_values",
    *(axis.name for axis in AXES if axis.holds == "name"),
)
"""The columns that contain text; all others contain numbers."""


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


def for_stacks(spec: TableSpec, stacks: Iterable[Stack]) -> TableSpec:
    """Return the table that some stacks of a study write: with the metrics that need a user's data
    only where one of them has such data."""
    if spec.brought and any(_on_brought_data(stack) for stack in stacks):
        return replace(spec, metrics=spec.every, brought=())
    return spec


def _on_brought_data(stack: Stack) -> bool:
    return any(axis == "dataset" and SEPARATOR in str(value) for axis, value in stack.shared)


def header(study: Study, spec: TableSpec) -> list[str]:
    """Return the columns of a table's CSV."""
    if spec.per == "seeds":
        values = [f"{name}{end}" for name in spec.metrics for end in ("", "_low", "_high")]
        return [*study.axes, *spec.coordinates, "n", *values]
    state = ["status", "reason"] if spec.name == "runs" else []
    return [*study.axes, "seed", *state, *spec.coordinates, *spec.metrics]


def _run_rows(spec: TableSpec, stack: Stack, shard: Shard) -> Iterator[list[object]]:
    """Yield one row for each run and combination of coordinates."""
    table = shard.tables.get(spec.name, Table(spec.name, {}, {}))
    row_of = {int(place): row for row, place in enumerate(shard.kept)}
    columns = [table.columns.get(name) for name in spec.metrics]
    lists = [None if column is None else column.tolist() for column in columns]
    for place, member in enumerate(stack.members):
        if spec.seed_limit is not None and member.seed >= spec.seed_limit:
            continue
        fields = [value for _, value in member.cell.values]
        row = row_of.get(place)
        if spec.name == "runs":
            state = [shard.status[place], shard.reason[place]]
            numbers = [None if row is None or v is None else v[row] for v in lists]
            yield [*fields, member.seed, *state, *numbers]
        elif row is not None:
            for index, point in _points(table):
                numbers = [None if v is None else v[row][index].item() for v in columns]
                yield [*fields, member.seed, *point, *numbers]


def _points(table: Table) -> Iterator[tuple[tuple[int, ...], list[object]]]:
    """Yield the index and the values of every combination of a table's coordinates."""
    axes = [values.tolist() for values in table.coordinates.values()]
    for index in np.ndindex(*map(len, axes)):
        yield index, [axis[i] for axis, i in zip(axes, index, strict=True)]


def _cell_rows(spec: TableSpec, blocks: Sequence[tuple[Stack, Shard]]) -> Iterator[list[object]]:
    """Yield one row for each cell and combination of coordinates: quantiles over the ok seeds.

    ``blocks``: all blocks of seeds of one program.
    """
    seeds_of: dict[Cell, list[tuple[Table, int]]] = {}
    for stack, shard in blocks:
        for row, index in enumerate(shard.kept):
            if shard.status[index] == Status.OK:
                cell = stack.members[index].cell
                seeds_of.setdefault(cell, []).append((shard.tables[spec.name], row))
    for cell, seeds in seeds_of.items():
        first, _ = seeds[0]
        fields = [value for _, value in cell.values]
        columns: list[object] = []
        for name in spec.metrics:
            if name in first.columns:
                values = np.stack([table.columns[name][row] for table, row in seeds])
                columns += [quantile.tolist() for quantile in _quantiles(values)]
            else:
                columns += [None] * 3
        for index, point in _points(first):
            numbers = [_entry(column, index) for column in columns]
            yield [*fields, *point, len(seeds), *numbers]


def _quantiles(values: Array) -> list[Array]:
    """Return the median, the low and the high quantile over the leading axis.

    They are interpolated as NumPy does, and NaN where a value is NaN. Between equal infinities, and
    where an infinity has no weight, NumPy's own function would return NaN.
    """
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


def _entry(column: Any, index: tuple[int, ...]) -> object:
    """Return an entry of nested lists, or None where there is no column."""
    for place in index:
        column = None if column is None else column[place]
    return column


_READ: dict[Path, pd.DataFrame] | None = None
"""The tables that were read since a block of ``reading_once`` began; None outside of one."""


@contextmanager
def reading_once() -> Iterator[None]:
    """Read each table of a folder once while the block runs, in which nothing writes them."""
    global _READ
    outer, _READ = _READ, {}
    try:
        yield
    finally:
        _READ = outer


def read_table(path: Path, required: Iterable[str] = ()) -> pd.DataFrame:
    """Read a CSV of a results folder, plain or compressed: names as str, numbers as numbers.

    Columns are identified by their names: in a table of runs the axes come first, wherever they
    stand in the file. Raises UserError where the file does not exist or cannot be read, lacks a
    required column or has one twice, contains text where numbers belong, or has a row with more or
    fewer fields than its header.
    """
    import pandas as pd  # here: the command line must start without it

    plain = path
    path = locate(path) or path
    required = tuple(required)
    if _READ is not None and path in _READ and not {*required} - {*_READ[path].columns}:
        return _READ[path].copy(deep=False)  # pandas copies what a reader changes
    try:
        check_table(path)
        head = pd.read_csv(path, nrows=1, header=None, dtype=str, keep_default_na=False)
        columns = [str(name) for name in head.iloc[0]]
        frame = pd.read_csv(
            path,
            dtype={name: str for name in columns if name in _TEXT},
            keep_default_na=False,
            na_values={name: ["", "nan"] for name in columns if name not in _TEXT},
        )
        if path == plain and not _ends(path):
            raise ValueError("it is cut off: its last line does not end")
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: was its study run?") from None
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    except (ValueError, *UNREADABLE) as error:
        text = " ".join(str(error).split())
        raise UserError(f"{path} is not a table of this suite: {text}") from error
    for name in columns:
        if columns.count(name) > 1:
            raise UserError(f"{path} has the column {name!r} twice")
    frame.columns = pd.Index(columns)  # as in the file: pandas invents names for empty ones
    for name in required:
        if name not in frame.columns:
            raise UserError(f"{path} lacks the column {name!r}")
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(f"{path} has rows with more fields than its header")
    for name in frame.columns:
        if name not in _TEXT and frame[name].dtype.kind not in "iufb" and len(frame):
            raise UserError(
                f"{path}: the column {name!r} contains a non-numeric value{_example(frame[name])}"
            )
    _mark_empty(path, frame)
    frame = frame if (order := in_order(columns)) == columns else frame[order]
    if _READ is not None:
        _READ[path] = frame.copy(deep=False)
    return frame


def _example(column: pd.Series[str]) -> str:
    """Return the first value of a column that is not a number, and what it may be."""
    texts = column.astype(str)
    (value,) = texts[texts.map(lambda text: not _is_number(text))].head(1)
    if re.fullmatch(r"[-+]?\d*,\d+(e[-+]?\d+)?", value, re.IGNORECASE):
        return f", {value!r}: decimal numbers need a point"
    return f", {value[:40]!r}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_head(path: Path) -> list[list[str]]:
    """Return the header of a CSV and its first row, fewer where it has fewer. Raise UserError as
    ``read_table`` does."""
    try:
        return check_table(path)
    except UNREADABLE as error:
        raise UserError(f"{path} is not a table of this suite: {error}") from error


def _mark_empty(path: Path, frame: pd.DataFrame) -> None:
    """Give the empty fields of the numeric columns their own NaN, in place.

    Raises UserError for a row with fewer fields than the header.
    """
    import pandas as pd

    unknown = [name for name in frame.columns if name not in _TEXT and frame[name].isna().any()]
    if not unknown:
        return
    with open_text(path) as file:
        text = file.read()
    if "nan" in text:
        texts = pd.read_csv(StringIO(text), usecols=unknown, dtype=str, keep_default_na=False)
        empty = {name: (texts[name] == "").to_numpy() for name in unknown}
    else:  # nothing else was read as NaN
        empty = {name: frame[name].isna().to_numpy() for name in unknown}
    last = frame.columns[-1]
    if last in empty and empty[last].any():  # pandas fills up a row that is too short
        rows = csv.reader(StringIO(text, newline=""))
        for number, row in enumerate(filter(None, rows), 1):
            if len(row) < len(frame.columns):
                raise UserError(
                    f"{path}: row {number} has fewer fields than the header:"
                    f" {len(row)} of {len(frame.columns)}"
                )
    for name in unknown:
        frame[name] = np.where(empty[name], EMPTY, frame[name].to_numpy(np.float64))


def in_order(columns: Sequence[str]) -> list[str]:
    """Return the columns of a table of runs in the order of ``header``; others as they are.

    First the known axes, then unknown ones (columns before the seed), the seed, and the rest.
    """
    if "seed" not in columns:
        return list(columns)
    known = [name for name in AXES.names if name in columns]
    others = [name for name in columns if name not in known]
    late = {"status", "reason", *METRICS.names}
    unknown = [name for name in others[: others.index("seed")] if name not in late]
    return [*known, *unknown, "seed", *(n for n in others if n not in {*unknown, "seed"})]


def _ends(path: Path) -> bool:
    """Return whether a file ends with the end of a line: a number cut off is another number."""
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def missing_rows(study: Study, stacks: Sequence[Stack], frame: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a study with a row of status ``missing`` for each run that has none.

    ``stacks``: the expected runs.
    """
    import pandas as pd

    keys = [*study.axes, "seed"]
    stored = partial(frame[keys].itertuples, index=False, name=None)

    def expected() -> Iterator[tuple[object, ...]]:
        for stack in stacks:
            for member in stack.members:
                yield (*(value for _, value in member.cell.values), member.seed)

    # A run writes them all in this order: a million of them need not be kept in a set.
    if all(run == other for run, other in zip_longest(stored(), expected())):
        return frame
    present = set(stored())
    absent = [run for run in expected() if run not in present]
    if not absent:
        return frame
    rows = pd.DataFrame(absent, columns=keys).assign(
        status=Status.MISSING.value, reason="was not run"
    )
    return pd.concat([frame, rows], ignore_index=True)
