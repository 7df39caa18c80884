"""Every document of the repository: the files and headings that it links to exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "results/README.md")
    for path in ROOT.glob(pattern)
    if "generated" not in path.parts  # what the build of the site writes, and checks itself
)


def anchors(text: str) -> set[str]:
    """Return the addresses of a document's headings: lower case, hyphens for spaces."""
    headings = re.findall("^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


BUILT = ("docs/_build/", "docs/generated/")


def broken(document: Path) -> list[str]:
    """Return the links of a document that lead nowhere, those to other places left out."""
    text = document.read_text(encoding="utf-8")
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match("[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = document.parent / name if name else document
        if not file.exists() or (
            heading and heading not in anchors(file.read_text(encoding="utf-8"))
        ):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_links_lead_somewhere(name: Path) -> None:
    assert broken(ROOT / name) == []


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_paths_in_code_exist(name: Path) -> None:
    """What stands between backticks and looks like a path of the repository is one; words in
    capitals stand for what the reader fills in, and ``BUILT`` is made by ``tox -e docs``."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:suite|tests|docs|benchmarks|results/reference)/[\w./-]*)`", text)
    paths = [
        path for path in named if not re.search("STUDY|TOPIC", path) and not path.startswith(BUILT)
    ]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# A heading: one", encoding="utf-8")
    page = tmp_path / "a.md"
    page.write_text("[x](b.md#a-heading-one) [y](b.md#another) [z](c.md) [w](https://x.y)")
    assert broken(page) == ["b.md#another", "c.md"]
