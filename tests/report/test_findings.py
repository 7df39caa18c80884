"""The findings of the page lead to their cells, and runs that did not end well to their reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pandas as pd

from suite.discovery.kinds import COLUMNS, FINDINGS
from suite.report.findings import MOST_EXPLAINED, address, beyond, lost

ROW: dict[str, Any] = {
    "kind": "frameworks",
    "study": "training",
    "table": "runs",
    "cell": "activation=gelu initializer=normal(1) depth=16",
    "at": "",
    "metric": "train_loss",
    "unit": "nats",
    "a": "torch",
    "a_value": 0.5,
    "b": "tensorflow",
    "b_value": 0.25,
    "difference": -0.25,
    "n": 20,
    "adjusted": 0.01,
    "size": 9.0,
    "explained_by": "",
}


def found(folder: Path, *rows: dict[str, Any]) -> Any:
    """Return the findings of a folder with these rows."""
    table = pd.DataFrame([{**ROW, **row} for row in rows], columns=[*COLUMNS])
    table.to_csv(folder / FINDINGS, index=False, lineterminator="\n")
    return beyond(folder, ["training"])


def test_a_folder_without_findings_has_none(tmp_path: Path) -> None:
    assert beyond(tmp_path, []) is None


def test_an_unexplained_finding_leads_to_its_cell(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {}).unexplained
    wanted = parse_qs(one.address.removeprefix("explore&"))
    assert wanted["study"] == ["training"]
    assert wanted["metric"] == ["train_loss"]
    assert wanted["initializer"] == ["normal(1)"]
    assert wanted["depth"] == ["16"]
    assert wanted["optimizer"] == ["rmsprop"]  # the default, which the cell does not name
    assert "framework" not in wanted


def test_a_table_over_layers_has_no_metric_of_the_explorer(tmp_path: Path) -> None:
    (one,) = found(tmp_path, {"table": "layers", "at": "layer=3"}).unexplained
    assert "metric" not in parse_qs(one.address)


def test_a_study_that_is_not_explored_has_no_address() -> None:
    assert address("numerics", {"formula": "tanh"}, ["training"]) == ""


def test_explained_findings_are_counted_by_what_explains_them(tmp_path: Path) -> None:
    claims = {"explained_by": "one-claim another-claim"}
    absent = {"explained_by": "not judged: third-claim"}
    page = found(tmp_path, {}, *[claims] * 30, absent, {"explained_by": "open question"})
    assert len(page.unexplained) == 1
    groups = {(group.words, *group.claims): group for group in page.explained}
    assert next(iter(groups)) == ("", "one-claim", "another-claim")
    assert set(groups) == {
        ("", "one-claim", "another-claim"),
        ("not judged: ", "third-claim"),
        ("open question",),
    }
    first = page.explained[0]
    assert (first.count, len(first.largest)) == (30, MOST_EXPLAINED)


def test_runs_that_did_not_end_well_are_grouped_by_reason() -> None:
    cell = {"framework": "torch", "activation": "relu", "initializer": "default", "depth": 4}
    rows = [
        {**cell, "seed": 0, "status": "ok", "reason": ""},
        {**cell, "seed": 1, "status": "diverged", "reason": "a loss became inf at step 12"},
        {**cell, "seed": 2, "status": "diverged", "reason": "a loss became inf at step 7"},
        {**cell, "depth": 2, "seed": 2, "status": "failed", "reason": "out of memory"},
    ]
    listed = lost({"training": pd.DataFrame(rows), "digits": None}, ["training"])
    assert [(one.status, one.runs, one.reason) for one in listed] == [
        ("failed", 1, "out of memory"),
        ("diverged", 2, "a loss became inf at step …"),
    ]
    ((text, link),) = listed[1].cells
    assert "activation=relu" in text
    assert "depth=4" in link
