"""The page is complete, escaped, self-contained and reproducible."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlencode

import pytest

import suite.processes
import suite.report.page
from suite.report import write_report
from suite.report.common import verdict_words
from suite.types import UserError
from tests.support import painting, synthetic
from tests.support.page import Page, claim_of

QUICK = Path(__file__).parents[2] / "results" / "reference" / "quick"
EVIL = "<script>alert('&')</script>"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small results folder with its page."""
    folder = synthetic.results(tmp_path_factory.mktemp("results"))
    write_report(folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder that a test may change."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make figures without painting them, which takes most of the time."""
    monkeypatch.setattr(suite.report.figures, "paint", painting.sketch)


def edit_claims(folder: Path, edit: Callable[[list[dict[str, str]]], None]) -> None:
    with (folder / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    edit(rows)
    synthetic.write(folder / "claims.csv", list(rows[0]), [list(row.values()) for row in rows])


# --- the page ----------------------------------------------------------------------------------


def test_every_verdict_is_a_row_of_the_board(written: Path) -> None:
    page = Page(written / "report.html")
    with (written / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    data = page.data("verdicts")
    stored = {(row["claim"], row["group"]) for row in rows}
    assert {(verdict["claim"], verdict["group"]) for verdict in data["verdicts"]} == stored
    assert len(data["verdicts"]) == len(rows) > len(data["claims"])
    board = page.text.partition("how to read")[2].partition("Which initializer")[0]
    for row in rows:
        claim = data["claims"][row["claim"]]
        assert [claim[name] for name in ("statement", "because", "source")] == [
            row[name] for name in ("statement", "because", "source")
        ]
        assert row["statement"] in board
    # A verdict without a number says why on the board, one that is undecided in what it opens to.
    assert "the study propagation was not run in this profile" in board
    notes = [note for verdict in data["verdicts"] for note in verdict["notes"]]
    assert any("the interval lies partly inside" in note for note in notes)
    for label in (
        "✓ as expected: supported",
        "✓ as expected: refuted",
        "! unexpected: refuted",
        "! unexpected: undecided",
        "– not judged",
    ):
        assert label in board
    # One row of relu-beats-tanh contradicts, sigmoid-worse-with-depth should have been decided:
    # they stand first.
    marked = [attrs.get("class", "") for tag, attrs in page.tags if tag == "tr"]
    marked = marked[marked.index("unexpected-row") :]
    assert marked[:3] == ["unexpected-row", "unexpected-row", ""]
    assert marked.count("unexpected-row") == 2


def test_the_board_is_a_table_with_addresses_without_any_script(written: Path) -> None:
    """A browser without scripts finds the row of the address of a verdict, or of a claim."""
    page = Page(written / "report.html")
    ids = page.values("id")
    for verdict in page.data("verdicts")["verdicts"]:
        group = {"group": verdict["group"]} if verdict["group"] else {}
        assert urlencode({"claim": verdict["claim"], **group}) in ids
        assert urlencode({"claim": verdict["claim"]}) in ids


def test_the_overview_lists_unexpected_verdicts_and_the_headline(written: Path) -> None:
    page = Page(written / "report.html")
    overview = page.text[page.text.index("Not as expected") : page.text.index("how to read")]
    odd, headline = " ".join(overview.split()).split("Headline findings")
    assert odd.count("! unexpected: refuted") == odd.count("! unexpected: undecided") == 1
    assert odd.count("expected supported") == 2
    # Four claims were judged, and all that are made up decide at quick.
    links = [claim_of(value) for value in page.values("href") if "claim=" in value]
    assert links[:2] == ["sigmoid-worse-with-depth", "relu-beats-tanh"]
    assert len(set(links[2:6])) == 4
    # Then the board, and last those below figures: propagation shows the claims that it has.
    assert set(links[6 + 7 :]) == {"he-preserves-relu"}
    assert "✓ as expected: supported Four hidden layers" in headline
    assert "not judged" not in headline.partition("Which initializer")[0]


@pytest.mark.usefixtures("sketched")
def test_without_unexpected_verdicts_their_list_is_left_out(folder: Path) -> None:
    def tame(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["as_expected"], row["promised"] = "", "False"

    edit_claims(folder, tame)
    text = Page(write_report(folder)).text
    assert "Not as expected" not in text
    assert "Headline findings" in text
    assert "No verdict contradicts its expectation." in text


def test_findings_come_first_and_the_shares_before_the_verdicts(written: Path) -> None:
    page = Page(written / "report.html")
    sections = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    sections = [name for name in sections if not name.startswith("study-")]
    assert sections[:5] == ["findings", "board", "initializers", "explorer", "studies"]
    links = [value.removeprefix("#") for value in page.values("href")]
    assert [link for link in links if link in sections][: len(sections)] == sections


def test_counts_are_a_sentence(written: Path) -> None:
    sentence = (
        "7 verdicts on 5 claims: 3 supported (all as expected), 2 refuted (1 as expected,"
        " 1 unexpected), 1 undecided (1 that this profile should decide), 1 not judged."
    )
    assert sentence in Page(written / "report.html").text
    assert verdict_words.counts([]) == "No claim was judged."


@pytest.mark.usefixtures("sketched")
def test_what_a_folder_says_cannot_become_markup(folder: Path) -> None:
    def plant(rows: list[dict[str, str]]) -> None:
        for name in ("claim", "statement", "metric", "decides", "reason", "because", "source"):
            rows[0][name] = EVIL
        rows[0]["group"] = f"framework={EVIL}"
        rows[2]["study"] = f'"{EVIL}'

    edit_claims(folder, plant)
    manifest = folder / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace("activation=leaky_relu(0.3)", EVIL).replace("a CPU", EVIL)
    )
    timings = folder / "timings.csv"
    timings.write_text(timings.read_text().replace("training depth=4", EVIL))
    page = Page(write_report(folder))
    scripts = [attrs for tag, attrs in page.tags if tag == "script" and not attrs.get("type")]
    assert scripts == [{}]  # the page's own
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    # Shown as text: the fields of a verdict that hold any text, the study, and the rest. A number
    # or a name of a list that is not one is refused when the verdicts are read.
    assert page.text.count(EVIL) > 5
    claim = page.data("verdicts")["claims"][EVIL]
    assert [claim[name] for name in ("because", "source", "metric", "decides")] == [EVIL] * 4


@pytest.mark.usefixtures("sketched")
def test_a_planted_name_of_a_cell_cannot_become_markup(folder: Path) -> None:
    path = folder / "summary.csv"
    path.write_text(path.read_text().replace(",native,", f",{EVIL},"))
    page = Page(write_report(folder))
    scripts = [attrs for tag, attrs in page.tags if tag == "script" and not attrs.get("type")]
    assert scripts == [{}]  # the page's own
    assert f"weights {EVIL}" in page.text


def test_the_page_needs_no_network(written: Path) -> None:
    page = Page(written / "report.html")
    for value in [*page.values("src"), *page.values("href")]:
        assert value.startswith(("data:image/svg+xml,", "data:image/png;base64,", "#")), value[:80]
    html = re.sub(r"base64,[^\"]*", "", (written / "report.html").read_text(encoding="utf-8"))
    # A name, which nobody opens; and places of the same figure.
    outside = html.replace("http://www.w3.org/2000/svg", "").replace("url(%23", "")
    assert not re.search(r"https?:|url\(|@import|<link|<script src", outside)
    anchors = {value.removeprefix("#") for value in page.values("href")}
    assert anchors <= set(page.values("id"))


def test_a_browser_may_run_the_pages_own_style_and_script_alone(written: Path) -> None:
    """The policy names the hashes of what stands in the one style and the one script element."""
    page = Page(written / "report.html")
    html = (written / "report.html").read_text(encoding="utf-8")
    (policy,) = [value for value in page.values("content") if "src" in value]
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    names = {name for _, attrs in page.tags for name in attrs}
    assert not [name for name in names if name == "style" or name.startswith("on")]


@pytest.mark.usefixtures("sketched")
def test_every_address_of_the_page_is_unique(folder: Path) -> None:
    """A study may have the name of a section, as initializers does."""
    manifest = folder / "manifest.json"
    studies = ["training", "initializers", "propagation"]
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"studies": studies}))
    page = Page(write_report(folder))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {"initializers", "study-initializers"} <= set(ids)
    assert {value.removeprefix("#") for value in page.values("href")} <= set(ids)


