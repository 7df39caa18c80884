"""Stored stacks measured again: which are taken, and what is said of each row."""

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
from suite.commands.reproduce import measure_again
from suite.commands.reproduce.measure_again import choose, compare
from suite.planning import grids
from suite.studies import STUDIES
from suite.studies.products import Products
from tests.support import fake_study

STORED = ("products", "fake")


def ready(patch: pytest.MonkeyPatch) -> None:
    """Stacks are measured in threads, and a study that costs nothing is registered."""
    fake_study.use_threads(patch)
    patch.setitem(STUDIES._entries, "fake", fake_study.Fake((1, 2, 3), 25))


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    ready(monkeypatch)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two studies in NumPy, without what a published folder lacks."""
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
    """A copy, to be altered."""
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
    code, found = again(measured, capsys, "--sample", "100000")
    assert code == 0
    assert found["environment"] == []
    assert found["notes"] == []
    runs = sum(len(table(measured, study)) for study in STORED)
    assert found["studies"]["all"]["identical"] == found["studies"]["all"]["rows"] == runs
    assert {row["outcome"] for row in found["rows"]} == {"identical"}


@pytest.mark.parametrize(
    ("factor", "outcome", "code"), [(1 + 1e-7, "alike", 0), (1.01, "different", 1)]
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
    given, found = again(stored, capsys, "--sample", "100000")
    assert given == code
    (apart,) = [one for one in found["rows"] if one["outcome"] != "identical"]
    assert (apart["outcome"], apart["what"]) == (outcome, name)
    assert apart["there"] == pytest.approx(apart["here"] * factor, rel=1e-12)
    assert str(apart["seed"]) == frame.loc[row, "seed"]


def test_another_status_is_different_and_names_both(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table(stored)
    frame.loc[0, "status"] = "diverged"
    edit(stored, frame)
    code, found = again(stored, capsys, "--sample", "100000")
    assert code == 1
    (apart,) = [one for one in found["rows"] if one["outcome"] != "identical"]
    assert (apart["what"], apart["there"], apart["here"]) == ("status", "diverged", "ok")


def test_what_cannot_be_measured_any_more_fails(
    stored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise ValueError("gone")

    monkeypatch.setattr(Products, "measure", broken)
    code, found = again(stored, capsys)
    assert code == 3
    assert found["studies"]["products"]["failed"] == found["studies"]["products"]["rows"]
    assert found["studies"]["fake"]["identical"] == found["studies"]["fake"]["rows"]
    assert any(row.get("here") == "ValueError: gone" for row in found["rows"])


def test_another_grid_and_an_unknown_study_are_said_and_the_rest_is_measured(
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
    code, found = again(stored, capsys)
    assert code == 0
    told = " ".join(found["notes"])
    assert "no study 'alchemy'" in told
    assert "products: another grid here; of its 6 stacks 3 have" in told
    assert next(change["key"] for change in found["environment"]) == "versions.numpy"
    seeds = {row["seed"] for row in found["rows"] if row["study"] == "products"}
    assert seeds == set(range(20, 25))


def test_a_metric_that_is_defined_anew_is_not_compared(
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
    code, found = again(stored, capsys)
    assert code == 0
    assert f"defined anew: {name}" in " ".join(found["notes"])


def test_a_metric_and_an_axis_that_are_newer_than_the_folder(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = table(stored, "fake").drop(columns="critical_scale")
    edit(stored, frame[frame["scale"] == "1.0"].drop(columns="scale"), "fake")  # its default
    path = stored / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["overrides"] = {"scale": [1.0]}
    path.write_text(json.dumps(manifest))
    code, found = again(stored, capsys, "--sample", "100000")
    assert code == 0
    assert "fake: not stored there: critical_scale" in found["notes"]
    assert found["studies"]["fake"]["identical"] == 3 * 25


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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--sample", "0"], "--sample is '0'"),
        (["--seed", "x"], "--seed is 'x'"),
        (["--json", "--csv"], "not allowed with"),
    ],
)
def test_wrong_usage_is_one_line(
    words: list[str], told: str, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(["reproduce", str(measured), *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_folder_with_nothing_to_measure_says_why(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for study in STORED:
        edit(stored, table(stored, study).assign(status="failed"), study)
    assert main(["reproduce", str(stored)]) == 2
    assert "no stack that can be measured here; products: " in capsys.readouterr().err


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


def outcome(there: dict[str, Any], here: dict[str, Any]) -> dict[str, Any]:
    """What is said of one row; ``train_loss`` has no tolerance of its own."""
    whole = {"status": "ok", "reason": "", "train_loss": 1.0}
    stored, now = (pd.DataFrame([{**whole, **side}]) for side in (there, here))
    (row,) = compare(stored, now, ["train_loss"]).to_dict("records")
    return {str(key): value for key, value in row.items()}


@pytest.mark.parametrize(
    ("there", "here", "expected"),
    [
        ({}, {}, "identical"),
        ({"train_loss": np.nan}, {"train_loss": np.nan}, "identical"),
        ({"train_loss": np.inf}, {"train_loss": np.inf}, "identical"),
        ({"train_loss": 0.0}, {"train_loss": -0.0}, "alike"),
        ({}, {"train_loss": 1.0 + 1e-6}, "alike"),
        ({}, {"train_loss": np.nan}, "different"),
        ({}, {"train_loss": np.inf}, "different"),
        ({"reason": "at step 3"}, {"reason": "at step 4"}, "alike"),
        ({"status": "diverged"}, {}, "different"),
        ({}, {"status": "failed", "train_loss": np.nan}, "failed"),
        ({}, {"status": None, "reason": None, "train_loss": None}, "failed"),
        ({"train_loss": "spoilt"}, {}, "different"),
    ],
)
def test_the_outcome_of_a_row(there: dict[str, Any], here: dict[str, Any], expected: str) -> None:
    assert outcome(there, here)["outcome"] == expected


def test_the_metric_that_is_farthest_off_is_named() -> None:
    whole = {"status": "ok", "reason": ""}
    there = pd.DataFrame([{**whole, "train_loss": 1.0, "heldout_loss": 1.0}])
    here = pd.DataFrame([{**whole, "train_loss": 1.1, "heldout_loss": 3.0}])
    (row,) = compare(there, here, ["train_loss", "heldout_loss"]).to_dict("records")
    assert (row["what"], row["there"], row["here"]) == ("heldout_loss", 1.0, 3.0)
    assert measure_again.OUTCOMES.index(row["outcome"]) == 2
