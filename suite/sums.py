"""Whether a measured table is still as its run wrote it: SHA-256 sums beside the tables.

``sha256sums.txt`` has the form that ``sha256sum -c`` reads. The sum of a compressed table is that
of its content, so that packing a folder keeps the sums.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable
from pathlib import Path

from suite.store import Results

SUMS = "sha256sums.txt"


def write_sums(results: Results, studies: Iterable[str]) -> None:
    """Write the sums of all tables of the studies."""
    paths = (path for study in studies for path in sorted((results.folder / study).glob("*.csv")))
    lines = (f"{_sum(path)}  {path.relative_to(results.folder).as_posix()}\n" for path in paths)
    results.write_text(SUMS, "".join(lines))


def altered(folder: Path, name: str) -> bool:
    """Whether a table, ``study/table.csv``, is not what was summed; False where it was not."""
    path = folder / name
    try:
        listed = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        sums = {line[66:]: line[:64] for line in listed}
        return name in sums and sums[name] != _sum(path if path.exists() else _packed(path))
    except (OSError, ValueError, EOFError, zlib.error):
        return False  # no sums, or a table that cannot be read, of which reading it will tell


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _sum(path: Path) -> str:
    """The sum of a table's content, in hexadecimal digits."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
