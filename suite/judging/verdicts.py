"""A verdict as a value, the exit code of a list of them, and the table that stores them.

``claims.csv`` is written from ``to_frame`` and read by ``read_verdicts`` alone.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin, get_type_hints

from suite.catalogue.registry import unknown
from suite.claims.band import Band
from suite.claims.claim import Centre, Estimand, Expectation
from suite.results.compressed import UNREADABLE, locate, open_bytes
from suite.results.plain_text import check_separator, decode
from suite.types import UserError

if TYPE_CHECKING:
    import pandas as pd

Ruling = Literal["supported", "refuted", "undecided", "not judged"]
SUPPORTED: Final = "supported"
REFUTED: Final = "refuted"
UNDECIDED: Final = "undecided"
NOT_JUDGED: Final = "not judged"
RULINGS: tuple[Ruling, ...] = get_args(Ruling)
CONTRADICTED, INCOMPLETE, NOT_DECIDED = 1, 3, 4
"""Exit codes, the first that applies; 2 is wrong usage."""
CLAIMS = "claims.csv"


@dataclass(frozen=True)
class Verdict:
    """One claim on one group of cells: a row of claims.csv.

    ``estimate``, its confidence limits ``low`` and ``high``, and ``band`` are in the unit of the
    metric (of a ratio: 1; of a slope: per unit of the axis). ``n``: seeds behind the interval.
    ``diverged``, ``failed``, ``missing``: numbers of runs, both sides together. ``level`` is NaN
    for exact claims. ``pair_correlation``: Spearman's, between the two sides of a pair, NaN where
    there are no pairs; near 0, pairing by seed gained nothing. ``margin``: the distance from the
    estimate to the nearest edge of the band in standard errors, as implied by the half of the
    interval towards it; about 4 (``intervals.Z``) decide. ``headline``: whether the claim is one
    of the most telling. ``promised``: whether the run should decide the claim: it has its profile,
    with the profile's own seeds and grid. ``reason``: why undecided or not judged.
    """

    claim: str
    group: str
    study: str
    statement: str
    metric: str
    estimand: Estimand
    centre: Centre
    verdict: Ruling
    expected: Expectation
    as_expected: bool | None
    estimate: float
    low: float
    high: float
    level: float
    band: Band
    n: int
    diverged: int
    failed: int
    missing: int
    pair_correlation: float
    margin: float
    headline: bool
    decides: str
    promised: bool
    reason: str
    because: str
    source: str
    text_hash: str

    @property
    def name(self) -> str:
        """The claim, and the group in brackets where the claim has several."""
        return f"{self.claim} [{self.group}]" if self.group else self.claim

    @property
    def decided(self) -> bool:
        """Whether the verdict is supported or refuted."""
        return self.verdict in (SUPPORTED, REFUTED)

    @property
    def contradicts(self) -> bool:
        """Whether the verdict is decided and not the expected one."""
        return self.as_expected is False

    @property
    def broken_promise(self) -> bool:
        """Whether the verdict is undecided though this profile promised to decide it."""
        return self.verdict == UNDECIDED and self.promised

    @property
    def lost(self) -> str:
        """The runs that did not end well, such as ``3 diverged, 1 missing``; empty without any."""
        counts = {"diverged": self.diverged, "failed": self.failed, "missing": self.missing}
        return ", ".join(f"{count} {status}" for status, count in counts.items() if count)


def group_fields(group: str) -> dict[str, str]:
    """Return axis -> value for the group of a verdict; a value may contain spaces."""
    return dict(part.split("=", 1) for part in _parts(group))


def _parts(group: str) -> list[str]:
    """Return the ``axis=value`` parts of a group."""
    return re.split(r" (?=\w+=)", group) if group else []


def exit_code(verdicts: Sequence[Verdict], lost: int) -> int:
    """Return 1 where a claim contradicts its expectation; else 3 where runs are missing or failed,
    ``lost`` of them in the folder, whether or not a claim is about them; else 4 where a claim that
    this profile promised to decide is undecided; else 0."""
    if any(verdict.contradicts for verdict in verdicts):
        return CONTRADICTED
    # Where the folder lacks a column, a claim lacks runs that no row counts as lost.
    if lost or any(verdict.failed or verdict.missing for verdict in verdicts):
        return INCOMPLETE
    return NOT_DECIDED if any(verdict.broken_promise for verdict in verdicts) else 0


def unjudged(verdicts: Sequence[Verdict], each: bool) -> str:
    """Return what was asked for and not judged, with a reason; empty where nothing is amiss.

    ``each``: whether every claim must be judged in one of its groups, because a user named the
    claims; else one verdict is enough.
    """
    judged = {verdict.claim for verdict in verdicts if verdict.verdict != NOT_JUDGED}
    skipped = [verdict for verdict in verdicts if verdict.claim not in judged]
    if not skipped or (judged and not each):
        return "" if verdicts else "there is no claim to judge"
    claims = list(dict.fromkeys(verdict.claim for verdict in skipped))
    subject = f"claim {claims[0]!r} was" if len(claims) == 1 else f"{len(claims)} claims were"
    first = "" if len(claims) == 1 else f", {claims[0]!r} for example"
    return f"{subject} not judged{first}: {skipped[0].reason}"


# --- claims.csv --------------------------------------------------------------------------------

_TYPES = get_type_hints(Verdict)
COLUMNS = tuple(
    column
    for field in fields(Verdict)
    for column in (("band_low", "band_high") if field.name == "band" else (field.name,))
)
"""The columns of claims.csv: the fields of ``Verdict`` in their order, the band as two."""
_LATER = {"margin": "", "headline": "False"}
"""Columns that claims.csv lacks in the oldest folders, and what stands for them."""


def to_frame(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """Return the rows of claims.csv, with the columns ``COLUMNS``."""
    import pandas as pd  # here: reading the rest of this file needs no data frames

    rows = [
        {**vars(verdict), "band_low": verdict.band.low, "band_high": verdict.band.high}
        for verdict in verdicts
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def read_verdicts(folder: Path, required: Collection[str] = ()) -> list[Verdict]:
    """Return the verdicts that a results folder stores in claims.csv, plain or compressed.

    ``required``: columns that must be there though the oldest folders lack them. Raise UserError
    where the folder has not been judged, the table cannot be read, lacks a column, contains a
    verdict twice, or has a field that does not fit its column: the message names it.
    """
    path = folder / CLAIMS
    rows = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    verdicts: dict[tuple[str, str], Verdict] = {}
    try:
        head = next(rows, [])
        _check_head(path, head, required)
        for row in rows:
            place = f"{path}: line {rows.line_num}"
            if len(row) != len(head):
                raise UserError(f"{place} has {len(row)} fields, the head has {len(head)}")
            verdict = _verdict(place, _LATER | dict(zip(head, row, strict=True)))
            if (verdict.claim, verdict.group) in verdicts:
                raise UserError(f"{place}: the verdict on {verdict.name} is stored twice")
            verdicts[verdict.claim, verdict.group] = verdict
    except csv.Error as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    return list(verdicts.values())


def _text(path: Path) -> str:
    """Return the text of a table, plain or compressed. Raise UserError where it cannot be read."""
    file_path = locate(path)
    if file_path is None:
        raise UserError(f"{path} is missing; {_judge_again(path)}")
    try:
        with open_bytes(file_path) as file:
            text = decode(path, file.read())
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    check_separator(path, text)
    if not text.endswith("\n"):
        raise UserError(f"{path} is cut off: its last line does not end; {_judge_again(path)}")
    return text


def _judge_again(path: Path) -> str:
    return f"judge the folder with: suite check {path.parent} --out {path.parent}"


def _check_head(path: Path, head: Sequence[str], required: Collection[str]) -> None:
    for column in COLUMNS:
        if head.count(column) > 1:
            raise UserError(f"{path} has the column {column!r} twice")
        if column not in head and (column not in _LATER or column in required):
            raise UserError(f"{path} lacks the column {column!r}; {_judge_again(path)}")


def _verdict(place: str, row: dict[str, str]) -> Verdict:
    """Return the verdict of a row; ``place`` names the row in errors."""

    values = {}
    for column in COLUMNS:
        try:
            values[column] = _parse(column, row[column])
        except UserError as error:
            claim = row["claim"]
            raise UserError(f"{place}, claim {claim!r}: {column}: {error}") from None
    band = Band(values.pop("band_low"), values.pop("band_high"))
    verdict = Verdict(**values, band=band)
    if not (math.isnan(verdict.margin) or (verdict.margin >= 0 and verdict.n)):
        raise UserError(
            f"{place}, claim {verdict.claim!r}: the margin {row['margin']!r} of n {row['n']!r}"
            " seeds is impossible"
        )
    return verdict


def _parse(column: str, text: str) -> Any:
    """Return a field of claims.csv as a value of its column; raise UserError where it is none."""
    if column in ("band_low", "band_high"):
        return _number(text)
    kind = _TYPES[column]
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise unknown(column, text, get_args(kind))
        return text
    if column == "group" and not all("=" in part for part in _parts(text)):
        raise UserError(f"{text[:40]!r} is not of the form axis=value axis=value")
    if kind is str:
        return text
    if kind is int:
        if not re.fullmatch("[0-9]{1,15}", text):
            raise UserError(f"{text[:40]!r} is not a whole number")
        return int(text)
    if kind is float:
        return _number(text) if text else math.nan
    truths = {"True": True, "False": False} | ({} if kind is bool else {"": None})
    if text not in truths:
        raise UserError(f"{text[:40]!r} is not one of {', '.join(map(repr, truths))}")
    return truths[text]


def _number(text: str) -> float:
    """Return a number that is not NaN, which is stored as an empty field."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UserError(f"{text[:40]!r} is not a number")
    return number
