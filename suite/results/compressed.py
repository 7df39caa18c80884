"""Find and open the tables of a results folder, which may be plain or gzip-compressed."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO

ENDING = ".gz"
UNREADABLE = (OSError, EOFError, zlib.error)
"""The errors of reading a file that is absent, cut off or not compressed after all."""


def locate(path: Path) -> Path | None:
    """Return the file of a table, ``path`` or ``path`` with .gz; None where neither exists.

    The plain file counts where both exist.
    """
    packed = path.with_name(path.name + ENDING)
    return next((file for file in (path, packed) if file.exists()), None)


def open_bytes(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """Open a located file for reading, decompressed. Reading may raise ``UNREADABLE``."""
    return gzip.open(path) if path.suffix == ENDING else path.open("rb")


def open_text(path: Path) -> IO[str]:
    """Open a located file for reading as ``csv`` needs it: UTF-8, line ends unchanged.

    Reading may raise ``UNREADABLE`` and UnicodeDecodeError.
    """
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8", newline="")


def tables_in(folder: Path) -> dict[str, Path]:
    """Return the tables in a folder, sorted: name, ending in .csv -> file."""
    files = {path.name.removesuffix(ENDING): path for path in folder.glob(f"*.csv{ENDING}")}
    files |= {path.name: path for path in folder.glob("*.csv")}
    return dict(sorted(files.items()))
