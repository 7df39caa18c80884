"""A browser for the tests of the page: the chromium of the system, which nothing here downloads.

Without one the tests are skipped, unless ``SUITE_NEEDS_BROWSER`` is set, as ``.ci/run`` and
``tox -e page`` do: then its absence is an error.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suite.report import page as pages
from tests.support import ROOT
from tests.support.one_figure import one_figure

NEEDED = "SUITE_NEEDS_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def _without(reason: str) -> None:
    if os.environ.get(NEEDED):
        pytest.fail(f"{reason}, and {NEEDED} is set")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return the system's chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _without("playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        _without("there is no chromium")
    quiet = ["background-networking", "component-update", "sync", "gpu"]
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=arguments, timeout=120_000)
        yield started
        started.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """Return a tab that must not write an error to the console, such as a breach of the policy."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the quick reference, which a test must not change."""
    folder = tmp_path_factory.mktemp("results") / "quick"
    shutil.copytree(ROOT / "results" / "reference" / "quick", folder)
    return folder


@pytest.fixture(scope="session")
def written(quick: Path) -> Path:
    """Return the page of the quick reference, with one figure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "sections", one_figure)
        return pages.write_report(quick)
