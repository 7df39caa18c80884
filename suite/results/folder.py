"""The results folder: its manifest, shards and tables. Every file is written atomically.

Each finished stack is one immutable shard, ``shards/<stack key>.npz``. The tables are written from
the shards, in the order of the plan, and can be written again at any time.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from suite.results import manifest as manifests
from suite.results.manifest import MANIFEST, Manifest
from suite.results.shards import DAMAGED, Shard, read_shard, read_timings, save_shard
from suite.results.tables import for_stacks, write_table
from suite.types import Measurement, Stack, Status, Study, UserError

if TYPE_CHECKING:
    import pandas as pd

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}")
"""The name of a file that ``replacing`` has not finished."""


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that replaces ``path`` when the block ends without an error.

    Its content is synced to disk before it gets its name: after a loss of power the name refers
    to the old file or to the new one, never to a part of it.
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
        """Make the folder for a run, or resume the same run. Return whether it is resumed.

        The caller must have the folder's lock: files that a killed process was writing are
        removed. Raises UserError, with nothing written, where the folder is not writable, contains
        files but is not a results folder, or contains another run (another plan, code, version,
        machine or root seed).
        """
        path = self.folder / MANIFEST
        self.admit(manifest)
        resumed = path.exists()
        self.make()
        try:
            (self.folder / "shards").mkdir(exist_ok=True)
            self.remove_drafts()
        except OSError as error:
            raise self._unwritable(error) from error
        if not resumed:
            self.write_manifest(manifest)
        return resumed

    def admit(self, manifest: Manifest) -> None:
        """Raise UserError, with nothing written, unless the folder is new or contains this run."""
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

    def remove_drafts(self) -> None:
        """Remove the files that a killed process was writing."""
        for draft in self.folder.rglob(".*"):
            if _DRAFT.fullmatch(draft.name):
                draft.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(
            f"cannot write to {self.folder}: {error.strerror}; choose another folder with --out"
        )

    def make(self) -> None:
        """Make the folder where it does not exist. Raises UserError where it is not writable."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self.folder / ".writable"):
                pass
            (self.folder / ".writable").unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def _foreign(self) -> bool:
        """Return whether the folder contains more than an interrupted start leaves behind."""
        return any(
            not entry.name.startswith(".") and entry.name != "shards"
            for entry in self.folder.iterdir()
        )

    def _must_match(self, stored: Manifest, wanted: Manifest) -> None:
        old, new = stored.identity, wanted.identity
        for key in {"until_decided": None, **old, **new}:
            if (was := old.get(key, {})) != (now := new.get(key, {})):
                raise UserError(
                    f"{self.folder} contains another run: {_difference(key, was, now)};"
                    " choose another folder with --out"
                )

    def manifest(self) -> Manifest:
        """Read the manifest. Raises UserError where it is absent, damaged or of another schema."""
        return manifests.read(self.folder / MANIFEST)

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest."""
        self.write_text(MANIFEST, manifests.encode(manifest.values()))

    def write_text(self, name: str, content: str) -> None:
        """Write a text file, atomically."""
        with replacing(self.folder / name) as file:
            file.write(content)

    # --- shards --------------------------------------------------------------------------------

    def _shard(self, stack: Stack) -> Path:
        return self.folder / "shards" / f"{stack.key}.npz"

    def write(
        self,
        study: Study,
        stack: Stack,
        measurement: Measurement,
        kept: Sequence[int],
        timings: Mapping[str, float | str],
    ) -> None:
        """Store the measurement of a stack as its shard; see ``save_shard``."""
        with replacing(self._shard(stack), "wb") as file:
            save_shard(file, study, stack, measurement, kept, timings)

    def write_shard(self, stack: Stack, content: bytes) -> None:
        """Store the content of a shard that ``save_shard`` wrote elsewhere."""
        with replacing(self._shard(stack), "wb") as file:
            file.write(content)

    def read_bytes(self, stack: Stack) -> bytes:
        """Return the content of a shard. Raises OSError where it cannot be read."""
        return self._shard(stack).read_bytes()

    def read(self, stack: Stack) -> Shard | None:
        """Return the shard of a stack, or None where it is not stored or damaged."""
        with suppress(*DAMAGED), self._shard(stack).open("rb") as file:
            return read_shard(file, stack)
        return None

    def timings(self, stack: Stack) -> Mapping[str, float | str]:
        """Return the seconds and bytes that a stored stack took, and its ``processor``; empty where
        they are unknown."""
        with suppress(*DAMAGED), self._shard(stack).open("rb") as file:
            return read_timings(file)
        return {}

    def has(self, stack: Stack) -> bool:
        """Return whether there is a shard of a stack, damaged or not."""
        return self._shard(stack).exists()

    def finished(self, stack: Stack) -> bool:
        """Return whether a stack is stored and did not fail: a failed one is measured again."""
        shard = self.read(stack)
        return shard is not None and Status.FAILED not in shard.status

    # --- tables --------------------------------------------------------------------------------

    def collect(self, study: Study, stacks: Sequence[Stack], runs_alone: bool = False) -> None:
        """Write a study's tables from the shards that are stored, in the order of the stacks.

        ``runs_alone``: only the table of runs, which the judging reads."""
        (self.folder / study.name).mkdir(exist_ok=True)
        for spec in study.tables[:1] if runs_alone else study.tables:
            with replacing(self.folder / study.name / f"{spec.name}.csv") as file:
                write_table(file, study, for_stacks(spec, stacks), self.stored(stacks))

    def stored(self, stacks: Iterable[Stack]) -> Iterator[tuple[Stack, Shard]]:
        """Yield each stack that is stored, with its shard, in the given order."""
        for stack in stacks:
            shard = self.read(stack)
            if shard is not None:
                yield stack, shard

    def write_frame(self, name: str, frame: pd.DataFrame, unknown: str = "") -> None:
        """Write a data frame as a CSV. ``unknown`` is the text of a NaN."""
        with replacing(self.folder / name) as file:
            frame.to_csv(file, index=False, lineterminator="\n", na_rep=unknown)


def _difference(key: str, old: Any, new: Any) -> str:
    """Return one line on how the values of a key differ between two manifests."""
    if key == "until_decided":
        was, now = (side or "fixed beforehand" for side in (old, new))
        return f"its seeds were {was}, and are now {now}".replace("added", "added until decided")
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return f"{key} was {old!r} and is now {new!r}"
    first = next(name for name in {**old, **new} if old.get(name) != new.get(name))
    if key == "expected":
        return f"its plan for the study {first!r} is a different one"
    if key == "plugins":
        was, now = (str(side.get(first, "not used"))[:12] for side in (old, new))
        return f"the plugin {first!r} was {was} (its sha256) and is now {now}"
    if key == "datasets":
        was, now = (_data_version(side.get(first, "not used")) for side in (old, new))
        return f"the data file of {first!r} was {was} and is now {now}"
    return f"{key} of {first} was {old.get(first)!r} and is now {new.get(first)!r}"


def _data_version(identity: str) -> str:
    """Return the identity of a data file with a short hash."""
    words = identity.split(" ", 2)
    return identity if words[0] != "sha256" else " ".join(("sha256", words[1][:12], *words[2:]))
