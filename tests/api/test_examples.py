"""The examples in the docstrings of what is public are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import suite.api
from tests.support import ROOT

PAGE = ROOT / "docs" / "how_to" / "python.md"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = [module.name for module in pkgutil.iter_modules(suite.api.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_docstrings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    module = importlib.import_module(f"suite.api.{name}")
    found = doctest.testmod(module, extraglobs={"folder": tmp_path}, optionflags=FLAGS)
    assert found.failed == 0


def test_every_function_and_method_has_an_example() -> None:
    without = []
    for name, (module, attribute) in suite._PLACES.items():
        value = getattr(importlib.import_module(module), attribute)
        if not module.startswith("suite.api.") or not callable(value):
            continue
        for example in doctest.DocTestFinder(recurse=False).find(value, name):
            if not example.examples:
                without.append(name)
    assert without == []


def test_the_examples_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From top to bottom, as a reader would type them in a clone; what is written stays here."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "reference").symlink_to(ROOT / "results" / "reference")
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    page = doctest.DocTestParser().get_doctest(examples, {}, "python.md", str(PAGE), 0)
    assert len(page.examples) > 30
    output: list[str] = []
    found = doctest.DocTestRunner(optionflags=FLAGS).run(page, out=output.append)
    assert found.failed == 0, "".join(output)


def test_the_page_names_everything_that_is_public() -> None:
    words = set(re.findall(r"\w+", PAGE.read_text(encoding="utf-8")))
    assert set(suite.__all__) - {"__version__"} <= words
