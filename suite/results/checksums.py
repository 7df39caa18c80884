"""Detect tables that are no longer as the suite wrote them, by SHA-256 sums stored beside them.

``sha256sums.txt`` has the form that ``sha256sum -c`` reads. The sum of a compressed table is that
of its content, so that packing a folder keeps the sums. A table that is edited together with its
sum is not detected.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from suite.results.compressed import UNREADABLE, locate, open_bytes, tables_in
from suite.results.folder import Results
from suite.results.manifest import Manifest

SUMS = "sha256sums.txt"
JUDGED = ("summary.csv", "claims.csv")
"""Tables that are made from those of the studies."""
_LINE = re.compile(r"([0-9a-f]{64})  ((?:\w+:)?[\w-]+/[\w-]+\.csv|summary\.csv|claims\.csv)")
"""A sum and a table. No other file is opened, whatever ``sha256sums.txt`` names."""
_NAMED = 5
"""The number of tables of one kind that a warning names."""


def write_sums(results: Results, studies: Iterable[str]) -> None:
    """Write the sums of all tables of the studies, and of the tables made from them."""
    folders = (results.folder / study for study in studies)
    tables = (path for folder in folders for path in sorted(folder.glob("*.csv")))
    paths = (*tables, *(results.folder / name for name in JUDGED))
    lines = (f"{_sum(path)}  {path.relative_to(results.folder).as_posix()}\n" for path in paths)
    results.write_text(SUMS, "".join(lines))


def renew(results: Results, name: str) -> None:
    """Replace the sum of a table that has just been written.

    Do nothing where the folder has no sums or they cannot be read.
    """
    try:
        lines = (results.folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    new = f"{_sum(results.folder / name)}  {name}"
    renewed = [new if line[66:] == name else line for line in lines]
    renewed += [] if new in renewed else [new]
    results.write_text(SUMS, "".join(f"{line}\n" for line in renewed))


def altered(folder: Path, manifest: Manifest) -> dict[str, list[str]]:
    """Return what is not as the suite wrote it: the kind of change -> files, tables of runs first.

    A table is named ``study/table.csv``. Every table is checked that is listed or lies in the
    folder of a study of the manifest, but for those that were left out when the folder was packed.
    Empty for a run that has not written its tables yet.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {"missing": [SUMS]} if _names(folder, manifest, ()) else {}
    except (OSError, ValueError):
        return {"cannot be read": [SUMS]}
    matches = [_LINE.fullmatch(line) for line in lines]
    sums = {match[2]: match[1] for match in matches if match}
    changes = {
        name: _change(folder / name, sums.get(name)) for name in _names(folder, manifest, sums)
    }
    changes[SUMS] = "" if all(matches) and len(sums) == len(matches) else "damaged"
    for name in manifest.left_out:
        if changes.get(f"{name}.csv") == "missing":
            del changes[f"{name}.csv"]
    kinds = dict.fromkeys(kind for kind in changes.values() if kind)
    return {kind: [name for name, change in changes.items() if change == kind] for kind in kinds}


def warn(folder: Path, manifest: Manifest) -> None:
    """Name on standard error, in one line, the tables that are not as the suite wrote them."""
    parts = []
    for kind, names in altered(folder, manifest).items():
        more = len(names) - _NAMED
        shown = [*names[:_NAMED], *([f"{more} more"] if more > 0 else [])]
        parts.append(f"{kind}: {', '.join(shown)}")
    if parts:
        print(
            f"suite: {folder} is not as the suite wrote it: it was edited, or its run did not"
            f" finish ({'; '.join(parts)})",
            file=sys.stderr,
        )


def _names(folder: Path, manifest: Manifest, listed: Iterable[str]) -> list[str]:
    """Return the tables to check, as ``study/table.csv``, tables of runs first."""
    studies = [study for study in manifest.studies if (folder / study).is_dir()]
    stored = [f"{study}/{name}" for study in studies for name in tables_in(folder / study)]
    return sorted({*listed, *stored}, key=lambda name: (not name.endswith("/runs.csv"), name))


def _change(path: Path, listed: str | None) -> str:
    """Return how a table, plain or compressed, differs from its listed sum; empty if it does not.

    ``listed`` is None for a table without a sum.
    """
    file = locate(path)
    if file is None:
        return "missing"
    if listed is None:
        return "not listed"
    try:
        if file.is_file():  # reading a pipe would wait
            return "" if _sum(file) == listed else "edited"
    except UNREADABLE:
        pass
    return "cannot be read"


def _sum(path: Path) -> str:
    """Return the sum of a table's content, in hexadecimal digits."""
    with open_bytes(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
