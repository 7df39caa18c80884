"""The board in a browser: filters, addresses, the keyboard, and from a number to its rows."""

from __future__ import annotations

import csv
import io
import shlex
import statistics
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from suite.judging.explained import explain
from suite.judging.verdicts import Verdict, read_verdicts
from suite.report import page as pages
from tests.support import synthetic
from tests.support.one_figure import one_figure
from tests.support.page import Page

CLAIM = "tanh-beats-sigmoid"
GROUP = "framework=tensorflow"
OPENED = "dialog[open] h2"
HOSTILE = '<img src=x onerror="document.title=1">'


def visible(tab: Any) -> int:
    return int(tab.locator("#board-table tbody tr:not([hidden])").count())


def show(tab: Any, page: Path, address: str = "") -> None:
    """Open the page at an address, and wait for the board."""
    tab.goto(f"{page.as_uri()}{address and '#'}{address}")
    tab.wait_for_selector("#board-q")


def verdicts_of(page: Path) -> list[Verdict]:
    return read_verdicts(page.parent)


def test_filters_say_what_they_hide_and_stand_in_the_address(tab: Any, written: Path) -> None:
    rows = verdicts_of(written)
    show(tab, written)
    assert visible(tab) == len(rows)
    assert tab.inner_text("#board-count").startswith(f"showing all {len(rows)}")
    tab.select_option("#board-verdict", "refuted")
    refuted = [row for row in rows if row.verdict == "refuted"]
    tab.select_option("#board-framework", "torch")
    torch = [row for row in refuted if "torch" in row.group]
    assert visible(tab) == len(torch) > 0
    hidden = f"showing {len(torch)} of {len(rows)}; {len(rows) - len(torch)} hidden by verdict"
    assert tab.inner_text("#board-count").startswith(hidden)
    assert tab.url.endswith("#verdict=refuted&framework=torch")
    tab.fill("#board-q", "tanh variance")
    assert 0 < visible(tab) < len(torch)
    address = tab.url.partition("#")[2]
    shown = visible(tab)
    # The address alone brings the same view back.
    tab.goto("about:blank")
    show(tab, written, address)
    assert visible(tab) == shown
    assert tab.input_value("#board-q") == "tanh variance"
    tab.get_by_role("button", name="show all").click()
    assert visible(tab) == len(rows)


@pytest.mark.parametrize(("digits", "word"), [("4", "four"), ("16", "sixteen"), ("2", "two")])
def test_a_number_is_found_spelt_out_and_in_digits(
    tab: Any, written: Path, digits: str, word: str
) -> None:
    rows = "#board-table tbody tr:not([hidden]) .b-claim"
    found = []
    for text in (digits, word):
        show(tab, written, f"q={text}")
        tab.wait_for_function(
            "document.querySelector('#board-count').textContent.includes('hidden')"
        )
        found.append(tab.locator(rows).all_text_contents())
    assert found[0] == found[1]
    assert any(word in text.lower() for text in found[0])


def test_statements_with_the_words_of_the_search_come_first(tab: Any, written: Path) -> None:
    show(tab, written, "q=xavier")
    texts = tab.locator("#board-table tbody tr:not([hidden]) .b-claim").all_text_contents()
    told = ["xavier" in text.lower() for text in texts]
    assert told == sorted(told, reverse=True)
    assert {*told} == {True, False}
    tab.get_by_role("button", name="show all").click()
    order = tab.locator("#board-table tbody .b-claim").all_text_contents()
    show(tab, written)
    assert tab.locator("#board-table tbody .b-claim").all_text_contents() == order


