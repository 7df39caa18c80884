"""An empty field was not measured and ``nan`` is a result, in every table that is read."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.judging.judge_claims import judge
from suite.judging.summary import summarise
from suite.judging.verdicts import INCOMPLETE, exit_code
from suite.results.not_measured import EMPTY, not_measured
from suite.results.tables import read_table
from suite.types import UserError
from tests.judging.test_judge_claims import BASE, SEEDS, VALUE, learned, runs


def stored(tmp_path: Path, text: str, status: str = "ok", lost: int = 3) -> pd.DataFrame:
    """Return runs of tanh and sigmoid as they are read from a table in which the accuracy of the
    first runs of tanh is a text."""
    frame = runs(learned)
    frame = frame.astype({"heldout_accuracy": object})
    rows = frame.index[frame["activation"] == "tanh"][:lost]
    frame.loc[rows, "heldout_accuracy"] = text
    frame.loc[rows, "status"] = status
    path = tmp_path / "runs.csv"
    frame.to_csv(path, index=False, lineterminator="\n")
    return read_table(path)


def test_a_table_keeps_the_two_apart(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("seed,train_loss,kink_error\n0,,\n1,nan,\n2,nan,\n3,inf,\n")
    frame = read_table(path)
    assert not_measured(frame["train_loss"].to_numpy()).tolist() == [True, False, False, False]
    assert not_measured(frame["kink_error"].to_numpy()).all()
    assert frame["train_loss"].isna().tolist() == [True, True, True, False]
    for moved in (frame[::-1], pd.concat([frame, frame]), frame.merge(frame[["seed"]], on="seed")):
        assert not_measured(moved["kink_error"].to_numpy()).all()
    assert not not_measured(np.array([math.nan, 1.0])).any()
    assert math.isnan(EMPTY)


def test_a_row_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("seed,train_loss,kink_error\n0,1.0,2.0\n1,1.0\n")
    with pytest.raises(UserError, match="row 3 has fewer fields than the header: 2 of 3"):
        read_table(path)


@pytest.mark.parametrize("status", ["ok", "diverged"])
def test_a_claim_tells_an_empty_field_from_nan(tmp_path: Path, status: str) -> None:
    """A diverged run counts with the worst value, but not where nothing was written."""
    (verdict,) = judge([BASE], {"training": stored(tmp_path, "", status)}, "full")
    assert verdict.verdict == "undecided"
    assert verdict.reason.startswith("heldout_accuracy was not measured in 3 runs: framework=torch")
    assert (verdict.n, verdict.missing) == (SEEDS - 3, 3)
    assert verdict.low > -math.inf  # the interval of the other seeds is shown
    assert exit_code([verdict], 0) == INCOMPLETE
    (verdict,) = judge([BASE], {"training": stored(tmp_path, "nan", status)}, "full")
    assert verdict.missing == 0
    if status == "ok":
        assert verdict.reason == "heldout_accuracy is NaN for 3 of 20 seeds"
    else:
        assert (verdict.n, verdict.diverged) == (SEEDS, 3)


def test_a_prediction_that_is_empty_is_missing_too(tmp_path: Path) -> None:
    claim = replace(VALUE, prediction="train_loss", estimand="ratio_to_prediction")
    frame = stored(tmp_path, "0.99")
    lost = (frame["activation"] == "tanh") & (frame["seed"] == 7)
    frame = frame.assign(train_loss=np.where(lost, EMPTY, 1.0))
    (verdict,) = judge([claim], {"training": frame}, "full")
    assert verdict.reason.startswith("train_loss was not measured in 1 runs: framework=torch")
    assert (verdict.n, verdict.missing) == (SEEDS - 1, 1)


def test_the_summary_counts_what_was_measured(tmp_path: Path) -> None:
    def row(frame: pd.DataFrame) -> dict[str, Any]:
        axes = [str(name) for name in frame.columns[: list(frame.columns).index("seed")]]
        table = summarise("training", frame, axes).query("activation == 'tanh'")
        (found,) = table.query("metric == 'heldout_accuracy'").to_dict("records")
        return {str(name): value for name, value in found.items()}

    empty, result = row(stored(tmp_path, "")), row(stored(tmp_path, "nan"))
    assert (empty["n"], empty["ok"]) == (SEEDS - 3, SEEDS)
    assert empty["centre"] > 0.9
    assert result["n"] == SEEDS
    assert math.isnan(result["centre"])
    assert row(stored(tmp_path, "", "diverged"))["n"] == SEEDS - 3
    assert row(stored(tmp_path, "nan", "diverged"))["n"] == SEEDS  # counted as 0, the worst
    none = row(stored(tmp_path, "", lost=SEEDS))
    assert none["n"] == 0
    assert math.isnan(none["low"])