def test_figures_are_on_the_page_and_on_disk(written: Path) -> None:
    names = {path.name for path in (written / "figures").iterdir()}
    assert names == {
        "learned_depth_1.svg",
        "learned_depth_4.svg",
        "heldout_accuracy_depth_1.svg",
        "heldout_accuracy_depth_4.svg",
        "train_loss_depth_1.svg",
        "train_loss_depth_4.svg",
        "gradients_while_training.svg",
        "activation_mean_square.svg",
        "gradient_mean_square.svg",
    }
    page = Page(written / "report.html")
    pictures = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(pictures) == len(names)
    for attrs in pictures:
        kind, _, data = attrs["src"].partition(",")
        # A drawing of few marks is smaller as a vector graphic, and sharp at any size.
        assert kind == "data:image/svg+xml"
        assert unquote(data).startswith("<svg ")
        assert re.search(r"\d", attrs["alt"])
    for name in sorted(names):
        assert f"Draw: suite report DIR --figure {name.removesuffix('.svg')}" in page.text
    # Only the cells of the figure are measured again.
    assert page.text.count("Measure: suite run ") == len(names)


def test_the_same_folder_gives_the_same_bytes(
    written: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes do not depend on the number of processes that draw."""
    monkeypatch.setattr(suite.processes, "_WORTH", 1)
    before = (written / "report.html").read_bytes()
    (folder / "report.html").unlink()
    shutil.rmtree(folder / "figures")
    # A run adds the time of the page after it has drawn the page.
    timings = folder / "timings.csv"
    text = timings.read_text()
    timings.write_text("".join(x for x in text.splitlines(True) if not x.startswith("report,")))
    assert timings.read_text() != text
    assert write_report(folder, jobs=2).read_bytes() == before


@pytest.mark.parametrize(
    "hidden",
    [
        "--out here",
        "--out=here",
        "--jobs 3",
        "--jobs=3",
        "--no-report",
        "--jobs 3 --out=a=b",
        "--executor local --timeout=9",
    ],
)
def test_the_command_leaves_out_where_and_how_it_ran(hidden: str) -> None:
    given = f"suite run parity {hidden} --profile quick --seeds=3"
    shown = suite.report.page._command(given.split())
    assert shown == "suite run parity --profile quick --seeds=3"


@pytest.mark.usefixtures("sketched")
def test_a_failure_leaves_the_old_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no memory")

    before = (folder / "report.html").read_bytes()
    monkeypatch.setattr(suite.report.page, "status_counts", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        write_report(folder)
    assert (folder / "report.html").read_bytes() == before
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


CLAIM = """
[[claim]]
id = "mine"
statement = "tanh learns."
study = "training"
source = "a notebook"
metric = "heldout_accuracy"
estimand = "value"
floor = 0.9
expected = "open"
because = "this is what I would act on"
decides = "standard"

[claim.of]
framework = "torch"
activation = "tanh"
initializer = "normal(1)"
depth = 4
width = 5
weights = "shared"
"""


@pytest.mark.usefixtures("sketched")
def test_a_page_about_claims_of_a_user_has_them_alone(tmp_path: Path) -> None:
    written = Path(shutil.copytree(QUICK, tmp_path / "quick"))
    write_report(written)
    file = tmp_path / "mine.toml"
    file.write_text(CLAIM, encoding="utf-8")
    before = (written / "report.html").read_bytes()
    for out in (None, written):
        with pytest.raises(UserError, match="--out"):
            write_report(written, out=out, files=[file])
    page = Page(write_report(written, out=tmp_path / "page", files=[file]))
    board = page.data("verdicts")
    assert [*board["claims"]] == ["mine"]
    assert board["verdicts"][0]["command"].startswith("suite run training")
    assert "The claims are those of mine.toml" in page.text
    assert {name for name, _ in page.shown} <= {"mine"}
    assert (written / "report.html").read_bytes() == before


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("claims.csv", "claims.csv is missing"),
        ("summary.csv", "summary.csv has no heldout_accuracy"),
        ("training/runs.csv", "training/runs.csv is missing"),
        ("training/layers.csv", "training/layers.csv is missing"),
        ("propagation/layers.csv", "propagation/layers.csv is missing"),
        ("timings.csv", "timings.csv is missing"),
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
    # Of 20 expected rows 19 exist, one of which failed.
    assert "propagation 20 18 0 0 1 1" in text
    # 24 cells of 20 runs; 2 cells were not run.
    assert "training 480 440 0 0 0 40" in text
    assert "Why runs are not ok study status runs reason" in text
    assert "propagation failed 1 the worker ran out of memory" in text


@pytest.mark.usefixtures("sketched")
def test_compressed_runs_give_the_same_page(folder: Path) -> None:
    before = write_report(folder).read_bytes()
    path = folder / "training" / "runs.csv"
    path.with_name("runs.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert write_report(folder).read_bytes() == before
