"""The results folder: shards, tables, manifest. All that is written is written atomically.

Each finished stack is one immutable shard, ``shards/<stack key>.npz``: the arrays that were
measured, and nothing that could run code. The CSVs are the shards in the order of the plan; they
can be made again at any time. Floats are written as the shortest decimal that reads back as the
same bits; an empty field was not measured, ``nan`` is a result.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from suite.results import manifest as manifests
from suite.results.manifest import IDENTITY, MANIFEST, Manifest
from suite.results.tables import Shard, write_table
from suite.types import Array, Measurement, Stack, Study, Table, UserError

if TYPE_CHECKING:
    import pandas as pd

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}")
"""The name of a file that ``replacing`` has not finished."""


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file that takes the place of ``path`` when the block ends without an error.

    Its content is on the disk before its name: after a loss of power the name stands for the
    old file or for the new one, never for a part of it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = "b" not in mode
    try:
        with draft.open(
            mode, encoding="utf-8" if text else None, newline="" if text else None
        ) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        with suppress(OSError):  # the error that matters is the one above
            draft.unlink(missing_ok=True)


class Results:
    """A results folder on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- opening -------------------------------------------------------------------------------

    def open(self, manifest: Manifest) -> bool:
        """Make the folder for a run, or take up the same run; True when it was there already.

        The caller holds the folder's lock: what a killed process was writing is removed. Raises
        UserError, with nothing written, when the folder is not writable, holds files that are no
        results folder, or holds another run (another plan, code, version or root seed).
        """
        path = self.folder / MANIFEST
        self.admit(manifest)
        resumed = path.exists()
        self.make()
        try:
            (self.folder / "shards").mkdir(exist_ok=True)
            for draft in self.folder.rglob(".*"):
                if _DRAFT.fullmatch(draft.name):
                    draft.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        if not resumed:
            self.write_text(MANIFEST, manifests.encode(manifest.values()))
        return resumed

    def admit(self, manifest: Manifest) -> None:
        """Raise UserError, with nothing written, unless the folder is new or holds this run."""
        try:
            if (self.folder / MANIFEST).exists():
                self._must_match(self.manifest(), manifest)
            elif self.folder.exists() and (not self.folder.is_dir() or self._foreign()):
                raise UserError(
                    f"{self.folder} exists but is not a results folder (it has no {MANIFEST});"
                    " choose an empty or new folder with --out"
                )
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(
            f"cannot write to {self.folder}: {error.strerror}; choose another folder with --out"
        )

    def make(self) -> None:
        """Make the folder where it is not there. Raises UserError when it is not writable."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self.folder / ".writable"):
                pass
            (self.folder / ".writable").unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def _foreign(self) -> bool:
        """Whether the folder holds anything that an interrupted start would not have left."""
        return any(
            not entry.name.startswith(".") and entry.name != "shards"
            for entry in self.folder.iterdir()
        )

    def _must_match(self, stored: Manifest, wanted: Manifest) -> None:
        old, new = stored.values(), wanted.values()
        for key in IDENTITY:
            if old[key] != new[key]:
                raise UserError(
                    f"{self.folder} holds another run: {_difference(key, old[key], new[key])};"
                    " choose another folder with --out"
                )

    def manifest(self) -> Manifest:
        """Read the manifest. Raises UserError where it is absent, damaged or of another schema."""
        return manifests.read(self.folder / MANIFEST)

    def write_text(self, name: str, content: str) -> None:
        """Write a text file, atomically."""
        with replacing(self.folder / name) as file:
            file.write(content)

    # --- shards --------------------------------------------------------------------------------

    def _shard(self, stack: Stack) -> Path:
        return self.folder / "shards" / f"{stack.key}.npz"

    def write(
        self,
        stack: Stack,
        measurement: Measurement,
        kept: Sequence[int],
        timings: Mapping[str, float],
    ) -> None:
        """Store the measurement of a stack as its shard; see ``save_shard``."""
        with replacing(self._shard(stack), "wb") as file:
            save_shard(file, stack, measurement, kept, timings)

    def write_shard(self, stack: Stack, content: bytes) -> None:
        """Store the content of a shard that ``save_shard`` wrote elsewhere."""
        with replacing(self._shard(stack), "wb") as file:
            file.write(content)

    def read(self, stack: Stack) -> Shard | None:
        """What a stack gave, or None when it is not stored or its file is damaged."""
        try:
            with self._shard(stack).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            shard = _shard(arrays, stack.key)
        except _DAMAGED:
            return None
        return shard if len(shard.status) == len(stack.members) else None

    def timings(self, stack: Stack) -> Mapping[str, float]:
        """What a stored stack took, without reading the rest of its shard; empty where unknown."""
        try:
            with np.load(self._shard(stack), allow_pickle=False) as stored:
                timings: dict[str, float] = json.loads(str(stored["timings"]))
        except _DAMAGED:
            return {}
        return timings

    def finished(self, stack: Stack) -> bool:
        """Whether a stack is stored and did not fail: a failed one is tried again."""
        shard = self.read(stack)
        return shard is not None and "failed" not in shard.status

    # --- tables --------------------------------------------------------------------------------

    def collect(self, study: Study, stacks: Sequence[Stack]) -> None:
        """Write a study's CSVs from the shards that are there, in the order of the stacks."""
        (self.folder / study.name).mkdir(exist_ok=True)
        for spec in study.tables:
            with replacing(self.folder / study.name / f"{spec.name}.csv") as file:
                write_table(file, study, spec, stacks, self.read)

    def write_frame(self, name: str, frame: pd.DataFrame, unknown: str = "") -> None:
        """Write a table of the judging wing; ``unknown`` is what a NaN is written as."""
        with replacing(self.folder / name) as file:
            frame.to_csv(file, index=False, lineterminator="\n", na_rep=unknown)


def save_shard(
    file: IO[bytes],
    stack: Stack,
    measurement: Measurement,
    kept: Sequence[int],
    timings: Mapping[str, float],
) -> None:
    """Write the measurement of a stack into a file; ``kept`` has the positions of the members
    that were measured."""
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


_DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a truncated or altered shard raises, depending on where it was hit."""


def _shard(arrays: Mapping[str, Array], key: str) -> Shard:
    """A shard from its arrays. Raises KeyError or ValueError when they are not those of a stack
    with this key (a file that was renamed by hand, say)."""
    if str(arrays["stack"]) != key:
        raise ValueError("the shard of another stack")
    if int(arrays["arrays"]) != len(arrays) - 1:
        raise ValueError("a shard that lost an array")  # the directory of a zip has no checksum
    tables: dict[str, tuple[dict[str, Array], dict[str, Array]]] = {}
    for name, array in arrays.items():
        if "/" in name:
            table, kind, what = name.split("/", 2)
            tables.setdefault(table, ({}, {}))[kind == "column"][what] = array
    return Shard(
        tuple(map(str, arrays["status"])),
        tuple(map(str, arrays["reason"])),
        {name: Table(name, *pair) for name, pair in tables.items()},
        arrays["kept"],
        json.loads(str(arrays["timings"])),
    )


def _difference(key: str, old: Any, new: Any) -> str:
    """Say in one line how the values of a key differ between two manifests."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return f"{key} is {old!r} there and {new!r} now"
    first = next(name for name in {**old, **new} if old.get(name) != new.get(name))
    if key == "expected":
        return f"its plan for the study {first!r} is not the one asked for"
    return f"{key} of {first} is {old.get(first)!r} there and {new.get(first)!r} now"
