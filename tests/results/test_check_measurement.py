"""A measurement that is not what its study declares is refused: the error names the column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from suite.measuring.executors import Job
from suite.measuring.measure_stack import measure_and_store
from suite.results.check_measurement import MeasurementError, check_measurement
from suite.results.folder import Results
from suite.studies import STUDIES
from suite.types import Array, Lab, Measurement, Stack, Status, Table
from tests.support import fake_study

COUNT = 3
RUNS = Table("runs", {}, {"top_exponent": np.zeros(COUNT), "critical_scale": np.ones(COUNT)})
CURVE = Table("spectrum", {"index": np.array([1, 2])}, {"exponent": np.zeros((COUNT, 2))})
GOOD = Measurement([Status.OK] * COUNT, [""] * COUNT, (RUNS, CURVE))
STUDY = fake_study.Fake((1,), 1)


def columns(table: Table, **changed: Array) -> Table:
    return replace(table, columns={**table.columns, **changed})


def coordinates(changed: Mapping[str, Array]) -> Table:
    return replace(CURVE, coordinates=changed)


def test_what_is_declared_is_accepted() -> None:
    check_measurement(STUDY, GOOD, COUNT, COUNT)
    fewer = replace(RUNS, columns={"top_exponent": np.zeros(COUNT, dtype=np.int64)})
    check_measurement(STUDY, replace(GOOD, tables=(CURVE, fewer)), COUNT, COUNT)
    failed = Measurement([Status.FAILED] * COUNT, ["MemoryError"] * COUNT, ())
    check_measurement(STUDY, failed, COUNT, 0)


WRONG: list[tuple[Measurement, str]] = [
    (
        replace(GOOD, tables=(columns(RUNS, top_exponnt=np.zeros(COUNT)), CURVE)),
        "unknown column of fake/runs 'top_exponnt'; did you mean 'top_exponent'?",
    ),
    (
        replace(GOOD, tables=(columns(RUNS, heldout_accuracy=np.zeros(COUNT)), CURVE)),
        "(allowed: top_exponent, critical_scale)",
    ),
    (
        replace(GOOD, tables=(RUNS, replace(CURVE, name="spectrums"))),
        "unknown table of fake 'spectrums'; did you mean 'spectrum'?",
    ),
    (replace(GOOD, tables=(RUNS,)), "fake returned the tables runs (declared, each once: runs,"),
    (replace(GOOD, tables=()), "fake returned the tables none"),
    (replace(GOOD, tables=(RUNS, RUNS, CURVE)), "fake returned the tables runs, runs, spectrum"),
    (
        replace(GOOD, tables=(RUNS, coordinates({}))),
        "fake/spectrum has the coordinates none (declared: index)",
    ),
    (
        replace(GOOD, tables=(RUNS, coordinates({"indx": np.array([1, 2])}))),
        "fake/spectrum has the coordinates indx (declared: index)",
    ),
    (
        replace(GOOD, tables=(RUNS, coordinates({"index": np.zeros((2, 1))}))),
        "fake/spectrum: the coordinate 'index' has 2 dimensions",
    ),
    (
        replace(GOOD, tables=(RUNS, columns(CURVE, exponent=np.zeros((COUNT, 3))))),
        "the column 'exponent' has the shape (3, 3), not (3, 2) (members, index)",
    ),
    (
        replace(GOOD, tables=(columns(RUNS, top_exponent=np.zeros(COUNT + 1)), CURVE)),
        "the column 'top_exponent' has the shape (4,), not (3,) (members)",
    ),
    (
        replace(GOOD, tables=(columns(RUNS, top_exponent=np.array(["x"] * COUNT)), CURVE)),
        "the column 'top_exponent' holds <U1, which are not numbers",
    ),
    (
        replace(GOOD, status=cast(list[Status], ["divergd", "ok", "ok"])),
        "unknown status 'divergd'; did you mean 'diverged'?",
    ),
    (replace(GOOD, status=[Status.MISSING, *[Status.OK] * 2]), "unknown status 'missing'"),
    (replace(GOOD, status=[Status.OK]), "1 statuses and 3 reasons for 3 members"),
    (replace(GOOD, reason=[]), "3 statuses and 0 reasons for 3 members"),
]


@pytest.mark.parametrize(("measurement", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_not_declared_is_named(measurement: Measurement, words: str) -> None:
    with pytest.raises(MeasurementError) as caught:
        check_measurement(STUDY, measurement, COUNT, COUNT)
    assert words in str(caught.value)
    assert "fake" in str(caught.value)


class Misspelt(fake_study.Fake):
    """The fake study with a misspelt column, on its widest stack alone."""

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        measured = super().measure(stack, lab)
        if dict(stack.shared)["width"] != 2:
            return measured
        runs, curve = measured.tables
        return replace(
            measured, tables=(columns(runs, critical_scal=runs.columns["top_exponent"]), curve)
        )


def test_a_misspelt_column_fails_its_stack_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = fake_study.plan(monkeypatch, widths=(1, 2), seeds=2)
    monkeypatch.setitem(STUDIES._entries, "fake", Misspelt((1, 2), 2))
    results = Results(tmp_path)
    (tmp_path / "shards").mkdir()
    for stack in plan.stacks["fake"]:
        measure_and_store(Job(tmp_path, 0), stack)
    good, bad = (results.read(stack) for stack in plan.stacks["fake"])
    assert good is not None
    assert set(good.status) == {"ok", "unsupported"}
    assert bad is not None
    assert set(bad.status) == {"failed", "unsupported"}
    (reason,) = {
        text for text, status in zip(bad.reason, bad.status, strict=True) if status == "failed"
    }
    assert reason.startswith("MeasurementError: unknown column of fake/runs 'critical_scal'")
    assert "did you mean 'critical_scale'?" in reason


def test_nothing_is_stored_that_is_not_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = fake_study.plan(monkeypatch, widths=(1,), seeds=1)
    (stack,) = plan.stacks["fake"]
    (tmp_path / "shards").mkdir()
    with pytest.raises(MeasurementError, match="unknown table"):
        Results(tmp_path).write(
            STUDIES["fake"], stack, replace(GOOD, tables=(Table("run", {}, {}),)), [0, 1, 2], {}
        )
    assert list((tmp_path / "shards").iterdir()) == []