def test_every_column_sorts(tab: Any, written: Path) -> None:
    show(tab, written, "q=propagation&verdict=supported")
    for name in ("verdict", "claim", "study", "estimate", "band", "margin", "n"):
        tab.click(f"#board-table th[data-sort={name}] button")
        assert tab.get_attribute(f"th[data-sort={name}]", "aria-sort") == "ascending"
    texts = tab.locator("#board-table tbody tr:not([hidden]) .b-n").all_inner_texts()
    numbers = [int(text.split()[-1]) for text in texts]
    assert numbers == sorted(numbers)
    tab.click("th[data-sort=n] button")
    texts = tab.locator("#board-table tbody tr:not([hidden]) .b-n").all_inner_texts()
    assert [int(text.split()[-1]) for text in texts] == sorted(numbers, reverse=True)
    assert "sort=-n" in tab.url


def test_the_keyboard_filters_walks_opens_and_closes(tab: Any, written: Path) -> None:
    show(tab, written)
    tab.keyboard.press("f")
    tab.keyboard.type("jfk/")  # letters in a field are letters
    assert tab.input_value("#board-q") == "jfk/"
    tab.keyboard.press("Escape")
    assert tab.input_value("#board-q") == ""
    tab.keyboard.type("learns the two circles tanh")
    tab.keyboard.press("Enter")
    tab.keyboard.press("j")
    tab.keyboard.press("k")
    tab.keyboard.press("j")
    second = tab.locator("#board-table tbody tr:not([hidden])").nth(1)
    assert "current" in (second.get_attribute("class") or "")
    statement = second.locator("a").inner_text()
    tab.keyboard.press("Enter")
    tab.wait_for_selector(OPENED)
    assert tab.inner_text(OPENED) == statement
    assert "2 of " in tab.inner_text("dialog .v-bar")
    tab.keyboard.press("j")
    assert "3 of " in tab.inner_text("dialog .v-bar")
    tab.keyboard.press("Escape")
    tab.wait_for_selector(OPENED, state="detached")
    # The address follows when the browser tells that the panel is closed.
    tab.wait_for_function("!location.hash.includes('claim=')")
    assert "q=learns" in tab.url


def test_an_address_opens_a_verdict_with_all_that_stands_behind_it(tab: Any, written: Path) -> None:
    show(tab, written, f"claim={CLAIM}&group={GROUP.replace('=', '%3D')}")
    tab.wait_for_selector("dialog .v-data")
    (verdict,) = [v for v in verdicts_of(written) if (v.claim, v.group) == (CLAIM, GROUP)]
    text = tab.inner_text("dialog")
    for words in (verdict.statement, verdict.because, verdict.source, "as expected: supported"):
        assert words in text
    assert tab.get_attribute("dialog .v-groups a[aria-current]", "href").endswith("tensorflow")
    # A dot for each seed of the difference, and two for its pair.
    assert tab.locator("dialog svg.v-chart").count() == 2
    assert tab.locator("dialog svg.v-chart >> nth=1 >> circle").count() == verdict.n
    assert tab.locator("dialog svg.v-chart >> nth=0 >> line.pair").count() == verdict.n
    # The figure that shows it, and its claims.
    assert tab.locator("dialog .v-figure img").count() == 1
    tab.get_by_role("link", name="A tiny figure").click()
    tab.wait_for_selector(OPENED, state="detached")
    assert tab.url.endswith("#figure-tiny")


def test_the_command_is_the_one_that_explain_names(tab: Any, written: Path, quick: Path) -> None:
    show(tab, written, f"claim={CLAIM}")
    tab.wait_for_selector("dialog .v-command")
    command = explain(CLAIM, quick).command
    assert command is not None
    shown = shlex.split(tab.inner_text("dialog .v-command code"))
    words = shlex.split(command.text)
    assert words[words.index("--frameworks") + 1] == "torch,tensorflow"
    words[words.index("--frameworks") + 1] = "torch"  # the first of its groups is open
    assert shown == words
    show(tab, written, f"claim={CLAIM}&group={GROUP.replace('=', '%3D')}")
    tab.wait_for_selector("dialog .v-command code:has-text('--frameworks tensorflow')")


