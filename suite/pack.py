"""A results folder made small enough to publish: what is kept, and that the same run packs alike.

Kept: the manifest and claims.csv as they are, so that their differences can be read; every other
table, gzip-compressed, and the sums of the tables; the figures that are asked for. Left out is
what can be made again from the tables: the page, the other figures, junit.xml; and the shards, of
which the tables were made. The compressed files hold neither a time nor a name, so that the same
tables give the same bytes with the same zlib. The manifest is written last: a folder without it
is no results folder yet.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from suite.registry import unknown
from suite.store import MANIFEST, Results, replacing
from suite.sums import SUMS
from suite.types import UserError

PLAIN = ("claims.csv",)
"""Tables that stay readable."""
LEFT_OUT = "left_out"
"""The key of a packed manifest that names the tables which were not taken along."""


def pack(
    folder: Path, out: Path, figures: Sequence[str] = (), without: Sequence[str] = ()
) -> dict[str, int]:
    """Pack a results folder into a new one; the bytes of each file, by its path in ``out``.

    ``figures``: names of figures, without their ending. ``without``: tables to leave out, as
    ``study/table``; the packed manifest names them. Raises UserError for a folder that is no
    finished run, a figure or table that it does not have, and where ``out`` holds something.
    """
    manifest = Results(folder).manifest()
    tables = dict(_tables(folder, manifest["studies"]))
    runs = [f"{study}/runs.csv" for study in manifest["studies"]]
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
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is there already; choose an empty or new folder with --out")
    Results(out).make()
    for name, path in tables.items():
        if name.removesuffix(".csv") not in without:
            _write_table(out / name, path)
    for name in figures:
        _write(out / "figures" / f"{name}.png", pictures[name].read_bytes())
    if (folder / SUMS).exists():
        _write(out / SUMS, (folder / SUMS).read_bytes())
    gone = sorted({*manifest.get(LEFT_OUT, ()), *without})
    Results(out).write_json(MANIFEST, manifest | ({LEFT_OUT: gone} if gone else {}))
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.stat().st_size for path in paths}


def _is_optional(name: str) -> bool:
    """Whether a folder is judged alike without the table: it is a study's, and not its runs."""
    path = PurePosixPath(name)
    return len(path.parts) > 1 and path.name != "runs.csv"


def _tables(folder: Path, studies: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Every table of a run, as ``study/table.csv``, with its file: plain last, which counts where
    both are there."""
    for place in (folder, *(folder / study for study in studies)):
        for path in sorted(place.glob("*.csv.gz")) + sorted(place.glob("*.csv")):
            yield path.relative_to(folder).as_posix().removesuffix(".gz"), path


def _write_table(target: Path, source: Path) -> None:
    content = source.read_bytes()
    if source.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{source} cannot be read: {error}") from error
    if target.name in PLAIN:
        _write(target, content)
        return
    target.parent.mkdir(exist_ok=True)
    with (
        replacing(target.with_name(target.name + ".gz"), "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed,
    ):
        packed.write(content)


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(exist_ok=True)
    with replacing(target, "wb") as file:
        file.write(content)
