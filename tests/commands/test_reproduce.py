"""Stored stacks measured again: which are chosen, and the outcome of each row."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.commands.main import main
from suite.commands.reproduce.choose_stacks import choose
from suite.commands.reproduce.compare_rows import Outcome, compare
from suite.planning import grids
from suite.results.not_measured import EMPTY
from suite.studies import STUDIES
from suite.studies.products import Products
from tests.support import fake_study

STORED = ("products", "fake")


def ready(patch: pytest.MonkeyPatch) -> None:
    """Measure stacks in threads, and register a study that costs nothing."""
    fake_study.use_threads(patch)
    patch.setitem(STUDIES._entries, "fake", fake_study.Fake((1, 2, 3), 25))


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    ready(monkeypatch)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two studies in NumPy, without the files that a published folder lacks."""
    folder = tmp_path_factory.mktemp("stored") / "out"
    with pytest.MonkeyPatch.context() as patch:
        ready(patch)
        words = ["run", *STORED, "--profile", "quick", "--seeds", "25", "--no-report"]
        main([*words, "--frameworks", "numpy", "--jobs", "1", "--out", str(folder)])
    shutil.rmtree(folder / "shards")
    for name in STORED:
        path = folder / name / "runs.csv"
        (folder / name / "runs.csv.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    return folder


@pytest.fixture
def stored(measured: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(measured, tmp_path / "stored"))


def table(folder: Path, study: str = "products") -> pd.DataFrame:
    return pd.read_csv(folder / study / "runs.csv.gz", dtype=str, keep_default_na=False)


def edit(folder: Path, frame: pd.DataFrame, study: str = "products") -> None:
    frame.to_csv(folder / study / "runs.csv.gz", index=False)


def again(
    folder: Path, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, Any]]:
    code = main(["reproduce", str(folder), "--jobs", "1", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_a_published_folder_reproduces_itself_to_the_bit(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = again(measured, capsys, "--sample", "100000")
    assert code == 0
    assert report["environment"] == []
    assert report["notes"] == []
    runs = sum(len(table(measured, study)) for study in STORED)
    assert report["studies"]["all"]["identical"] == report["studies"]["all"]["rows"] == runs
    assert {row["outcome"] for row in report["rows"]} == {"identical"}


@pytest.mark.parametrize(
    ("factor", "outcome", "code"), [(1 + 1e-7, "within tolerance", 0), (1.01, "different", 1)]
)
def test_a_number_that_was_changed_is_found(
    stored: Path,
    capsys: pytest.CaptureFixture[str],
    factor: float,
    outcome: str,
    code: int,
) -> None:
    frame = table(stored)
    name = next(
        metric
        for metric in STUDIES["products"].tables[0].metrics
        if np.isfinite(pd.to_numeric(frame[metric])).all()
        and (pd.to_numeric(frame[metric]).abs() > 1).any()
    )
    row = int(pd.to_numeric(frame[name]).abs().argmax())
    frame.loc[row, name] = repr(float(str(frame.loc[row, name])) * factor)
    edit(stored, frame)
    exit_code, report = again(stored, capsys, "--sample", "100000")
    assert exit_code == code
    (different,) = [row for row in report["rows"] if row["outcome"] != "identical"]
    assert (different["outcome"], different["metric"]) == (outcome, name)
    assert different["stored"] == pytest.approx(different["measured"] * factor, rel=1e-12)
    assert str(different["seed"]) == frame.loc[row, "seed"]


def test_another_status_is_different_and_names_both(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table(stored)
    frame.loc[0, "status"] = "diverged"
    edit(stored, frame)
    code, report = again(stored, capsys, "--sample", "100000")
    assert code == 1
    (different,) = [row for row in report["rows"] if row["outcome"] != "identical"]
    assert (different["metric"], different["stored"], different["measured"]) == (
        "status",
        "diverged",
        "ok",
    )


def test_a_stack_that_cannot_be_measured_any_more_fails(
    stored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise ValueError("gone")

    monkeypatch.setattr(Products, "measure", broken)
    code, report = again(stored, capsys)
    assert code == 3
    assert report["studies"]["products"]["failed"] == report["studies"]["products"]["rows"]
    assert report["studies"]["fake"]["identical"] == report["studies"]["fake"]["rows"]
    assert any(row.get("measured") == "ValueError: gone" for row in report["rows"])


def test_another_grid_and_an_unknown_study_are_noted_and_the_rest_is_measured(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stored / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["studies"].append("alchemy")
    manifest["expected"]["products"]["hash"] = "0" * 16
    manifest["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(manifest))
    frame = table(stored)
    edit(stored, frame[frame["seed"] != "3"])  # no first block is whole
    code, report = again(stored, capsys)
    assert code == 0
    notes = " ".join(report["notes"])
    assert "no study 'alchemy'" in notes
    assert "products: this version has another grid; of its 6 stacks 3 have" in notes
    assert next(change["key"] for change in report["environment"]) == "versions.numpy"
    seeds = {row["seed"] for row in report["rows"] if row["study"] == "products"}
    assert seeds == set(range(20, 25))


def test_a_redefined_metric_is_not_compared(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = STUDIES["products"].tables[0].metrics[0]
    path = stored / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["definitions"][name] = "another unit; 1"
    path.write_text(json.dumps(manifest))
    frame = table(stored)
    frame[name] = "1e9"
    edit(stored, frame)
    code, report = again(stored, capsys)
    assert code == 0
    assert f"redefined: {name}" in " ".join(report["notes"])


def test_a_metric_and_an_axis_that_are_newer_than_the_folder(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table(stored, "fake").drop(columns="critical_scale")
    edit(stored, frame[frame["scale"] == "1.0"].drop(columns="scale"), "fake")  # its default
    path = stored / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["overrides"] = {"scale": [1.0]}
    path.write_text(json.dumps(manifest))
    code, report = again(stored, capsys, "--sample", "100000")
    assert code == 0
    assert "fake: not in the folder: critical_scale" in report["notes"]
    assert report["studies"]["fake"]["identical"] == 3 * 25


def test_the_text_fits_a_terminal_and_the_csv_has_all_rows(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table(stored)
    frame["reason"] = "x" * 300
    edit(stored, frame)
    assert main(["reproduce", str(stored), "--jobs", "1"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120
    assert "within tolerance" in text
    assert main(["reproduce", str(stored), "--jobs", "1", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("study,framework,")


def test_a_folder_with_nothing_to_measure_says_why(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for study in STORED:
        edit(stored, table(stored, study).assign(status="failed"), study)
    assert main(["reproduce", str(stored)]) == 2
    assert "no stack that can be measured on this machine; products: " in capsys.readouterr().err


# --- which stacks ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan() -> grids.Plan:
    return grids.plan(list(STUDIES), grids.Selection("standard", ("torch", "tensorflow")))


def every(plan: grids.Plan) -> Iterator[Any]:
    for stacks in plan.stacks.values():
        yield from stacks


def test_the_sample_goes_round_studies_and_frameworks(plan: grids.Plan) -> None:
    groups = Counter((stack.study, stack.framework) for stack in every(plan))
    for count in (1, 7, len(groups), 2 * len(groups)):
        chosen = choose(list(every(plan)), plan, count, 0)
        assert len(chosen) == len(set(chosen)) == count
        taken = Counter((stack.study, stack.framework) for stack in chosen)
        most = 1 if count <= len(groups) else max(taken.values())
        assert all(number >= min(groups[key], most - 1) for key, number in taken.items())
        assert max(taken.values()) <= most
    assert len(choose(list(every(plan)), plan, 10**6, 0)) == sum(groups.values())


def test_the_sample_follows_from_its_number_alone(plan: grids.Plan) -> None:
    stacks = list(every(plan))
    assert choose(stacks, plan, 30, 0) == choose(stacks[::-1], plan, 30, 0)
    assert choose(stacks, plan, 30, 0) == choose(stacks, plan, 60, 0)[:30]
    assert choose(stacks, plan, 30, 0) != choose(stacks, plan, 30, 1)


def test_the_default_sample_is_one_of_each_and_cheap(plan: grids.Plan) -> None:
    chosen = choose(list(every(plan)), plan, None, 0)
    groups = Counter((stack.study, stack.framework) for stack in every(plan))
    assert Counter((stack.study, stack.framework) for stack in chosen) == dict.fromkeys(groups, 1)
    for stack in chosen:
        seconds = sorted(
            plan.costs[other.key].seconds
            for other in plan.stacks[stack.study]
            if other.framework == stack.framework
        )
        assert plan.costs[stack.key].seconds <= seconds[len(seconds) // 2]


# --- rows --------------------------------------------------------------------------------------


def outcome(stored: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    """The comparison of one row; ``train_loss`` has no tolerance of its own."""
    whole = {"status": "ok", "reason": "", "train_loss": 1.0}
    before, now = (pd.DataFrame([{**whole, **side}]) for side in (stored, measured))
    (row,) = compare(before, now, ["train_loss"]).to_dict("records")
    return {str(key): value for key, value in row.items()}


@pytest.mark.parametrize(
    ("stored", "measured", "expected"),
    [
        ({}, {}, "identical"),
        ({"train_loss": np.nan}, {"train_loss": np.nan}, "identical"),
        ({"train_loss": np.inf}, {"train_loss": np.inf}, "identical"),
        ({"train_loss": 0.0}, {"train_loss": -0.0}, "within tolerance"),
        ({}, {"train_loss": 1.0 + 1e-6}, "within tolerance"),
        ({}, {"train_loss": np.nan}, "different"),
        ({}, {"train_loss": np.inf}, "different"),
        ({"train_loss": EMPTY}, {"train_loss": EMPTY}, "identical"),
        ({"train_loss": EMPTY}, {"train_loss": np.nan}, "different"),
        ({"train_loss": np.nan}, {"train_loss": EMPTY}, "different"),
        ({"reason": "at step 3"}, {"reason": "at step 4"}, "within tolerance"),
        ({"status": "diverged"}, {}, "different"),
        ({}, {"status": "failed", "train_loss": np.nan}, "failed"),
        ({}, {"status": None, "reason": None, "train_loss": None}, "failed"),
        ({"train_loss": "spoilt"}, {}, "different"),
    ],
)
def test_the_outcome_of_a_row(
    stored: dict[str, Any], measured: dict[str, Any], expected: str
) -> None:
    assert outcome(stored, measured)["outcome"] == expected


def test_the_metric_that_is_farthest_off_is_named() -> None:
    whole = {"status": "ok", "reason": ""}
    stored = pd.DataFrame([{**whole, "train_loss": 1.0, "heldout_loss": 1.0}])
    measured = pd.DataFrame([{**whole, "train_loss": 1.1, "heldout_loss": 3.0}])
    (row,) = compare(stored, measured, ["train_loss", "heldout_loss"]).to_dict("records")
    assert (row["metric"], row["stored"], row["measured"]) == ("heldout_loss", 1.0, 3.0)
    assert row["outcome"] == Outcome.DIFFERENT
