"""Judging a stored folder that is incomplete, was edited, or comes from another version."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from suite.cli import main

ARGUMENTS = ["run", "parity", "--profile", "quick", "--frameworks", "numpy", "--seeds", "2",
             "--set", "activation=tanh", "--jobs", "1", "--no-report"]  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "out"
    assert main([*ARGUMENTS, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_finished_folder_is_judged_alike(copy: Path) -> None:
    assert main(["check", str(copy)]) == 0


def test_deleted_rows_are_missing_runs(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "parity" / "runs.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert main(["check", str(copy)]) == 3


def test_missing_runs_count_even_where_the_grid_has_changed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["expected"]["parity"]["hash"] = "0" * 16
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert main(["check", str(copy)]) == 0
    path = copy / "parity" / "runs.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert main(["check", str(copy)]) == 3
    assert "1 runs of parity are missing" in capsys.readouterr().err


def test_a_folder_without_its_tables_lacks_all_its_runs(copy: Path) -> None:
    (copy / "parity" / "runs.csv").unlink()
    assert main(["check", str(copy)]) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",ok,", ",OK,", ["unknown status 'OK'", "did you mean 'ok'"]),
        (",ok,", ",,", ["unknown status ''"]),
        ("seed,status,", "seed,state,", ["lacks the column 'status'"]),
        ("framework,", "framework;", ["lacks the column 'framework'"]),
        (",0,ok", ",x,ok", ["'seed'", "no number"]),
    ],
)
def test_an_edited_table_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: list[str]
) -> None:
    edit(copy / "parity" / "runs.csv", old, new)
    assert main(["check", str(copy)]) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    for word in words:
        assert word in printed


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("profile", "qick", "did you mean 'quick'"),
        ("overrides", {"activation": ["tahn"]}, "did you mean 'tanh'"),
        ("overrides", {"activaton": ["tanh"]}, "did you mean 'activation'"),
        ("studies", ["paritty"], "did you mean 'parity'"),
        ("seeds", "x", "seeds is 'x'"),
        ("expected", None, "expected is None"),
    ],
)
def test_an_edited_manifest_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str], key: str, value: object, words: str
) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    assert main(["check", str(copy)]) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert words in printed


def test_a_renamed_or_damaged_claims_table_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy / "claims.csv", "verdict", "verdikt")
    assert main(["report", str(copy)]) == 2
    (copy / "claims.csv").write_bytes(b"\xff\xfe\x00")
    assert main(["report", str(copy)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
