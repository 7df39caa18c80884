"""Read claims from TOML files and check them.

A file names its ``study`` once (a claim may name another) and holds ``[[claim]]`` tables. A
claim is fully stated: every axis of its study has a value in ``of`` (a list selects several
cells), or is listed in ``each`` (one verdict per value), or has a default, which then applies.
Therefore neither a larger profile nor a new axis changes what a claim means. Everything is checked
when it is read; an error names the file, the claim and the key.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from suite.catalogue.registry import unknown
from suite.claims.claim import Claim
from suite.claims.schema import check
from suite.planning.axes import Named, named_by
from suite.results.plain_text import decode
from suite.types import UserError


@dataclass(frozen=True)
class ClaimsFile:
    """Claims that a plugin brings: ``text`` is what a TOML file of claims would hold, or is None
    where ``file`` is the path of one, seen from the plugin's folder.

    They name the plugin's items in full, as in ``metric = "my:roughness"``.
    """

    file: str
    text: str | None = None


def claims_file(file: str) -> ClaimsFile:
    """Return the claims of a TOML file beside a plugin's file; it is read when they are judged."""
    return ClaimsFile(file)


def claims_text(text: str) -> ClaimsFile:
    """Return the claims that a plugin writes down in its own file, in TOML."""
    return ClaimsFile("its text of claims", text)


@functools.cache
def shipped() -> tuple[Claim, ...]:
    """Return the claims of the suite, its files in alphabetical order; they are read once.

    Raise UserError as ``read`` does.
    """
    folder = resources.files(__name__)
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return _unique(
        claim for name in files for claim in parse(folder.joinpath(name).read_text("utf-8"), name)
    )


def read(files: Iterable[Path]) -> tuple[Claim, ...]:
    """Return the claims of a user's files in their order; they are a family of their own.

    Raise UserError where a file cannot be read, a claim is not well stated or an id is used
    twice.
    """
    return _unique(claim for file in files for claim in parse(_text(file), str(file)))


def _text(path: Path) -> str:
    try:
        return decode(path, path.read_bytes()).replace("\r\n", "\n")
    except OSError as error:
        raise UserError(f"{path}: the claims cannot be read: {error}") from error


def parse(text: str, file: str) -> tuple[Claim, ...]:
    """Return the claims in the text of a TOML file; errors call it ``file``."""
    try:
        content = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # ValueError also for a number of thousands of digits
        raise UserError(f"{file}: not valid TOML: {error}") from error
    for key in content:
        if key not in ("study", "claim"):
            raise UserError(f"{file}: {unknown('key', key, ('study', 'claim'))}")
    tables = content.get("claim")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UserError(f"{file}: contains no claim; write each as a table [[claim]]")
    shared = {"study": content["study"]} if "study" in content else {}
    named = functools.cache(named_by)
    return _unique(
        _claim({**shared, **table}, file, position, named)
        for position, table in enumerate(tables, 1)
    )


def _claim(table: dict[str, Any], file: str, position: int, named: Named) -> Claim:
    name = table.get("id")
    where = f"{file}: claim {name!r}" if isinstance(name, str) else f"{file}: claim {position}"
    try:
        return Claim(**check(table, named), file=file, text_hash=_hash(table))
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _hash(table: Mapping[str, Any]) -> str:
    """Return the hash of what a claim says, whatever its layout and however it is shown.

    No key holds a date, which JSON would not have.
    """
    content = {key: value for key, value in table.items() if key != "headline"}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _unique(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    by_id: dict[str, Claim] = {}
    for claim in claims:
        if claim.id in by_id:
            first = by_id[claim.id].file
            raise UserError(f"{claim.file}: claim {claim.id!r}: id: already used in {first}")
        by_id[claim.id] = claim
    return tuple(by_id.values())
