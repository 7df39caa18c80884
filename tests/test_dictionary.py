"""The column dictionary is complete, and its committed copy is up to date."""

from __future__ import annotations

from pathlib import Path

from suite.dictionary import column_dictionary
from suite.grids import AXES
from suite.metrics import METRICS
from suite.studies import STUDIES


def test_the_committed_copy_is_up_to_date() -> None:
    stored = Path(__file__).parent.parent / "results" / "README.md"
    told = "python -m suite.dictionary > results/README.md"
    assert stored.read_text(encoding="utf-8") == column_dictionary(), f"regenerate it: {told}"


def test_every_metric_is_measured_and_explained() -> None:
    text = column_dictionary()
    measured = {m for study in STUDIES for spec in study.tables for m in spec.metrics}
    assert measured == set(METRICS.names)
    for name in (*METRICS.names, *AXES.names, *STUDIES.names):
        assert name in text