def test_the_copy_buttons_copy_what_stands_beside_them(
    tab: Any, browser: Any, written: Path
) -> None:
    """The link brings somebody else to the same verdict, the command is the one that is shown."""
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(tab, written, f"q=tanh&claim={CLAIM}&group={GROUP.replace('=', '%3D')}")
    tab.wait_for_selector("dialog .v-command")
    statement, badge = tab.inner_text(OPENED), tab.inner_text("dialog .v-verdict .badge")
    copied = {}
    for name, place in (("copy link", "dialog .v-bar"), ("copy", "dialog .v-command")):
        tab.locator(place).get_by_role("button", name=name, exact=True).click()
        tab.wait_for_selector(f"{place} button:has-text('copied')")
        copied[name] = tab.evaluate("navigator.clipboard.readText()")
    assert copied["copy"] == tab.inner_text("dialog .v-command code")
    assert copied["copy"].startswith("suite run training --profile quick")
    context = browser.new_context()
    other = context.new_page()
    other.goto(copied["copy link"])
    other.wait_for_selector("dialog .v-data")
    assert other.inner_text(OPENED) == statement
    assert other.inner_text("dialog .v-verdict .badge") == badge
    assert "--frameworks tensorflow" in other.inner_text("dialog .v-command code")
    assert visible(other) == len(verdicts_of(written))  # the filters are the sender's own
    context.close()


def test_back_and_forward_bring_views_back(tab: Any, written: Path) -> None:
    show(tab, written)
    tab.select_option("#board-framework", "torch")
    tab.fill("#board-q", "tanh")
    tab.click("#board-table th[data-sort=n] button")
    statements = "#board-table tbody tr:not([hidden]) .b-claim"
    view = tab.locator(statements).all_text_contents()
    assert 0 < len(view) < len(verdicts_of(written))
    tab.locator("#board-table tbody tr:not([hidden]) a").first.click()
    tab.wait_for_selector(OPENED)
    opened = tab.inner_text(OPENED)
    tab.go_back()
    tab.wait_for_selector(OPENED, state="detached")
    assert tab.locator(statements).all_text_contents() == view
    tab.go_forward()
    tab.wait_for_selector(OPENED)
    assert tab.inner_text(OPENED) == opened
    tab.go_back()
    tab.wait_for_selector(OPENED, state="detached")
    # A place of the page is an address without filters.
    tab.evaluate("location.hash = 'study-training'")
    tab.wait_for_function("document.querySelector('#board-q').value === ''")
    assert visible(tab) == len(verdicts_of(written))
    tab.go_back()
    tab.wait_for_function("document.querySelector('#board-q').value === 'tanh'")
    assert tab.locator(statements).all_text_contents() == view
    assert tab.input_value("#board-framework") == "torch"
    # The address, opened anew, is the same board.
    address = tab.url
    tab.goto("about:blank")
    tab.goto(address)
    tab.wait_for_selector("#board-q")
    tab.wait_for_function("document.querySelector('#board-count').textContent.includes('hidden')")
    assert tab.locator(statements).all_text_contents() == view


def test_from_a_verdict_to_exactly_its_rows_in_one_click(
    tab: Any, written: Path, quick: Path
) -> None:
    show(tab, written, f"claim={CLAIM}&group={GROUP.replace('=', '%3D')}")
    tab.wait_for_selector("dialog .v-data")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="save as CSV").click()
    assert download.value.suggested_filename == f"{CLAIM}_framework_tensorflow.csv"
    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8"))))
    rows = explain(CLAIM, quick).rows
    assert rows is not None
    rows = rows[rows["framework"] == "tensorflow"]
    assert len(lines) == len(rows) == 160
    for line, row in zip(lines, rows.to_dict("records"), strict=True):
        assert list(line) == list(row)
        for name, value in row.items():
            same = float(line[name]) == value if isinstance(value, float) else None
            assert same if same is not None else line[name] == str(value), name


