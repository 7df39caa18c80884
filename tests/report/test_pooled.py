"""The page of a pool: both verdicts on each claim, the folders, and where environments differ."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from suite import claims
from suite.commands.main import main
from suite.pooling import pool
from suite.pooling.member import Member
from suite.report.pooled import write_pooled
from suite.results.manifest import MANIFEST
from suite.types import UserError
from tests.support.page import Page
from tests.support.pools import FAMILY, counted, together

GOOD = [counted(FAMILY[1], root, [0] * 5, cpu="<b>good</b>") for root in range(3)]
BAD = counted(FAMILY[1], 9, [20] * 3, cpu="bad")


@pytest.fixture(autouse=True)
def _family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "shipped", lambda: FAMILY)


def written(folder: Path, *members: Member) -> str:
    pool.write(folder, together(*members))
    assert main(["report", str(folder)]) == 0
    return (folder / "report.html").read_text(encoding="utf-8")


def section(html: str, name: str) -> str:
    """Return the text of a section, without tags and runs of space."""
    found = re.search(rf'<section id="{name}">(.*?)</section>', html, re.DOTALL)
    assert found
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


def test_a_machine_that_differs_stands_on_the_page(tmp_path: Path) -> None:
    html = written(tmp_path / "pool", *GOOD, BAD)
    assert "4 folders, 4 root seeds, 2 environments: 1 verdict." in html
    unexpected = section(html, "odd")
    assert "needs-seeds" in unexpected
    assert "as expected: supported" in unexpected
    assert "unexpected: refuted" in unexpected
    assert "0 of 300 seeds below the band, elsewhere 60 of 60" in section(html, "apart")
    assert "360" in section(html, "board")
    for member in (tmp_path / "pool" / "members").iterdir():
        assert member.name in section(html, "folders")


def test_what_is_as_it_should_be_is_said(tmp_path: Path) -> None:
    html = written(tmp_path / "pool", *GOOD)
    assert "no verdict contradicts" in section(html, "odd")
    assert "There is one environment." in section(html, "apart")
    two = written(tmp_path / "two", *GOOD, counted(FAMILY[1], 5, [0] * 5, cpu="other"))
    assert "Of no claim do they" in section(two, "apart")


def test_nothing_in_a_pool_becomes_markup(tmp_path: Path) -> None:
    html = written(tmp_path / "pool", *GOOD, BAD)
    assert "<b>good" not in html
    assert "&lt;b&gt;good" in html
    assert "b" not in {tag for tag, _ in Page(tmp_path / "pool" / "report.html").tags}


def test_the_page_lies_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pool"
    pool.write(folder, together(*GOOD))
    assert write_pooled(folder, tmp_path / "page", linked=True) == tmp_path / "page" / "report.html"
    html = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    for name in re.findall(r'(?:href|src)="(report/[^"]+)"', html):
        assert (tmp_path / "page" / name).is_file()
    assert not (folder / "report.html").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / MANIFEST).write_text("{}")
    with pytest.raises(UserError, match="is a results folder or another pool"):
        write_pooled(folder, tmp_path / "run")
    capsys.readouterr()
    assert main(["report", str(folder), "--figure", "tiny"]) == 2
    assert "is a pool, which has no figures" in capsys.readouterr().err
