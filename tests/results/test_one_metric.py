"""A new metric is one entry in its study's file of metrics, and the study that measures it.

The change is made in a copy of the tree, as a contributor makes it.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

ENTRY = 'METRICS: tuple[Metric, ...] = (\n    Metric("trace", "1", "trace of the product"),'
MEASURED = '"trace": np.prod(drawn, axis=1).trace(axis1=1, axis2=2),'
RUN = (
    "run products --profile quick --seeds 2 --set depth=2 --set width=2 --set scale=1"
    " --jobs 1 --no-report --out"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the tree with the metric ``trace`` added to the study ``products``."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("suite", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    (tmp_path / "results").mkdir()
    shutil.copy(ROOT / "results" / "README.md", tmp_path / "results")
    edit(tmp_path / "suite/metrics/products.py", "METRICS: tuple[Metric, ...] = (", ENTRY)
    study = tmp_path / "suite/studies/products.py"
    edit(
        study, '            "runs",\n            (', '            "runs",\n            (\n"trace",'
    )
    edit(study, "    columns = {\n", f"    columns = {{\n        {MEASURED}\n")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    """Replace the only occurrence of a text in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def python(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the tree, not of the installed package."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
    )


def runs(folder: Path) -> list[dict[str, str]]:
    with (folder / "products" / "runs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_metric_is_one_entry_and_the_generated_dictionary(tree: Path) -> None:
    check = ("pytest", "-q", "-p", "no:cacheprovider", "tests/results/test_dictionary.py")
    before = python(tree, *check)
    assert before.returncode == 1
    assert "1 failed" in before.stdout
    assert "regenerate it: python -m suite.results.dictionary" in before.stdout
    generated = python(tree, "suite.results.dictionary")
    (tree / "results" / "README.md").write_text(generated.stdout, encoding="utf-8")
    assert "| `trace` | 1 |" in generated.stdout
    after = python(tree, *check)
    assert after.returncode == 0, after.stdout
    done = python(tree, "suite", *RUN.split(), "run")
    assert done.returncode == 0, done.stderr
    rows = runs(tree / "run")
    assert len(rows) == 2
    assert all(float(row["trace"]) != 0.0 for row in rows)


def test_a_misspelt_metric_is_a_failed_run_with_the_nearest_name(tree: Path) -> None:
    edit(tree / "suite/studies/products.py", MEASURED, MEASURED.replace('"trace"', '"tracce"'))
    done = python(tree, "suite", *RUN.split(), "run")
    assert done.returncode == 3
    for row in runs(tree / "run"):
        assert row["status"] == "failed"
        assert "unknown column of products/runs 'tracce'; did you mean 'trace'?" in row["reason"]
