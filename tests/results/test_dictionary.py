"""The column dictionary is complete, and its committed copy is up to date."""

from __future__ import annotations

import re

import pytest

from suite.judging.intervals import Z
from suite.judging.verdicts import COLUMNS
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.results.dictionary import column_dictionary
from suite.studies import STUDIES
from suite.types import Status
from tests.support import ROOT


def section(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its header."""
    text = column_dictionary()
    body = re.search(rf"^##+ {re.escape(title)}$(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    assert body is not None, title
    lines = [line for line in body[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_the_committed_copy_is_up_to_date() -> None:
    stored = ROOT / "results" / "README.md"
    command = "python -m suite.results.dictionary > results/README.md"
    assert stored.read_text(encoding="utf-8") == column_dictionary(), f"regenerate it: {command}"


def test_every_metric_is_measured() -> None:
    measured = {m for study in STUDIES for spec in study.tables for m in spec.every}
    assert measured == set(METRICS.names)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Cell fields", AXES.names),
        ("Metrics", [f"`{name}`" for name in METRICS.names]),
        ("Statuses", [f"`{status}`" for status in Status]),
        ("Columns of claims.csv", [f"`{column}`" for column in COLUMNS]),
    ],
)
def test_every_name_has_a_row_and_every_row_a_meaning(title: str, names: list[str]) -> None:
    rows = section(title)
    assert [row[0] for row in rows] == list(names)
    meaning = -1 if title == "Metrics" else 1
    for row in rows:
        assert len(row[meaning]) > 3, row


def test_every_table_of_every_study_is_listed_with_its_metrics() -> None:
    for study in STUDIES:
        rows = section(study.name)
        assert [row[0] for row in rows] == [f"`{spec.name}.csv`" for spec in study.tables]
        for row, spec in zip(rows, study.tables, strict=True):
            assert re.findall(r"`(\w+)`", row[2]) == list(spec.metrics), (study.name, spec.name)


def test_the_margin_that_decides_is_the_one_of_the_level() -> None:
    """The dictionary must not import the judging, so it repeats the number."""
    (meaning,) = (row[1] for row in section("Columns of claims.csv") if row[0] == "`margin`")
    assert re.findall(r"\d+\.\d+", meaning) == [f"{Z:.2f}"] * 2
