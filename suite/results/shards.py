"""Write and read shards: the arrays measured on one stack, in a file that cannot run code."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

from suite.results.check_measurement import check_measurement
from suite.types import Array, Measurement, Stack, Status, Study, Table

DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""The errors that reading a truncated or altered shard raises, depending on where it is damaged."""
Tables = defaultdict[str, dict[str, Array]]
"""Table -> name -> array."""


@dataclass(frozen=True)
class Shard:
    """The measurement of one stack, for all its members (the unsupported ones included)."""

    status: tuple[Status, ...]
    reason: tuple[str, ...]
    tables: Mapping[str, Table]
    kept: Array
    """(K,) positions of the measured members: the leading axis of every column."""
    timings: Mapping[str, float | str]


def save_shard(
    file: IO[bytes],
    study: Study,
    stack: Stack,
    measurement: Measurement,
    kept: Sequence[int],
    timings: Mapping[str, float | str],
) -> None:
    """Write the measurement of a stack into a file.

    ``kept`` has the positions of the members that were measured. Raises MeasurementError, with
    nothing written, where the measurement is not what the study declares.
    """
    check_measurement(study, measurement, len(stack.members), len(kept))
    arrays: dict[str, Array] = {
        "stack": np.array(stack.key),
        "status": np.array(measurement.status, dtype=np.str_),
        "reason": np.array(measurement.reason, dtype=np.str_),
        "kept": np.array(kept, dtype=np.int64),
        "timings": np.array(json.dumps(dict(timings))),
    }
    for table in measurement.tables:
        for axis, values in table.coordinates.items():
            arrays[f"{table.name}/coordinate/{axis}"] = values
        for name, column in table.columns.items():
            arrays[f"{table.name}/column/{name}"] = column
    arrays["arrays"] = np.array(len(arrays))
    # numpy's stubs bind its own keyword to the first of these arrays.
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def read_shard(file: IO[bytes], stack: Stack) -> Shard:
    """Read the shard of a stack.

    Raises one of ``DAMAGED`` where the file is damaged, or belongs to another stack because it was
    renamed by hand.
    """
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if str(arrays["stack"]) != stack.key or len(arrays["status"]) != len(stack.members):
        raise ValueError("the shard belongs to another stack")
    if int(arrays["arrays"]) != len(arrays) - 1:
        raise ValueError("the shard lacks an array")  # the directory of a zip has no checksum
    coordinates, columns = Tables(dict), Tables(dict)
    kinds = {"coordinate": coordinates, "column": columns}
    for path, array in arrays.items():
        if "/" in path:
            table, kind, name = path.split("/", 2)
            kinds[kind][table][name] = array
    return Shard(
        tuple(Status(str(status)) for status in arrays["status"]),
        tuple(map(str, arrays["reason"])),
        # A table of which nothing was measured has coordinates alone.
        {
            name: Table(name, coordinates[name], columns[name])
            for name in {**coordinates, **columns}
        },
        arrays["kept"],
        json.loads(str(arrays["timings"])),
    )


def read_timings(file: IO[bytes]) -> dict[str, float | str]:
    """Read what a stack took and on which processor, without the rest of its shard.

    Raises one of ``DAMAGED``.
    """
    with np.load(file, allow_pickle=False) as stored:
        timings: dict[str, float | str] = json.loads(str(stored["timings"]))
    return timings
