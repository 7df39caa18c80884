"""The page of two results folders: what changed, the verdicts of both, and the rows behind it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suite.commands.main import main
from suite.judging.verdicts import read_verdicts
from suite.report.comparison import PAGE, write_comparison
from suite.results.tables import read_table
from suite.types import UserError
from tests.support.page import Page

QUICK = Path("results/reference/quick")
METRIC = "heldout_accuracy"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the page of the quick reference beside a copy, and the copy: in one cell each accuracy
    is lower by 0.25, and one supported verdict is refuted."""
    root = tmp_path_factory.mktemp("two")
    other = root / "<b>other"
    shutil.copytree(QUICK, other)
    runs = read_table(other / "training" / "runs.csv")
    cell = (runs["framework"] == "torch") & (runs["activation"] == "tanh")
    cell &= (runs["initializer"] == "xavier_uniform") & (runs["weights"] == "native")
    runs.loc[cell, METRIC] -= 0.25
    (other / "training" / "runs.csv.gz").unlink()
    runs.to_csv(other / "training" / "runs.csv", index=False, lineterminator="\n")
    claims = pd.read_csv(other / "claims.csv", dtype=str, keep_default_na=False)
    first = claims.index[claims["verdict"] == "supported"][0]
    claims.loc[first, "verdict"] = "refuted"
    claims.to_csv(other / "claims.csv", index=False, lineterminator="\n")
    return write_comparison(QUICK, other, root / "page"), other


def pairs(path: Path) -> Any:
    """Return the block of data of a page."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r'id="data-comparison">([^<]*)<', text)
    assert found
    return json.loads(gzip.decompress(base64.b64decode(found[1])))["pairs"]


def test_the_page_names_what_changed(written: tuple[Path, Path]) -> None:
    path, _ = written
    page = Page(path)
    assert "1 changed" in page.text
    assert f"training {METRIC}" in " ".join(page.text.split())
    assert "as expected: supported" in page.text
    assert "<b>other" in page.text  # as text
    assert "b" not in [tag for tag, _ in page.tags if tag == "script"]
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_the_board_has_every_verdict_of_both(written: tuple[Path, Path]) -> None:
    path, _ = written
    text = path.read_text(encoding="utf-8")
    board = text[text.index('id="board-rows"') :]
    judged = [verdict for verdict in read_verdicts(QUICK) if verdict.verdict != "not judged"]
    assert board.count("<tr") == len(judged)


def test_the_rows_behind_a_difference_are_those_of_the_folders(written: tuple[Path, Path]) -> None:
    path, other = written
    before, after = (read_table(d / "training" / "runs.csv") for d in (QUICK, other))
    changed = before[METRIC] != after[METRIC]
    expected = [
        [int(seed), a, b]
        for seed, a, b in zip(
            before["seed"][changed], before[METRIC][changed], after[METRIC][changed], strict=True
        )
    ]
    assert len(expected) >= 20
    assert pairs(path)[0] == expected


def test_the_same_folders_give_the_same_bytes(written: tuple[Path, Path], tmp_path: Path) -> None:
    path, other = written
    assert write_comparison(QUICK, other, tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_linked_page_has_its_style_script_and_rows_beside_it(
    written: tuple[Path, Path], tmp_path: Path
) -> None:
    path, other = written
    linked = write_comparison(QUICK, other, tmp_path / "linked", linked=True)
    page, inline = Page(linked), Page(path)
    addresses = [*page.values("src"), *page.values("href"), *page.values("data-address")]
    files = {name for name in addresses if name.startswith("report/")}
    assert files == {f"report/comparison.{ending}" for ending in ("css", "js", "json.gz")}
    assert all((linked.parent / name).stat().st_size for name in files)
    assert page.text == inline.text
    html = linked.read_text(encoding="utf-8")
    assert "sha256-" not in html
    assert not re.search(r"<style|<script>", html)


def test_equal_folders_have_nothing_that_changed(tmp_path: Path) -> None:
    page = Page(write_comparison(QUICK, QUICK, tmp_path / "page"))
    assert "None: each claim that A judged has the same verdict in B." in page.text
    assert "They do not differ." in page.text


def test_no_results_folder_gets_the_page(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is a results folder; give another folder with --out"):
        write_comparison(QUICK, QUICK, QUICK)


def test_the_command_says_where_the_page_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "both"
    assert main(["report", str(QUICK), str(QUICK), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out / PAGE)
    assert (out / PAGE).exists()
