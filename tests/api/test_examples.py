"""The examples in the docstrings of what is public are right."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import suite.api
from tests.support import ROOT

MODULES = [module.name for module in pkgutil.iter_modules(suite.api.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_docstrings(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    module = importlib.import_module(f"suite.api.{name}")
    found = doctest.testmod(module, extraglobs={"folder": tmp_path})
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
