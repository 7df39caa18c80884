"""The page: whole, escaped, self-contained, and twice the same."""

from __future__ import annotations

import csv
import re
import runpy
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import suite.report
from suite.report import words, write_report
from suite.types import UserError

# Tests are imported by path here and cannot import each other.
SYNTHETIC: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))
EVIL = "<script>alert('&')</script>"


class Page(HTMLParser):
    """Every tag with its attributes, and all text, as a browser would see them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        self.text += " " if tag in ("td", "th") else ""

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small results folder with its page."""
    folder: Path = SYNTHETIC["results"](tmp_path_factory.mktemp("results"))
    write_report(folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made but not painted, which takes most of the time."""
    monkeypatch.setattr(suite.report, "png", lambda figure: b"painted")


def edit_claims(folder: Path, edit: Callable[[list[dict[str, str]]], None]) -> None:
    with (folder / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    edit(rows)
    SYNTHETIC["write"](folder / "claims.csv", list(rows[0]), [list(row.values()) for row in rows])


# --- the page ----------------------------------------------------------------------------------


def test_every_verdict_has_its_row(written: Path) -> None:
    page = Page(written / "report.html")
    with (written / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    badges = [attrs["class"] for _, attrs in page.tags if "badge" in attrs.get("class", "")]
    assert len(badges) == len(rows) > 0
    for row in rows:
        assert row["claim"] in page.text
        assert row["statement"] in page.text
        assert f"{words.MARKS[row['verdict']]} {row['verdict']}" in page.text
    marked = [attrs for tag, attrs in page.tags if tag == "tr" and attrs.get("class") == "surprise"]
    assert len(marked) == sum(row["as_expected"] == "False" for row in rows) == 1


def test_surprises_stand_first_and_what_was_not_judged_last() -> None:
    rows = [
        {"study": study, "verdict": verdict, "as_expected": expected}
        for study, verdict, expected in (
            ("a", "not judged", ""),
            ("b", "not judged", ""),
            ("b", "supported", "True"),
            ("b", "undecided", ""),
            ("b", "refuted", "False"),
        )
    ]
    groups = words.grouped(rows)
    assert list(groups) == ["b", "a"]
    verdicts = [row["verdict"] for row in groups["b"]]
    assert verdicts == ["refuted", "supported", "undecided", "not judged"]


def test_counts_are_a_sentence(written: Path) -> None:
    sentence = (
        "7 verdicts on 5 claims: 3 supported (3 as expected), 2 refuted (1 as expected,"
        " 1 surprising), 1 undecided (1 that this profile should decide), 1 not judged."
    )
    assert sentence in Page(written / "report.html").text
    assert words.counts([]) == "No claim was judged."


@pytest.mark.usefixtures("sketched")
def test_what_a_folder_says_cannot_become_markup(folder: Path) -> None:
    def plant(rows: list[dict[str, str]]) -> None:
        for name in rows[0]:
            if name not in ("study", "verdict", "as_expected"):
                rows[0][name] = EVIL
        rows[1]["verdict"] = rows[2]["study"] = f'"{EVIL}'

    edit_claims(folder, plant)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("my results", EVIL).replace("a CPU", EVIL))
    timings = folder / "timings.csv"
    timings.write_text(timings.read_text().replace("training depth=4", EVIL))
    page = Page(write_report(folder))
    assert "script" not in {tag for tag, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    # Shown as text: statement, claim and every other field, the verdict, the study, and the rest.
    assert page.text.count(EVIL) > 15


@pytest.mark.usefixtures("sketched")
def test_a_planted_name_of_a_cell_cannot_become_markup(folder: Path) -> None:
    path = folder / "summary.csv"
    path.write_text(path.read_text().replace(",native,", f",{EVIL},"))
    page = Page(write_report(folder))
    assert "script" not in {tag for tag, _ in page.tags}
    assert f"weights {EVIL}" in page.text


def test_the_page_needs_no_network(written: Path) -> None:
    page = Page(written / "report.html")
    for value in [*page.values("src"), *page.values("href")]:
        assert value.startswith(("data:image/png;base64,", "#")), value[:80]
    html = re.sub(r"base64,[^\"]*", "", (written / "report.html").read_text(encoding="utf-8"))
    assert not re.search(r"https?:|url\(|@import|<link|<script", html)
    anchors = {value.removeprefix("#") for value in page.values("href")}
    assert anchors <= set(page.values("id"))


def test_figures_are_on_the_page_and_on_disk(written: Path) -> None:
    names = {path.name for path in (written / "figures").iterdir()}
    assert names == {
        "heldout_accuracy_depth_1.png",
        "heldout_accuracy_depth_4.png",
        "train_loss_depth_1.png",
        "train_loss_depth_4.png",
        "gradients_while_training.png",
        "activation_mean_square.png",
        "gradient_mean_square.png",
    }
    page = Page(written / "report.html")
    pictures = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(pictures) == len(names)
    for attrs in pictures:
        assert len(attrs["src"]) > 10_000
        assert "n = " in attrs["alt"]
    command = "suite run --profile standard --out 'my results'"
    assert page.text.count(f"Reproduce: {command}") == len(names)


def test_the_same_folder_gives_the_same_bytes(written: Path, folder: Path) -> None:
    before = (written / "report.html").read_bytes()
    (folder / "report.html").unlink()
    shutil.rmtree(folder / "figures")
    assert write_report(folder).read_bytes() == before


@pytest.mark.usefixtures("sketched")
def test_a_failure_leaves_the_old_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no memory")

    before = (folder / "report.html").read_bytes()
    monkeypatch.setattr(suite.report, "_timings", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("claims.csv", "claims.csv is not there"),
        ("summary.csv", "summary.csv holds no heldout_accuracy"),
        ("training/layers.csv", "training/layers.csv is not there"),
        ("propagation/layers.csv", "propagation/layers.csv is not there"),
        ("timings.csv", "timings.csv is not there"),
    ],
)
def test_an_absent_table_leaves_a_sentence(folder: Path, table: str, sentence: str) -> None:
    assert sentence not in Page(folder / "report.html").text
    (folder / table).unlink()
    assert sentence in Page(write_report(folder)).text


def test_a_folder_with_a_manifest_alone_has_a_page(folder: Path) -> None:
    for path in folder.rglob("*.csv"):
        path.unlink()
    page = Page(write_report(folder))
    assert "No claim was judged." in page.text
    assert not page.values("src")


def test_no_results_folder_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no manifest\.json"):
        write_report(tmp_path)


def test_runs_are_counted_by_status(written: Path) -> None:
    text = " ".join(Page(written / "report.html").text.split())
    # 19 of 20 expected rows are there, one of them failed.
    assert "propagation 20 18 0 0 1 1" in text
    # 24 cells of 20 runs; 2 cells were not run.
    assert "training 480 440 0 0 0 40" in text


# --- the words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.1234567", "0.1235"), ("-0.5", "−0.5"), ("20", "20"), ("0", "0"), ("1000", "1000"),
        ("3.1e-7", "3.1e−7"), ("2e9", "2e9"), ("inf", "∞"), ("-inf", "−∞"), ("nan", ""),
        ("", ""), ("n/a", "n/a"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: str, text: str) -> None:
    assert words.number(value) == text


def test_bands_and_intervals_are_words() -> None:
    assert words.band("0.1", "inf") == "at least 0.1"
    assert words.band("-inf", "0.02") == "at most 0.02"
    assert words.band("-0.02", "0.02") == "−0.02 to 0.02"
    assert words.band("", "") == ""
    assert words.interval("-inf", "2") == "(−∞, 2]"
    assert words.interval("", "") == ""


def test_a_strip_keeps_the_order_of_its_numbers() -> None:
    row = {"estimate": "0.3", "low": "0.2", "high": "0.4", "band_low": "0.25", "band_high": "inf"}
    found = words.strip(row)
    assert found is not None
    assert found.interval[0] < found.band[0] < found.estimate < found.interval[1] < 100
    assert found.band[1] == 100
    assert words.strip({**row, "estimate": "nan"}) is None
    assert words.strip({"estimate": "1", "low": "1", "high": "1"}) is not None
