"""A framework that is not in the table: its claims are not judged, and its folders still open."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from suite.commands.main import main
from suite.judging.verdicts import NOT_DECIDED
from tests.support import ROOT

QUICK = ROOT / "results" / "reference" / "quick"
REASON = (
    "framework 'tensorflow' is not known to this installation (known: numpy, torch, jax,"
    " keras_torch, keras_jax)"
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package without TensorFlow: neither its folder nor its entry."""
    copy = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__", "tensorflow")
    shutil.copytree(ROOT / "suite", copy / "suite", ignore=ignored)
    table = copy / "suite" / "catalogue" / "frameworks.py"
    text = table.read_text(encoding="utf-8")
    assert text.count(", _TENSORFLOW,") == 1
    table.write_text(text.replace(", _TENSORFLOW,", ","), encoding="utf-8")
    return copy


def suite(tree: Path, *words: str | Path) -> str:
    """Run a command of the package in a tree that must end without an error; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "suite", *map(str, words)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def framework_of(row: Mapping[str, Any]) -> str:
    """The framework that a verdict is about; empty where its group names none."""
    return str(row["group"]).partition("framework=")[2].partition(" ")[0]


def test_a_folder_is_judged_but_for_the_claims_on_the_missing_framework(tree: Path) -> None:
    """With the framework's rows in the folder, and with the verdicts on the others unchanged."""
    judged = json.loads(suite(tree, "check", QUICK, "--json"))["claims"]
    with (QUICK / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert "tensorflow" in set(map(framework_of, rows))
    stored = {(row["claim"], row["group"]): row["verdict"] for row in rows}
    seen = {"judged": 0, "unknown": 0}
    for row in judged:
        verdict = row["verdict"]
        if row["reason"] == REASON:
            assert verdict == "not judged"
            seen["unknown"] += 1
        else:
            assert framework_of(row) != "tensorflow"
            younger = "not judged"  # a claim that the reference does not have yet
            assert verdict == stored.get((row["claim"], row["group"]), younger)
            seen["judged"] += verdict != "not judged"
    assert min(seen.values()) > 20
    assert f"claims were not judged: {REASON}" in " ".join(suite(tree, "check", QUICK).split())


def test_a_claim_that_names_the_missing_framework_is_listed_and_not_judged(tree: Path) -> None:
    """The shipped files name it in ``of`` and ``versus``; they are read all the same."""
    listed = json.loads(suite(tree, "list", "claims", "--json"))["claims"]
    names = {entry["name"] for entry in listed}
    assert len(names) > 400
    standard = ROOT / "results" / "reference" / "standard"
    judged = json.loads(suite(tree, "check", standard, "--json"))["claims"]
    assert {row["claim"] for row in judged} == names
    whole = [row for row in judged if row["group"] == "" and row["reason"] == REASON]
    assert len(whole) > 20


def test_folders_with_rows_of_the_missing_framework_are_compared(tree: Path) -> None:
    assert "no metric moved" in suite(tree, "compare", QUICK, QUICK)
    for axis in ("framework", "framework=torch,tensorflow"):
        printed = suite(tree, "compare", QUICK, "--by", axis)
        assert printed.startswith(f"A  framework=torch in {QUICK}")


def test_the_page_of_such_a_folder_is_drawn(tree: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(QUICK, tmp_path / "quick"))
    suite(tree, "report", folder)
    assert "tensorflow" in (folder / "report.html").read_text(encoding="utf-8")


# --- a user's own claims -------------------------------------------------------------------------

MINE = """
study = "training"
[[claim]]
id = "learns"
statement = "It learns."
source = "my notebook"
metric = "heldout_accuracy"
estimand = "value"
floor = 0
expected = "supported"
because = "a share is at least 0"
decides = "quick"
each = ["framework"]
[claim.of]
framework = ["torch", "tensorflow"]
activation = "tanh"
initializer = "normal(1)"
depth = 4
width = 5
"""


def judged(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str], code: int = 0
) -> list[dict[str, Any]]:
    mine = tmp_path / "my.toml"
    mine.write_text(text, encoding="utf-8")
    assert main(["check", str(QUICK), "--claims", str(mine), "--json"]) == code
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["claims"]
    return rows


def test_a_misspelt_framework_is_not_judged_and_the_nearest_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = judged(tmp_path, MINE.replace('"tensorflow"', '"tensorfow"'), capsys)
    assert [(row["group"], row["verdict"]) for row in rows] == [
        ("framework=torch", "supported"),
        ("framework=tensorfow", "not judged"),
    ]
    assert rows[1]["reason"] == (
        "framework 'tensorfow' is not known to this installation; did you mean 'tensorflow'?"
        " (known: numpy, torch, tensorflow, jax, keras_torch, keras_jax)"
    )


@pytest.mark.parametrize("each", ["[]", '["framework"]', '["optimizer"]'])
def test_a_claim_about_unknown_frameworks_alone(
    each: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever axes split it, and though the folder has no cell of such a framework."""
    text = MINE.replace('["torch", "tensorflow"]', '"caffe"').replace('["framework"]', each)
    text = text.replace("each = []\n", "")
    (row,) = judged(tmp_path, text, capsys, NOT_DECIDED)
    assert row["verdict"] == "not judged"
    assert row["reason"].startswith("framework 'caffe' is not known to this installation (known:")


def test_the_other_side_may_be_the_unknown_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MINE.replace('"value"', '"difference"').replace('each = ["framework"]\n', "")
    text = text.replace('["torch", "tensorflow"]', '"torch"')
    cell = text[text.index("[claim.of]") :]
    versus = cell.replace("claim.of", "claim.versus").replace('"torch"', '"Torch"')
    (row,) = judged(tmp_path, text + versus, capsys, NOT_DECIDED)
    assert row["verdict"] == "not judged"
    assert "'Torch' is not known to this installation; did you mean 'torch'?" in row["reason"]


def test_the_other_mistakes_of_such_a_claim_are_still_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "my.toml"
    mine.write_text(MINE.replace('"tensorflow"', '"caffe"').replace("depth = 4", "depth = 77"))
    assert main(["check", str(QUICK), "--claims", str(mine)]) == 2
    assert "of.depth: unknown depth of a cell" in capsys.readouterr().err
