"""The invented results folder has the same form as the committed references."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from suite.judging.summary import COUNTED
from suite.planning.axes import AXES
from suite.results.compressed import locate, open_text
from suite.results.manifest import MANIFEST, read
from tests.support import ROOT, synthetic

REAL = ROOT / "results" / "reference" / "standard"
WHOLE = ("claims.csv", "timings.csv")
"""Tables with every column of a real one; the others have some of its metrics."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.results(tmp_path_factory.mktemp("synthetic"))


def rows(path: Path) -> list[dict[str, str]]:
    file = locate(path)
    assert file is not None
    with open_text(file) as text:
        return list(csv.DictReader(text))


def test_every_table_has_the_columns_of_a_real_one(folder: Path) -> None:
    """They are in the same order, and none is invented; an axis may be newer than the reference."""
    tables = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv"))
    assert len(tables) == 7
    for name in tables:
        ours = list(rows(folder / name)[0])
        if name == "training/layers.csv":  # the reference leaves it out
            real = list(rows(REAL.with_name("quick") / name)[0])
        else:
            real = list(rows(REAL / name)[0])
        newer = [column for column in ours if column in AXES and column not in real]
        kept = [column for column in ours if column not in newer]
        assert kept == [column for column in real if column in ours], name
        if name in WHOLE:
            assert ours == real, name
    summary = list(rows(folder / "summary.csv")[0])
    assert summary[-11:] == list(rows(REAL / "summary.csv")[0])[-11:]


def test_a_summary_counts_every_run_once(folder: Path) -> None:
    for row in rows(folder / "summary.csv"):
        counts = [int(row[status]) for status in COUNTED]
        assert sum(counts) == int(row["n"]) == synthetic.SEEDS


@pytest.mark.parametrize("column", ["level", "text_hash"])
def test_verdicts_look_like_real_ones(folder: Path, column: str) -> None:
    def forms(path: Path) -> set[str]:
        values = {row[column] for row in rows(path / "claims.csv")}
        return {
            re.sub("[0-9a-f]", "h", value) if column == "text_hash" else value for value in values
        }

    assert forms(folder) <= forms(REAL)


def test_hashes_in_the_manifest_are_as_long_as_real_ones(folder: Path) -> None:
    ours, real = (read(place / MANIFEST) for place in (folder, REAL))
    assert len(ours.tree_hash) == len(real.tree_hash)
    assert len(str(ours.git.commit)) == len(str(real.git.commit))
    for study, expected in ours.expected.items():
        assert len(expected.hash) == len(real.expected[study].hash)
