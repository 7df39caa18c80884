"""Inside a block that reads tables once, a table is read once, and no reader sees another's
changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from suite.results.not_measured import not_measured
from suite.results.tables import read_table, reading_once
from suite.types import UserError

TEXT = "activation,seed,status,reason,train_loss\ntanh,0,ok,,0.5\ntanh,1,ok,,\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "runs.csv").write_text(TEXT)
    return tmp_path / "runs.csv"


def test_a_table_is_read_once(path: Path) -> None:
    with reading_once():
        first = read_table(path)
        path.write_text(TEXT.replace("0.5", "0.7"))
        assert read_table(path).equals(first)
    assert read_table(path)["train_loss"][0] == 0.7


def test_what_a_reader_changes_stays_with_it(path: Path) -> None:
    with reading_once():
        first = read_table(path)
        first["train_loss"] = 0.0
        first.loc[0, "activation"] = "relu"
        first["new"] = 1
        again = read_table(path)
        assert list(again.columns) == TEXT.splitlines()[0].split(",")
        assert again["activation"][0] == "tanh"
        assert again["train_loss"][0] == 0.5
        assert not_measured(again["train_loss"].to_numpy()).tolist() == [False, True]


def test_a_column_that_is_missing_is_missed_each_time(path: Path) -> None:
    with reading_once():
        read_table(path)
        with pytest.raises(UserError, match="lacks the column 'heldout_loss'"):
            read_table(path, ["heldout_loss"])


@pytest.mark.parametrize("nan", [False, True])
def test_an_empty_field_is_told_from_nan(path: Path, nan: bool) -> None:
    """A file without any nan is not looked through field by field."""
    path.write_text(TEXT + "tanh,2,ok,,nan\n" * nan)
    column = read_table(path)["train_loss"].to_numpy()
    assert np.isnan(column).tolist() == [False, True, *[True] * nan]
    assert not_measured(column).tolist() == [False, True, *[False] * nan]


@pytest.mark.parametrize("value", ["0.5", "nan"])
def test_a_row_that_is_cut_off_is_refused(path: Path, value: str) -> None:
    path.write_text(TEXT + f"tanh,2,ok,,{value}\ntanh,3,ok,\n")
    with pytest.raises(UserError, match="row 5 has fewer fields"):
        read_table(path)