def test_dots_and_verdicts_agree(written: Path) -> None:
    """The median of the dots is the estimate of every verdict about a median."""
    page = Page(written)
    data = page.data("verdicts")
    compared = 0
    for stored in verdicts_of(written):
        if stored.verdict == "not judged":
            continue
        own = page.data(f"rows-{stored.study}")["verdicts"][stored.name]
        assert len(own["seed"]) == len(set(own["seed"])) == stored.n
        if stored.centre == "median":
            middle = statistics.median(float(value) for value in own["value"])
            assert middle == pytest.approx(stored.estimate, rel=1e-4, abs=1e-12)
            compared += 1
        elif stored.centre == "share":
            claim = data["claims"][stored.claim]
            low = -float("inf") if claim["above"] is None else claim["above"]
            high = float("inf") if claim["below"] is None else claim["below"]
            inside = sum(low < float(value) < high for value in own["value"])
            assert inside / stored.n == pytest.approx(stored.estimate)
    assert compared > 40


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_overflows(tab: Any, written: Path, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    show(tab, written)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.evaluate("location.hash = 'claim=circles-ordering'")
    tab.wait_for_selector("dialog .v-data")
    assert tab.evaluate("document.querySelector('dialog').scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(tab: Any, written: Path, scheme: str) -> None:
    """Neither on the page nor in an open verdict; colours are judged in both schemes."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    tab.emulate_media(color_scheme=scheme)
    show(tab, written, "q=tanh")
    for address in ("q=tanh", f"claim={CLAIM}"):
        tab.evaluate("address => { location.hash = address; }", address)
        if "claim" in address:
            tab.wait_for_selector("dialog .v-data")
        found = axe.Axe().run(tab).response["violations"]
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_in_print_every_row_is_there_and_the_tools_are_not(tab: Any, written: Path) -> None:
    show(tab, written)
    tab.emulate_media(media="print")
    assert not tab.is_visible("#board-tools")
    assert tab.is_visible("#board-table tbody tr >> nth=-1")
    assert tab.evaluate(
        "getComputedStyle(document.querySelector('tbody tr')).contentVisibility"
    ) == ("visible")


def test_without_scripts_the_board_is_a_table(browser: Any, written: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{written.as_uri()}#claim={CLAIM}")
    assert tab.locator("#board-table tbody tr").count() == len(verdicts_of(written))
    assert not tab.is_visible("#board-tools")
    assert "suite explain" in tab.inner_text("noscript")
    context.close()


def test_hostile_names_are_text(tab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = synthetic.results(tmp_path / "results")
    claims = folder / "claims.csv"
    text = claims.read_text()
    quoted = HOSTILE.replace('"', '""')
    claims.write_text(
        text.replace("sigmoid's slope is at most 1/4", f'"{quoted}"').replace(
            "framework=tensorflow", f'"framework={quoted}"'
        )
    )
    monkeypatch.setattr(pages, "sections", one_figure)
    show(tab, pages.write_report(folder))
    tab.click("#board-table tbody tr:last-child a")
    tab.wait_for_selector(OPENED)
    assert HOSTILE in tab.inner_text("dialog")
    assert tab.locator("img[src=x]").count() == 0
    assert tab.title() != "1"


def test_a_linked_page_works_from_a_server_and_runs_only_its_files(
    tab: Any, quick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that forbids inline content: it sends the policy of the page as a header too."""
    monkeypatch.setattr(pages, "sections", one_figure)
    page = pages.write_report(quick, out=tmp_path, linked=True)
    html = page.read_text(encoding="utf-8")
    assert "unsafe" not in html
    assert "<style" not in html
    assert "<script>" not in html
    (tmp_path / "favicon.ico").touch()  # a browser asks for it
    strict = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self';"

    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", f"{strict} connect-src 'self'")
            super().end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        tab.goto(f"http://127.0.0.1:{server.server_port}/report.html#claim={CLAIM}")
        tab.wait_for_selector("dialog .v-data")
        assert tab.locator("dialog svg.v-chart").count() == 2
    finally:
        server.shutdown()
