"""Whether the tables of a run are still as the suite wrote them: SHA-256 sums beside the tables.

``sha256sums.txt`` has the form that ``sha256sum -c`` reads. The sum of a compressed table is that
of its content, so that packing a folder keeps the sums. Whoever edits a table and its sum alike is
not seen.
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
_LINE = re.compile(r"([0-9a-f]{64})  ([\w-]+/[\w-]+\.csv|summary\.csv|claims\.csv)")
"""A sum and a table. Nothing else is opened, whatever the file names."""
_NAMED = 5
"""Tables of a kind that a warning names."""


def write_sums(results: Results, studies: Iterable[str]) -> None:
    """Write the sums of all tables of the studies, and of those that were made from them."""
    folders = (results.folder / study for study in studies)
    tables = (path for folder in folders for path in sorted(folder.glob("*.csv")))
    paths = (*tables, *(results.folder / name for name in JUDGED))
    lines = (f"{_sum(path)}  {path.relative_to(results.folder).as_posix()}\n" for path in paths)
    results.write_text(SUMS, "".join(lines))


def renew(results: Results, name: str) -> None:
    """Write the sum of a table anew that has just been written; nothing where there are no sums,
    or none that can be read."""
    try:
        lines = (results.folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    own = f"{_sum(results.folder / name)}  {name}"
    kept = [own if line[66:] == name else line for line in lines]
    kept += [] if own in kept else [own]
    results.write_text(SUMS, "".join(f"{line}\n" for line in kept))


def altered(folder: Path, manifest: Manifest) -> dict[str, list[str]]:
    """What is not as the suite wrote it: what happened -> its tables, as ``study/table.csv``, those
    of runs first. Empty for a run that did not come to its tables.

    Looked at is every table that is listed or lies in the folder of a study of the manifest. One
    that was left out when its folder was packed is not missed.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {"missing": [SUMS]} if _names(folder, manifest, ()) else {}
    except (OSError, ValueError):
        return {"cannot be read": [SUMS]}
    listed = [_LINE.fullmatch(line) for line in lines]
    sums = {line[2]: line[1] for line in listed if line}
    found = {name: _state(folder / name, sums.get(name)) for name in _names(folder, manifest, sums)}
    found[SUMS] = "" if all(listed) and len(sums) == len(listed) else "damaged"
    for name in manifest.left_out:
        if found.get(f"{name}.csv") == "missing":
            del found[f"{name}.csv"]
    kinds = dict.fromkeys(kind for kind in found.values() if kind)
    return {kind: [name for name, own in found.items() if own == kind] for kind in kinds}


def warn(folder: Path, manifest: Manifest) -> None:
    """Say on standard error, in one line, which tables of a folder are not as the suite
    wrote them."""
    told = []
    for kind, names in altered(folder, manifest).items():
        more = len(names) - _NAMED
        shown = [*names[:_NAMED], *([f"{more} more"] if more > 0 else [])]
        told.append(f"{kind}: {', '.join(shown)}")
    if told:
        print(
            f"suite: {folder} is not as the suite wrote it: it was edited, or its run did not end"
            f" ({'; '.join(told)})",
            file=sys.stderr,
        )


def _names(folder: Path, manifest: Manifest, listed: Iterable[str]) -> list[str]:
    """The tables to look at, as ``study/table.csv``, those of runs first."""
    studies = [study for study in manifest.studies if (folder / study).is_dir()]
    there = [f"{study}/{name}" for study in studies for name in tables_in(folder / study)]
    return sorted({*listed, *there}, key=lambda name: (not name.endswith("/runs.csv"), name))


def _state(path: Path, listed: str | None) -> str:
    """What happened to a table, plain or packed, with a sum that is listed or not; empty: nothing.

    The plain file counts where both are there, as it does when the table is read."""
    place = locate(path)
    if place is None:
        return "missing"
    if listed is None:
        return "not listed"
    try:
        if place.is_file():  # a pipe would be waited for
            return "" if _sum(place) == listed else "edited"
    except UNREADABLE:
        pass
    return "cannot be read"


def _sum(path: Path) -> str:
    """The sum of a table's content, in hexadecimal digits."""
    with open_bytes(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
