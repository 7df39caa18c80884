"""Refuse a text file that another program saved in another form, and say in which.

What is expected: UTF-8, with or without a byte order mark, lines that end as on Unix or Windows,
and in tables commas between the fields and points in the numbers.
"""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

from suite.results.compressed import open_bytes
from suite.types import UserError

_MARKS = {
    b"\xff\xfe\x00\x00": "is encoded in UTF-32",
    b"\x00\x00\xfe\xff": "is encoded in UTF-32",
    b"\xff\xfe": "is encoded in UTF-16",
    b"\xfe\xff": "is encoded in UTF-16",
    b"PK\x03\x04": "is a spreadsheet or a zip archive",
    b"\x1f\x8b": "is compressed with gzip, which its name does not say",
}
"""The first bytes of a file -> what it is. The longest mark comes first."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_LONGEST = 1 << 16
"""Bytes of a first line that are looked at."""


def decode(path: Path, content: bytes) -> str:
    """Return the text of a file without its byte order mark. Raise UserError where it is not
    UTF-8; the message names the encoding."""
    _refuse_encoding(path, content)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error


def not_utf8(path: Path, error: UnicodeDecodeError) -> UserError:
    """Return the error for a file with bytes that UTF-8 does not have."""
    return UserError(
        f"{path} cannot be read: it is not encoded in UTF-8 but perhaps in Latin-1 or Windows-1252"
        f" (byte 0x{error.object[error.start]:02x} at {error.start:,}); save it as UTF-8"
    )


def check_table(path: Path) -> list[list[str]]:
    """Return the header of a table and its first row, fewer where the file has fewer.

    Raise UserError for another encoding and for another separator than the comma, and the errors
    ``UNREADABLE`` of a file that cannot be read.
    """
    with open_bytes(path) as stream:
        content = stream.read(_LONGEST)
    _refuse_encoding(path, content)
    text = content.decode("utf-8-sig", errors="replace")
    check_separator(path, text)
    return list(itertools.islice(csv.reader(io.StringIO(text, newline="")), 2))


def check_separator(path: Path, text: str) -> None:
    """Raise UserError where the header of a table has another separator than the comma."""
    header = text.partition("\n")[0]
    for mark, name in _SEPARATORS.items():
        if mark in header and "," not in header:
            raise UserError(
                f"{path}: its fields are separated by {name}; save it with commas between the"
                " fields and points in the numbers"
            )


def _refuse_encoding(path: Path, content: bytes) -> None:
    found = next((words for mark, words in _MARKS.items() if content.startswith(mark)), "")
    if not found and b"\x00" in content[:_LONGEST]:
        found = "contains zero bytes, as UTF-16 without a byte order mark does"
    if found:
        raise UserError(f"{path} cannot be read: it {found}; save it as text in UTF-8")
