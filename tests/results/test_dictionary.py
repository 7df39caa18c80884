"""The column dictionary is complete, and its committed copy is up to date."""

from __future__ import annotations

from suite.judging.verdicts import COLUMNS
from suite.metrics import METRICS
from suite.planning.axes import AXES
from suite.results.dictionary import _STATUSES, _VERDICT, column_dictionary
from suite.studies import STUDIES
from suite.types import Status
from tests.support import ROOT


def test_the_committed_copy_is_up_to_date() -> None:
    stored = ROOT / "results" / "README.md"
    told = "python -m suite.results.dictionary > results/README.md"
    assert stored.read_text(encoding="utf-8") == column_dictionary(), f"regenerate it: {told}"


def test_every_status_and_column_of_a_verdict_is_explained() -> None:
    assert set(_STATUSES) == set(Status)
    assert list(_VERDICT) == list(COLUMNS)


def test_every_metric_is_measured_and_explained() -> None:
    text = column_dictionary()
    measured = {m for study in STUDIES for spec in study.tables for m in spec.metrics}
    assert measured == set(METRICS.names)
    for name in (*METRICS.names, *AXES.names, *STUDIES.names):
        assert name in text
