"""A study is four new files and its test: in a copy of the tree they are added, and none is edited.

The study, its metrics, its claims and its figures have one name, by which the suite finds them.
This file is the fifth.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

STUDY = '''"""Throws of a fair coin, of which the law of large numbers states the share of heads."""

import numpy as np

from suite import seeds
from suite.studies.common import costs
from suite.studies.common.measurements import completed
from suite.types import Cost, Grid, Study, Table, TableSpec


class Coins(Study):
    """Series of throws of one length."""

    name = "coins"
    question = "Does half of many throws of a fair coin show heads?"
    source = "Bernoulli 1713"
    frameworks = ("numpy",)
    axes = ("framework", "width")
    tables = (TableSpec("runs", ("heads_share",)),)

    def grids(self, profile):
        return (Grid({"width": (10_000,)}),)

    def measure(self, stack, lab):
        shares = [
            seeds.generator(lab.root, "vectors", seed=member.seed)
            .integers(0, 2, member.cell.count("width"))
            .mean()
            for member in stack.members
        ]
        return completed(len(shares), Table("runs", {}, {"heads_share": np.array(shares)}))

    def cost(self, stack):
        return Cost(1e-3 * len(stack.members), costs.NUMPY_WORKER)


STUDY = Coins()
'''
METRICS = '''"""The metric of the study ``coins``."""

from suite.metrics.metric import Metric

METRICS = (Metric("heads_share", "share", "share of the throws that show heads", tolerance=0.01),)
'''
CLAIMS = """study = "coins"

[[claim]]
id        = "coin-is-fair"
statement = "The share of heads in 10,000 throws is a half to within 0.02."
source    = "Bernoulli 1713"
metric    = "heads_share"
estimand  = "value"
of        = { framework = "numpy", width = 10_000 }
band      = [0.48, 0.52]
expected  = "supported"
because   = "The standard deviation of the share is 0.005."
decides   = "quick"
"""
FIGURES = '''"""The figure of the study ``coins``."""

from matplotlib.figure import Figure

from suite.report.common.drawing import Drawing, drawn_from, part, seeds_in


def parts(tables):
    """Return one figure: the share of heads of each seed."""
    source = drawn_from(tables, "coins/runs.csv", ("seed", "heads_share"), "throws", heads)
    return [part("Throws of a coin", source)]


def heads(runs):
    """Draw the share of heads against the seed."""
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot(runs["seed"], runs["heads_share"], "o")
    caption = "Share of heads in 10,000 throws, by seed."
    return Drawing("coins", "Share of heads by seed", caption, figure, ("coin-is-fair",))
'''
FILES = {
    "suite/studies/coins.py": STUDY,
    "suite/metrics/coins.py": METRICS,
    "suite/claims/coins.toml": CLAIMS,
    "suite/report/coins.py": FIGURES,
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with the four files of a new study."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "suite", copy / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in FILES.items():
        (copy / name).write_text(text, encoding="utf-8")
    return copy


def python(tree: Path, module: str, *words: str) -> str:
    """Run a module of the copy, which must succeed, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        env={**os.environ, "PYTHONPATH": str(tree)},
        cwd=tree,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(tree: Path) -> Path:
    """Return the results folder of a run of the new study."""
    folder = tree / "results"
    words = ("--profile", "quick", "--jobs", "1", "--out", str(folder))
    python(tree, "suite", "run", "coins", *words)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_new_study_is_listed_with_its_metric_and_its_claim(tree: Path) -> None:
    for kind, name in (
        ("studies", "coins"),
        ("metrics", "heads_share"),
        ("claims", "coin-is-fair"),
    ):
        entries = json.loads(python(tree, "suite", "list", kind, "--json"))[kind]
        assert name in [entry["name"] for entry in entries]


def test_the_new_study_is_measured_and_its_claim_is_judged(results: Path) -> None:
    runs = rows(results / "coins" / "runs.csv")
    assert [run["status"] for run in runs] == ["ok"] * 20
    shares = [float(run["heads_share"]) for run in runs]
    assert len(set(shares)) > 1
    assert all(0.4 < share < 0.6 for share in shares)
    verdicts = {row["claim"]: row["verdict"] for row in rows(results / "claims.csv")}
    assert verdicts["coin-is-fair"] == "supported"


def test_the_figure_of_the_new_study_is_on_the_page(results: Path) -> None:
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Does half of many throws of a fair coin show heads?" in page
    assert "Share of heads by seed" in page
    assert (results / "figures" / "coins.svg").stat().st_size > 0


def test_the_column_dictionary_explains_the_new_metric(tree: Path) -> None:
    text = python(tree, "suite.results.dictionary")
    assert "Does half of many throws of a fair coin show heads?" in text
    assert "share of the throws that show heads" in text
