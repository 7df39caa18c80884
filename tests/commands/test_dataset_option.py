"""``--dataset``: a table of a user's own from the command line to results, and back."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suite.catalogue.datasets import DATASETS
from suite.commands.main import main
from suite.datafiles import active
from suite.results.tables import read_table

SMALL = ["--set", "depth=1", "--set", "activation=tanh", "--set", "initializer=xavier_uniform"]
RUN = ["training", "--profile", "quick", "--seeds", "2", "--set", "weights=shared", *SMALL]


def table(folder: Path, shift: float = 0.0, holes: int = 1) -> Path:
    """Write two classes that one feature separates, with a row that has a hole."""
    path = folder / "flowers.csv"
    rows = [f"{i % 2 + shift + 0.01 * (i % 7)},{i % 5},{['no', 'yes'][i % 2]}" for i in range(80)]
    rows += [",1,no"] * holes
    path.write_text("\n".join(["petal,sepal,blooms", *rows]) + "\n", encoding="utf-8")
    return path


def option(path: Path, more: str = "label=blooms,task=classification") -> list[str]:
    return ["--dataset", f"{path},{more}"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A results folder of both frameworks on a table, and the table."""
    folder = tmp_path_factory.mktemp("brought")
    path = table(folder)
    assert main(["run", *RUN, *option(path), "--out", str(folder / "run"), "--no-report"]) == 0
    assert not active()
    return folder / "run", path


def test_both_frameworks_learn_a_table(measured: tuple[Path, Path]) -> None:
    runs = read_table(measured[0] / "training" / "runs.csv")
    assert set(runs["framework"]) == {"torch", "tensorflow"}
    assert set(runs["dataset"]) == {"file:flowers"}
    assert set(runs["status"]) == {"ok"}
    assert (runs["heldout_accuracy"] > runs["majority_share"]).all()
    skill = 1 - (1 - runs["heldout_accuracy"]) / (1 - runs["majority_share"])
    pd.testing.assert_series_equal(runs["heldout_skill"], skill, check_names=False)
    assert runs["heldout_r2"].isna().all()


def test_the_manifest_says_what_was_done(measured: tuple[Path, Path]) -> None:
    folder, path = measured
    (stored,) = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["datasets"]
    assert stored["name"] == "file:flowers"
    assert stored["origin"] == str(path)
    assert stored["options"] == "label=blooms,task=classification"
    assert (stored["rows"], stored["train"], stored["features"]) == (80, 60, 2)
    assert stored["classes"] == {"no": 40, "yes": 40}
    assert (stored["dropped"], stored["duplicates"]) == (1, 10)
    assert set(stored["rules"]) == {"split", "scaling", "classes", "holes", "duplicates"}


def test_a_folder_is_read_without_the_file(
    measured: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(measured[0], tmp_path / "copy")
    assert "file:flowers" not in DATASETS
    assert main(["check", str(folder)]) in (0, 4)  # 4: no claim is about these cells
    assert main(["compare", str(folder), str(measured[0])]) == 0
    assert main(["report", str(folder)]) == 0
    assert "flowers.csv" in (folder / "report.html").read_text(encoding="utf-8")
    capsys.readouterr()


class FarAway(ThreadPoolExecutor):
    """An engine whose workers cannot read the disk of this machine: the table is gone when the
    first stack is measured."""

    table: Path

    def submit(self, function: Any, /, *words: Any, **more: Any) -> Future[Any]:
        self.table.unlink(missing_ok=True)
        return super().submit(function, *words, **more)


def test_a_table_reaches_the_workers_of_an_engine(
    measured: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path)
    monkeypatch.setattr(FarAway, "table", path, raising=False)
    far = ["--executor", f"{__name__}:FarAway", "--frameworks", "torch"]
    out = tmp_path / "run"
    assert main(["run", *RUN, *option(path), *far, "--out", str(out), "--no-report"]) == 0
    assert not path.exists()
    found, here = (read_table(folder / "training" / "runs.csv") for folder in (out, measured[0]))
    expected = here[here["framework"] == "torch"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_reproduce_needs_the_file_and_names_it(
    measured: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, path = measured
    for given in ([], option(table(tmp_path, shift=1.0))):
        assert main(["reproduce", str(folder), "--sample", "1", *given]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        sha = json.loads((folder / "manifest.json").read_text("utf-8"))["datasets"][0]["sha256"]
        assert f"{path} (file:flowers, sha256 {sha[:12]})" in line
        assert f"--dataset {path},label=blooms,task=classification" in line


def test_resuming_with_another_file_or_label_is_refused(
    measured: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, path = measured
    other = option(table(tmp_path, shift=1.0))
    assert main(["run", *RUN, *other, "--out", str(folder)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the data file of 'file:flowers' was sha256" in line
    renamed = option(path, "label=blooms,task=classification,without=sepal")
    assert main(["run", *RUN, *renamed, "--out", str(folder)]) == 2
    assert "without=sepal" in capsys.readouterr().err


def test_an_axis_that_is_set_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = option(table(tmp_path))
    assert main(["plan", *RUN, *given, "--set", "dataset=circles,file:flowers"]) == 0
    assert "dataset=circles,file:flowers" in capsys.readouterr().out
    assert main(["plan", *RUN, *given, "--set", "dataset=file:flower"]) == 2
    assert "did you mean 'file:flowers'?" in capsys.readouterr().err


def test_without_a_study_those_that_train_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *option(table(tmp_path)), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert set(plan["studies"]) == {"training", "practice", "remedies", "rescue"}
    assert main(["plan", "propagation", *option(table(tmp_path))]) == 2
    assert "no selected study (propagation) has the axis 'dataset'" in capsys.readouterr().err
