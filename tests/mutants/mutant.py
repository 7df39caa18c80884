"""A planted mistake: which text of which file is replaced, why it matters, and what must notice."""

from __future__ import annotations

import shlex
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FIELDS = {"name", "file", "piece", "becomes", "reason", "tests", "by"}


@dataclass(frozen=True)
class Mutant:
    """One mistake. ``piece``, which occurs once in ``file``, is replaced by ``becomes``."""

    name: str
    file: str
    piece: str
    becomes: str
    reason: str
    """What a user would get without noticing."""
    tests: tuple[str, ...]
    """The arguments of pytest that choose the tests."""
    by: str = "failure"
    """How the tests notice: ``failure`` of a test, an error at ``import`` (a registry refuses the
    mistake before any test runs), or a ``timeout`` (the mistake makes a test run for ever)."""

    def applied(self, text: str) -> str:
        """Return the text of the file with the mistake.

        Raises ValueError when the piece does not occur exactly once.
        """
        if (count := text.count(self.piece)) != 1:
            raise ValueError(
                f"{self.name}: the piece occurs {count} times in {self.file}, not once;"
                f" it begins with {self.piece.splitlines()[0]!r}"
            )
        return text.replace(self.piece, self.becomes)


def load(folder: Path = FOLDER) -> tuple[Mutant, ...]:
    """Return the mistakes of all files of a folder, in the order of the files.

    A file has tables ``[[mutant]]`` with the fields of ``Mutant``, ``tests`` as one text, as in a
    shell. ``file`` and ``tests`` may be left out where they are those of the entry before.

    Raises ValueError for an unknown or missing field, and for a name that occurs twice.
    """
    found: list[Mutant] = []
    for path in sorted(folder.glob("*.toml")):
        before: dict[str, Any] = {}
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]:
            if unknown := entry.keys() - FIELDS:
                raise ValueError(f"{path.name}: unknown fields {sorted(unknown)} in {entry}")
            entry = {**before, **entry}
            if missing := FIELDS - {"by"} - entry.keys():
                raise ValueError(f"{path.name}: {entry} lacks {sorted(missing)}")
            found.append(Mutant(**{**entry, "tests": tuple(shlex.split(entry["tests"]))}))
            before = {key: entry[key] for key in ("file", "tests")}
    twice = [name for name, n in Counter(mutant.name for mutant in found).items() if n > 1]
    if twice:
        raise ValueError(f"two mistakes have the same name: {twice}")
    return tuple(found)


def chosen(mutants: Iterable[Mutant], text: str) -> list[Mutant]:
    """Return the mistakes whose name or file contains a text; any, for an empty text."""
    return [mutant for mutant in mutants if text in mutant.name or text in mutant.file]
