"""A results folder made small enough to publish: what is kept, and that the same run packs alike.

Kept: the manifest and claims.csv as they are, so that their differences can be read; every other
table, gzip-compressed, and the sums of the tables; the figures that are asked for. Left out is
what can be made again from the tables: the page, the other figures, junit.xml; and the shards, of
which the tables were made. The compressed files hold neither a time nor a name, so that the same
tables give the same bytes with the same zlib. The new folder appears whole or not at all.

A folder whose tables were edited is packed, with a warning: its sums go along, so that whoever
reads the packed folder is told the same.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from suite.catalogue.registry import unknown
from suite.results.checksums import SUMS, warn
from suite.results.compressed import ENDING, UNREADABLE, open_bytes, tables_in
from suite.results.folder import Results, replacing
from suite.results.manifest import MANIFEST, encode
from suite.types import UserError

PLAIN = ("claims.csv",)
"""Tables that stay readable."""


def pack(
    folder: Path, out: Path, figures: Sequence[str] = (), without: Sequence[str] = ()
) -> dict[str, int]:
    """Pack a results folder into a new one; the bytes of each file, by its path in ``out``.

    ``figures``: names of figures, without their ending. ``without``: tables to leave out, as
    ``study/table``; the packed manifest names them. Raises UserError for a folder that is no
    finished run, a figure or table that it does not have, and where ``out`` holds something.
    """
    manifest = Results(folder).manifest()
    tables = dict(_tables(folder, manifest.studies))
    runs = [f"{study}/runs.csv" for study in manifest.studies]
    for name in ("claims.csv", "summary.csv", *runs):
        if name not in tables:
            raise UserError(f"{folder} lacks {name}: finish its run before packing it")
    optional = [name.removesuffix(".csv") for name in tables if _is_optional(name)]
    pictures = {path.stem: path for path in sorted((folder / "figures").glob("*.png"))}
    for kind, asked, there in (("table", without, optional), ("figure", figures, pictures)):
        for name in asked:
            if name not in there:
                raise unknown(f"{kind} of {folder}", name, there)
    if out.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{out} lies inside {folder}; choose a folder beside it with --out")
    if os.path.lexists(out) and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already; choose an empty or new folder with --out")
    with _appearing(out) as draft:
        for name, path in tables.items():
            if name.removesuffix(".csv") not in without:
                _write_table(draft / name, path)
        for name in figures:
            _write(draft / "figures" / f"{name}.png", pictures[name].read_bytes())
        if (folder / SUMS).exists():
            _write(draft / SUMS, (folder / SUMS).read_bytes())
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))  # also unknown keys
        if left_out := sorted({*manifest.left_out, *without}):
            values["left_out"] = left_out
        _write(draft / MANIFEST, encode(values).encode())
    warn(folder, manifest)
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.stat().st_size for path in paths}


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A folder to fill, whose content stands in ``out`` when the block ends without an error.

    After an error ``out`` and the folders above it are as they were: not there, or empty. A
    process that is killed leaves a hidden folder beside ``out``, or in it where it was there.
    Raises UserError where something cannot be read or written.
    """
    there = out.exists()
    made = [] if there else [path for path in (out, *out.parents) if not path.exists()]
    draft = (out if there else out.parent) / f".{out.name}.{secrets.token_hex(4)}"
    ours = [draft]
    try:
        draft.mkdir(parents=True)
        yield draft
        if there:  # it may be what cannot be replaced, such as a mounted disk
            for path in sorted(draft.iterdir(), key=lambda path: path.name == MANIFEST):
                ours.append(path.rename(out / path.name))
            draft.rmdir()
        else:
            draft.rename(out)
    except BaseException as error:
        for path in ours:
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for path in made:
            with suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            raise UserError(f"{out} was not made: {error}") from error
        raise


def _is_optional(name: str) -> bool:
    """Whether a folder is judged alike without the table: it is a study's, and not its runs."""
    path = PurePosixPath(name)
    return len(path.parts) > 1 and path.name != "runs.csv"


def _tables(folder: Path, studies: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield every table of a run, as ``study/table.csv``, with its file."""
    for place in ("", *(f"{study}/" for study in studies)):
        for name, path in tables_in(folder / place).items():
            yield f"{place}{name}", path


def _write_table(target: Path, source: Path) -> None:
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
