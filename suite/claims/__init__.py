"""Claims as data: what a claim may say, and how it is read from TOML and checked.

A file names its ``study`` once (a claim may name another) and holds ``[[claim]]`` tables. A
claim is fully stated: every axis of its study has a value in ``of`` (a list selects several
cells), or stands in ``each`` (one verdict per value), or has a default, which then applies. So
neither a larger profile nor a new axis changes what a claim means. Everything is checked when it
is read; an error names the file, the claim and the key.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from suite.catalogue.registry import unknown
from suite.claims.schema import check
from suite.types import UserError, Value

Selector = Mapping[str, tuple[Value, ...]]
"""Axis -> canonical values: the cells that have one of the values on each of the axes."""


@dataclass(frozen=True)
class Claim:
    """A quantity, a band, a source, the verdict expected and why.

    Each seed gives one number: the metric (or its ratio to ``prediction``), reduced over the
    cells of ``of``, or its least-squares slope along an axis; where there is ``versus``, the
    difference or ratio of the two sides. The interval of ``centre`` over the seeds is held
    against the closed band ``low`` to ``high``.
    """

    id: str
    statement: str
    source: str
    study: str
    metric: str
    estimand: str
    """value, difference, ratio, ratio_to_prediction, slope or share."""
    of: Selector
    low: float
    high: float
    expected: str
    """supported or refuted; open: to be found out, and no verdict contradicts it."""
    because: str
    """Why that verdict is expected and where the band comes from: fixed before the run."""
    decides: str
    """The smallest profile that decides it."""
    file: str
    text_hash: str
    """12 hexadecimal digits of the SHA-256 of all that the claim says."""
    versus: Selector | None = None
    each: tuple[str, ...] = ()
    reduce: str | None = None
    """How the cells of one seed become one number: mean, median, min or max."""
    centre: str = "median"
    """median or mean over the seeds; share where the estimand is one; every where the kind is
    exact."""
    bounds: tuple[float, float] | None = None
    """What the metric cannot leave; a mean has an interval only where there are bounds."""
    kind: str = "sampled"
    """sampled: an interval at the level of the suite. exact: an identity, the band is its
    tolerance, and every single seed must be inside."""
    prediction: str | None = None
    along: str | None = None
    above: float | None = None
    """A share counts the seeds whose number is strictly above and strictly below these."""
    below: float | None = None
    headline: bool = False
    """One of the most telling: shown first."""


def shipped() -> tuple[Claim, ...]:
    """The claims of the suite, files in alphabetical order. UserError as for ``read``."""
    folder = resources.files(__name__)
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return _unique(
        claim for name in files for claim in parse(folder.joinpath(name).read_text("utf-8"), name)
    )


def read(files: Iterable[Path]) -> tuple[Claim, ...]:
    """The claims of a user's files, in their order: a family of its own.

    Raises UserError where a file cannot be read, a claim is not well stated or an id is used
    twice.
    """
    return _unique(claim for file in files for claim in parse(_text(file), str(file)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: the file of claims cannot be read: {error}") from error


def parse(text: str, file: str) -> tuple[Claim, ...]:
    """The claims in the text of a TOML file, which errors call ``file``."""
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise UserError(f"{file}: not valid TOML: {error}") from error
    for key in content:
        if key not in ("study", "claim"):
            raise UserError(f"{file}: {unknown('key', key, ('study', 'claim'))}")
    tables = content.get("claim")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UserError(f"{file}: holds no claim; write each as a table [[claim]]")
    shared = {"study": content["study"]} if "study" in content else {}
    return _unique(_claim({**shared, **table}, file, at) for at, table in enumerate(tables, 1))


def _claim(table: dict[str, Any], file: str, position: int) -> Claim:
    name = table.get("id")
    where = f"{file}: claim {name!r}" if isinstance(name, str) else f"{file}: claim {position}"
    try:
        return Claim(**check(table), file=file, text_hash=_hash(table))
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _hash(table: Mapping[str, Any]) -> str:
    """Of what the claim says, not of how it is laid out or shown; no key has a date for a value."""
    said = {key: value for key, value in table.items() if key != "headline"}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _unique(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    found: dict[str, Claim] = {}
    for claim in claims:
        if claim.id in found:
            first = found[claim.id].file
            raise UserError(f"{claim.file}: claim {claim.id!r}: id: already used in {first}")
        found[claim.id] = claim
    return tuple(found.values())
