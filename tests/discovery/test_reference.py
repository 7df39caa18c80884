"""The findings of the committed reference: all were looked into, and no explanation is idle."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.discovery import show_findings
from suite.discovery.explanations import Explanation, explains, explanations
from suite.discovery.findings import findings, found, unexplained
from suite.judging.expected_runs import stored_plan
from suite.judging.judge_folder import Judged, judge_run
from suite.planning.axes import AXES
from suite.results.folder import Results
from suite.studies import STUDIES
from tests.support import ROOT

STANDARD = ROOT / "results" / "reference" / "standard"
QUICK = STANDARD.with_name("quick")
GATE = STANDARD.with_name("gate")
NUMERICS = STANDARD.with_name("numerics")
COMPILED = STANDARD.with_name("numerics_compiled")
PAGE = (ROOT / "docs" / "explanation" / "findings.md").read_text(encoding="utf-8")


def judge(folder: Path) -> Judged:
    results = Results(folder)
    return judge_run(results, stored_plan(results.manifest()))


@pytest.fixture(scope="module")
def judged() -> Judged:
    return judge(STANDARD)


@pytest.fixture(scope="module")
def others() -> list[tuple[Path, Judged]]:
    return [(folder, judge(folder)) for folder in (QUICK, GATE, NUMERICS, COMPILED)]


@pytest.fixture(scope="module")
def rows(judged: Judged, others: list[tuple[Path, Judged]]) -> list[dict[str, Any]]:
    folders = [(STANDARD, judged), *others]
    return [row for folder, each in folders for row in found(folder, each.runs, planned=True)]


@pytest.fixture(scope="module")
def table(judged: Judged) -> pd.DataFrame:
    return findings(STANDARD, judged.runs, judged.verdicts, planned=True)


def test_every_finding_was_looked_into(
    table: pd.DataFrame, others: list[tuple[Path, Judged]]
) -> None:
    assert len(table) > 1000
    assert unexplained(table).empty, unexplained(table).to_string()
    for folder, other in others:
        few = findings(folder, other.runs, other.verdicts, planned=True)
        assert unexplained(few).empty, unexplained(few).to_string()


def test_every_explanation_is_about_a_finding(
    rows: Sequence[dict[str, Any]], judged: Judged, others: list[tuple[Path, Judged]]
) -> None:
    """Those of cells that came after the references, and of tables that the references leave out,
    have nothing here that they could explain; those found on other root seeds alone say so."""
    folders = [(STANDARD, judged), *others]
    given = [
        each
        for each in explanations()
        if any(
            measured(each, stored.runs) and not left_out(each, folder) for folder, stored in folders
        )
    ]
    assert len(given) > 120
    idle = [each for each in given if not any(explains(each, row) for row in rows)]
    assert not [each for each in idle if not each.roots]
    assert not [each for each in given if each.roots and each not in idle]


def left_out(explanation: Explanation, folder: Path) -> bool:
    """Return whether a folder leaves out each table that has a metric of an explanation."""
    lacking = Results(folder).manifest().left_out
    study = explanation.study
    tables = [
        table
        for table in STUDIES[study].tables
        if any(fnmatchcase(name, each) for name in table.metrics for each in explanation.metrics)
    ]
    return bool(tables) and all(f"{study}/{table.name}" in lacking for table in tables)


def measured(explanation: Explanation, runs: Mapping[str, pd.DataFrame]) -> bool:
    """Return whether a folder has runs of the cells that an explanation names."""
    if explanation.study not in runs:
        return False
    frame = runs[explanation.study]
    chosen = np.ones(len(frame), dtype=bool)
    for axis, values in explanation.of.items():
        default = str(AXES[axis].default)
        column = frame[axis].astype(str) if axis in frame else pd.Series(default, frame.index)
        chosen &= column.isin(list(map(str, values))).to_numpy()
    return bool(chosen.any())


@pytest.mark.parametrize(
    ("initializer", "metric"), [("xavier_normal", "zero_share"), ("he_normal", "saturated_share")]
)
def test_a_planted_difference_stays_unexplained(
    initializer: str, metric: str, judged: Judged, tmp_path: Path
) -> None:
    """Units of one framework's ELU die from a layer on, where nothing accounts for it."""
    parts = []
    for framework in ("torch", "tensorflow"):
        layer = np.arange(1, 51)
        fields = {"framework": framework, "activation": "elu", "initializer": initializer}
        share = 0.5 * ((framework == "tensorflow") & (layer > 8))
        low, high = share * 0.99, share * 1.01
        parts.append(
            pd.DataFrame({**fields, "depth": 50, "width": 256, "layer": layer, "n": 20}).assign(
                **{metric: share, f"{metric}_low": low, f"{metric}_high": high}
            )
        )
    (tmp_path / "propagation").mkdir()
    pd.concat(parts).to_csv(tmp_path / "propagation" / "layers.csv", index=False)
    runs = {"propagation": judged.runs["propagation"].head(0)}
    table = findings(tmp_path, runs, judged.verdicts, planned=True)
    assert len(unexplained(table)) == len(table) == 1


def test_the_page_counts_the_findings_by_their_cause(table: pd.DataFrame) -> None:
    """A row of the page's table counts what none above it counted."""
    assert show_findings.counts(table) in PAGE
    shown = re.search("<!-- findings: begin -->\n(.*)<!-- findings: end -->", PAGE, re.DOTALL)
    assert shown is not None
    given = re.findall(r"^\| ([\d,]+) \| [^|]* \| ([^|]*) \|$", shown[1], re.MULTILINE)
    named = [set(re.findall("`([^`]+)`", names)) for _, names in given]
    counted = Counter(
        next((i for i, names in enumerate(named) if names & keys(by)), len(named) - 1)
        for by in table["explained_by"]
    )
    assert [int(count.replace(",", "")) for count, _ in given] == [
        counted[i] for i in range(len(given))
    ]


def keys(explained_by: str) -> set[str]:
    """Return the claims that explain a finding, or the words that stand for them."""
    return {explained_by, *explained_by.removeprefix("not judged: ").split(" ")}
