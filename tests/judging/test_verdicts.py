"""A list of verdicts: its exit code, and claims.csv, which stores it."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from suite.judging import verdicts
from suite.judging.judge_folder import write_verdicts
from suite.judging.verdicts import COLUMNS, Verdict, read_verdicts
from suite.results.folder import Results
from suite.types import UserError
from tests.support import ROOT
from tests.support.verdicts import (
    ABSENT,
    ALL,
    AS_FEARED,
    CONTRADICTION,
    FAILED,
    LACKING,
    LATER,
    SUPPORTED,
    UNDECIDED,
)

REFERENCE = ROOT / "results" / "reference" / "standard"


@pytest.mark.parametrize(
    ("given", "lost", "code"),
    [
        ([], 0, 0),
        ([], 1, 3),
        ([SUPPORTED, AS_FEARED, LATER, ABSENT], 0, 0),
        ([SUPPORTED, AS_FEARED, LATER, ABSENT], 7, 3),
        ([SUPPORTED, UNDECIDED, LATER], 0, 4),
        ([SUPPORTED, UNDECIDED, LATER], 1, 3),
        ([SUPPORTED, UNDECIDED, LACKING], 0, 3),
        ([FAILED, LATER], 0, 3),
        ([LACKING, UNDECIDED, CONTRADICTION], 2, 1),
    ],
)
def test_the_exit_code(given: list[Verdict], lost: int, code: int) -> None:
    assert verdicts.exit_code(given, lost) == code
    assert verdicts.exit_code(given[::-1], lost) == code


def stored(folder: Path, given: Sequence[Verdict] = ALL) -> Path:
    """Write claims.csv as a run does, and return its path."""
    write_verdicts(Results(folder), given)
    return folder / "claims.csv"


def rewritten(path: Path, edit: Callable[[list[dict[str, str]]], None]) -> None:
    """Edit the rows of claims.csv."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    edit(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def as_text(given: Sequence[Verdict]) -> list[str]:
    """The verdicts as texts that are equal where the verdicts are; NaN equals NaN."""
    return list(map(repr, given))


def test_the_columns_of_the_frame_are_those_of_every_stored_table() -> None:
    with (REFERENCE / "claims.csv").open(encoding="utf-8") as file:
        assert file.readline().rstrip().split(",") == list(COLUMNS)
    assert list(verdicts.to_frame(ALL).columns) == list(COLUMNS)
    assert list(verdicts.to_frame([]).columns) == list(COLUMNS)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    hard = replace(SUPPORTED, claim="hard", reason='a "b",\nc; é', estimate=0.1 + 0.2)
    path = stored(tmp_path, [*ALL, hard])
    back = read_verdicts(tmp_path)
    assert as_text(back) == as_text([*ALL, hard])
    plain = path.read_bytes()
    (tmp_path / "claims.csv.gz").write_bytes(gzip.compress(plain))
    path.unlink()
    assert as_text(read_verdicts(tmp_path)) == as_text(back)
    assert stored(tmp_path / "again", back).read_bytes() == plain


def test_a_reference_is_read_and_written_to_the_same_bytes(tmp_path: Path) -> None:
    written = stored(tmp_path, read_verdicts(REFERENCE)).read_bytes()
    assert written == (REFERENCE / "claims.csv").read_bytes()


def test_the_oldest_folders_lack_two_columns(tmp_path: Path) -> None:
    path = stored(tmp_path)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.drop(columns=["margin", "headline"]).to_csv(path, index=False)
    for verdict in read_verdicts(tmp_path):
        assert math.isnan(verdict.margin)
        assert not verdict.headline
    with pytest.raises(UserError, match=r"claims\.csv lacks the column 'margin'; judge the folder"):
        read_verdicts(tmp_path, required=("margin",))


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("verdict", "suported", "verdict: unknown verdict 'suported'; did you mean 'supported'?"),
        ("expected", "", "expected: unknown expected ''"),
        ("estimand", "valu", "did you mean 'value'?"),
        ("centre", "mode", "unknown centre 'mode'"),
        ("estimate", "big", "estimate: 'big' is not a number"),
        ("estimate", "nan", "estimate: 'nan' is not a number"),
        ("band_low", "", "band_low: '' is not a number"),
        ("n", "20.0", "n: '20.0' is not a whole number"),
        ("failed", "-1", "failed: '-1' is not a whole number"),
        ("n", "9" * 400, f"n: '{'9' * 40}' is not a whole number"),
        ("n", "0", "the margin '9.5' of n '0' seeds is impossible"),
        ("margin", "-1", "the margin '-1' of n '20' seeds is impossible"),
        ("group", "torch", "group: 'torch' is not of the form axis=value axis=value"),
        ("headline", "yes", "headline: 'yes' is not one of 'True', 'False'"),
        ("as_expected", "true", "as_expected: 'true' is not one of 'True', 'False', ''"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    column: str, text: str, words: str, tmp_path: Path
) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        rows[0][column] = text

    path = stored(tmp_path)
    rewritten(path, edit)
    with pytest.raises(UserError) as caught:
        read_verdicts(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{path}: line 2, claim 'tanh-beats-sigmoid': ")
    assert words in message
    assert "\n" not in message


DAMAGE: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda whole: whole.replace(b"group", b"grup", 1), "lacks the column 'group'; judge the"),
    (lambda whole: whole.replace(b"group", b"claim", 1), "has the column 'claim' twice"),
    (lambda whole: whole + whole.splitlines(keepends=True)[-1], "line 10: the verdict on absent"),
    (lambda whole: whole.replace(b"\n", b",x\n", 1), "line 2 has 29 fields, the head has 30"),
    (lambda whole: whole[:-20], "is cut off: its last line does not end"),
    (lambda whole: b"", "is cut off"),
    (lambda whole: b"claim\n\xff\n", "cannot be read"),
    (lambda whole: whole + b'"half', "is cut off"),
    (lambda whole: whole + b'"a"b,c\n', "cannot be read"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGE)
def test_a_damaged_table_is_one_line(
    damage: Callable[[bytes], bytes], words: str, tmp_path: Path
) -> None:
    path = stored(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError) as caught:
        read_verdicts(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_was_not_judged_says_how_to_judge_it(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"claims\.csv is missing; judge the folder with: suite check"
    ):
        read_verdicts(tmp_path)
