"""Pack a results folder for publication: which files are kept, and the same bytes every time.

Kept are the manifest and claims.csv as they are, so that version control shows their differences;
every other table, gzip-compressed; the sums of the tables; and the figures that are named. Left out
are the shards and whatever can be made again from the tables: the page, the other figures and
junit.xml. The compressed files contain neither a time nor a name, so that the same tables give the
same bytes with the same zlib. The new folder appears whole or not at all.

A folder whose tables were edited is packed with a warning. Its sums are packed too, so that every
reader of the packed folder gets the same warning.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from suite.catalogue.registry import unknown
from suite.results.checksums import SUMS, warn
from suite.results.compressed import ENDING, UNREADABLE, open_bytes, tables_in
from suite.results.folder import Results, replacing
from suite.results.manifest import MANIFEST, encode
from suite.types import UserError

PLAIN = ("claims.csv",)
"""Tables that are not compressed."""


def pack(
    folder: Path, out: Path, figures: Mapping[str, bytes] = {}, without: Sequence[str] = ()
) -> dict[str, int]:
    """Pack a results folder into a new one. Return the bytes of each file, by its path in ``out``.

    ``figures``: name of a figure -> its PNG file. ``without``: tables to leave out, as
    ``study/table``; the packed manifest names them. Raises UserError where the folder is not a
    finished run or does not have a named table, and where ``out`` is not empty.
    """
    manifest = Results(folder).manifest()
    tables = dict(_tables(folder, manifest.studies))
    runs = [f"{study}/runs.csv" for study in manifest.studies]
    for name in ("claims.csv", "summary.csv", *runs):
        if name not in tables:
            raise UserError(f"{folder} lacks {name}: finish its run before packing it")
    optional = [name.removesuffix(".csv") for name in tables if _is_optional(name)]
    for name in without:
        if name not in optional:
            raise unknown(f"table of {folder}", name, optional)
    if out.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{out} lies inside {folder}; choose a folder beside it with --out")
    if os.path.lexists(out) and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} already exists; choose an empty or new folder with --out")
    with _appearing(out) as draft:
        for name, path in tables.items():
            if name.removesuffix(".csv") not in without:
                _write_table(draft / name, path)
        for name, image in figures.items():
            _write(draft / "figures" / f"{name}.png", image)
        if (folder / SUMS).exists():
            _write(draft / SUMS, (folder / SUMS).read_bytes())
        # Read as JSON, which keeps the keys of a newer version.
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if left_out := sorted({*manifest.left_out, *without}):
            values["left_out"] = left_out
        _write(draft / MANIFEST, encode(values).encode())
    warn(folder, manifest)
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.stat().st_size for path in paths}


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """Yield a folder to fill; its content is moved to ``out`` when the block ends without an error.

    After an error ``out`` and the folders above it are as they were: absent, or empty. A process
    that is killed leaves a hidden folder beside ``out``, or inside it where it existed. Raises
    UserError where something cannot be read or written.
    """
    existed = out.exists()
    created = [] if existed else [path for path in (out, *out.parents) if not path.exists()]
    draft = (out if existed else out.parent) / f".{out.name}.{secrets.token_hex(4)}"
    written = [draft]
    try:
        draft.mkdir(parents=True)
        yield draft
        if existed:  # it may be something that cannot be replaced, such as a mounted disk
            for path in sorted(draft.iterdir(), key=lambda path: path.name == MANIFEST):
                written.append(path.rename(out / path.name))
            draft.rmdir()
        else:
            draft.rename(out)
    except BaseException as error:
        for path in written:
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for path in created:
            with suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            raise UserError(f"{out} could not be written: {error}") from error
        raise


def _is_optional(name: str) -> bool:
    """Return whether a folder is judged the same without a table: all but runs.csv of a study."""
    path = PurePosixPath(name)
    return len(path.parts) > 1 and path.name != "runs.csv"


def _tables(folder: Path, studies: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield every table of a run, as ``study/table.csv``, with its file."""
    for place in ("", *(f"{study}/" for study in studies)):
        for name, path in tables_in(folder / place).items():
            yield f"{place}{name}", path


def _write_table(target: Path, source: Path) -> None:
    """Write a table, plain or compressed, as a packed folder has it."""
    try:
        with open_bytes(source) as stream:
            content = stream.read()
    except UNREADABLE as error:
        raise UserError(f"{source} cannot be read: {error}") from error
    if target.name in PLAIN:
        _write(target, content)
        return
    target.parent.mkdir(exist_ok=True)
    with (
        replacing(target.with_name(target.name + ENDING), "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed,
    ):
        packed.write(content)


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(exist_ok=True)
    with replacing(target, "wb") as file:
        file.write(content)
