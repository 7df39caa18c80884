"""Read and measure the defaults of every library that is installed, and write them down."""

from __future__ import annotations

import csv
import os
import re
import sys
from importlib import metadata
from pathlib import Path

from benchmarks.defaults.libraries import LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
STORED = ROOT / "results" / "defaults" / "defaults.csv"
PAGE = ROOT / "docs" / "reference" / "defaults.md"
COLUMNS = ("library", "versions", "item", "says", "measured")
MARKS = re.compile(r"(<!-- table: begin -->\n).*(<!-- table: end -->\n)", re.DOTALL)
Row = tuple[str, str, str, str, str]


def measured(library: str) -> list[Row]:
    """Return the rows of a library, which is imported."""
    found, packages = LIBRARIES[library]
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    return [(library, versions, *row) for row in found()]


def installed(library: str) -> bool:
    """Whether all packages of a library are installed."""
    try:
        return bool([metadata.version(package) for package in LIBRARIES[library][1]])
    except metadata.PackageNotFoundError:
        return False


def stored() -> list[Row]:
    """Return the rows of the committed table."""
    with STORED.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1], row[2], row[3], row[4]) for row in list(csv.reader(file))[1:]]


def table(rows: list[Row]) -> str:
    """Return the rows as a table of Markdown: a line for each item, a column for each library.

    A cell holds what was measured; in parentheses what the object says, where that is a number
    other than the measured one.
    """
    libraries = list(dict.fromkeys(row[0] for row in rows))
    cells = {(row[2], row[0]): (row[3], row[4]) for row in rows}
    lines = [f"| | {' | '.join(libraries)} |", f"| --- |{' --- |' * len(libraries)}"]
    for item in dict.fromkeys(row[2] for row in rows):
        shown = [_cell(*cells.get((item, library), ("", ""))) for library in libraries]
        lines.append(f"| {item} | {' | '.join(shown)} |")
    versions = [f"{library}: {v}" for library, v in dict.fromkeys((r[0], r[1]) for r in rows)]
    return "\n".join([*lines, "", f"Versions: {'; '.join(versions)}.", ""])


def _cell(says: str, measured: str) -> str:
    return f"{measured} ({says})" if says not in ("", measured) else measured


def main() -> int:
    """Measure, and write the table and the page. A library that is not installed ends the run."""
    absent = [library for library in LIBRARIES if not installed(library)]
    if absent:
        print(f"not installed: {', '.join(absent)}; tox -e defaults installs them", file=sys.stderr)
        return 2
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    rows = [row for library in LIBRARIES for row in measured(library)]
    STORED.parent.mkdir(exist_ok=True)
    with STORED.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKS.sub(lambda m: m[1] + table(rows) + m[2], page), encoding="utf-8")
    print(table(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
