"""The explorer in a browser: from an address to a cell, its numbers, its rows and its command."""

from __future__ import annotations

import csv
import io
import shlex
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pytest

from suite.planning import grids
from suite.planning.grids import Selection
from suite.report import page as pages
from suite.report.comparison import write_comparison
from suite.results.tables import read_table
from suite.studies import STUDIES

QUICK = Path("results/reference/quick")
CELL = {"activation": "tanh", "initializer": "xavier_uniform"}
HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the quick reference, without figures, with a run that failed."""
    folder = tmp_path_factory.mktemp("quick") / "quick"
    shutil.copytree(QUICK, folder)
    path = folder / "training" / "runs.csv"
    runs = read_table(path)
    runs.loc[0, ["status", "reason"]] = ["failed", HOSTILE]
    runs.to_csv(path, index=False, lineterminator="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "sections", lambda *given, **more: nullcontext(dict))
        return pages.write_report(folder)


def show(tab: Any, page: Path, **parameters: str) -> None:
    """Open a page at an address of the explorer, and wait for its maps."""
    tab.goto(f"{page.as_uri()}#explore&{urlencode({'study': 'training', **parameters})}")
    tab.wait_for_selector("#explorer-view .x-map")


def saved(tab: Any, button: Any) -> str:
    """Return the text of the file that a button saves."""
    with tab.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_an_address_opens_its_cell_with_the_numbers_of_the_summary(tab: Any, written: Path) -> None:
    show(tab, written, metric="heldout_accuracy", weights="shared", **CELL)
    panel = tab.locator(".x-panel")
    assert panel.locator("h3").inner_text() == "tanh, xavier_uniform"
    summary = pd.read_csv(QUICK / "summary.csv.gz")
    chosen = summary[
        (summary["study"] == "training")
        & (summary["activation"] == "tanh")
        & (summary["initializer"] == "xavier_uniform")
        & (summary["weights"] == "shared")
        & (summary["metric"] == "heldout_accuracy")
    ]
    text = panel.locator("tr.x-this").inner_text()
    for row in chosen.to_dict("records"):
        assert f"{row['centre']:.3g} [{row['low']:.3g}, {row['high']:.3g}]" in text
    assert len(chosen) == 2


def test_the_rows_behind_a_cell_are_one_click_away_and_complete(tab: Any, written: Path) -> None:
    show(tab, written, weights="native", **CELL)
    text = saved(tab, tab.get_by_role("button", name="download the rows"))
    lines = list(csv.DictReader(io.StringIO(text)))
    table = read_table(QUICK / "training" / "runs.csv")
    chosen = table[
        (table["activation"] == "tanh")
        & (table["initializer"] == "xavier_uniform")
        & (table["weights"] == "native")
    ]
    assert len(lines) == len(chosen) > 20
    for line, row in zip(lines, chosen.to_dict("records"), strict=True):
        assert int(line["seed"]) == row["seed"]
        for metric in ("train_loss", "heldout_accuracy", "first_epoch_95"):
            assert float(line[metric]) == row[metric]


def test_the_command_reaches_the_cell_in_both_frameworks(tab: Any, written: Path) -> None:
    show(tab, written, weights="shared", **CELL)
    words = shlex.split(tab.locator(".x-panel code").first.inner_text())
    assert words[:5] == ["suite", "run", "training", "--profile", "quick"]
    options = list(zip(words[5::2], words[6::2], strict=True))
    study = STUDIES["training"]
    sets = grids.parse_overrides([v for name, v in options if name == "--set"], [study])
    other = {name: value for name, value in options if name != "--set"}
    selection = Selection(
        "quick", tuple(other["--frameworks"].split(",")), sets, seeds=int(other["--seeds"])
    )
    reached = grids.cells(study, selection)
    assert {str(cell["framework"]) for cell in reached} == {"torch", "tensorflow"}
    assert {(cell["activation"], cell["initializer"], cell["weights"]) for cell in reached} == {
        ("tanh", "xavier_uniform", "shared")
    }


def test_keys_walk_the_map_open_a_cell_and_close_it(tab: Any, written: Path) -> None:
    show(tab, written)
    tab.locator(".x-map button[tabindex='0']").first.focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowRight")
    label = tab.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("torch, tanh, xavier_uniform")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(".x-panel h3")
    assert "activation=tanh&initializer=xavier_uniform" in tab.evaluate("location.hash")
    tab.keyboard.press("Escape")
    tab.wait_for_selector(".x-panel", state="hidden")
    assert tab.evaluate("document.activeElement.dataset.row") == "tanh"
    tab.go_back()
    tab.wait_for_selector(".x-panel h3")


def test_a_chooser_changes_the_map_and_the_address(tab: Any, written: Path) -> None:
    show(tab, written, metric="train_loss", weights="native")
    before = tab.locator(".x-map").first.inner_text()
    tab.locator("#explorer-choose-weights").select_option("shared")
    assert "weights=shared" in tab.evaluate("location.hash")
    assert tab.locator(".x-map").first.inner_text() != before
    tab.locator("#explorer-choose-study").select_option("propagation")
    assert "study=propagation" in tab.evaluate("location.hash")
    assert "normal(0.01)" in tab.locator(".x-map").first.inner_text()


def test_a_cell_without_numbers_says_why(tab: Any, written: Path) -> None:
    show(tab, written, study="propagation")
    hatched = tab.locator(".x-map .x-none").first
    assert "not part of this run" in hatched.get_attribute("aria-label")
    assert hatched.is_disabled()


def test_hostile_reasons_are_text(tab: Any, written: Path) -> None:
    first = read_table(QUICK / "training" / "runs.csv").iloc[0]
    show(tab, written, **{axis: str(first[axis]) for axis in (*CELL, "weights")})
    assert HOSTILE in tab.locator(".x-panel").inner_text()
    assert tab.locator(".x-panel img").count() == 0
    assert tab.title() != "1"


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_window(tab: Any, written: Path, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    show(tab, written, weights="native", **CELL)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_of_two_folders_filters_and_gives_its_rows(
    tab: Any, written: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(QUICK, other)
    path = other / "training" / "runs.csv"
    runs = read_table(path)
    runs["heldout_accuracy"] -= 0.25
    runs.to_csv(path, index=False, lineterminator="\n")
    tab.goto(write_comparison(QUICK, other, tmp_path / "page").as_uri())
    rows = tab.locator("#board-rows tr")
    every = rows.count()
    tab.locator("#q-board-rows").fill("xavier propagation")
    shown = tab.locator("#board-rows tr:visible").count()
    assert 0 < shown < every
    assert f"{shown} of {every} shown" in tab.locator("#board").inner_text()
    assert "q-board-rows=xavier" in tab.evaluate("location.hash")
    button = tab.locator("[data-pairs='0'] button")
    lines = list(csv.DictReader(io.StringIO(saved(tab, button))))
    assert {round(float(line["a"]) - float(line["b"]), 9) for line in lines} == {0.25}
