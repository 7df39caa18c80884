"""The table of frameworks: loading by name, and nothing imported before it is asked for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest

from suite import frameworks
from suite.catalogue.frameworks import FRAMEWORKS, installed
from suite.types import UserError


@pytest.mark.parametrize("name", FRAMEWORKS.names)
def test_every_framework_of_the_table_loads(name: str) -> None:
    framework = frameworks.load(name)
    assert framework.name == name
    assert name in installed()


def test_an_unknown_framework_says_which_there_are() -> None:
    with pytest.raises(UserError, match=r"did you mean 'torch'\? \(allowed: numpy, torch"):
        frameworks.load("pytorch")


def test_a_missing_framework_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == "keras" else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert installed() == ("numpy", "torch")
    with pytest.raises(UserError, match=r"pip install 'init-suite\[tensorflow\]'") as error:
        frameworks.load("tensorflow")
    assert "\n" not in str(error.value)


def test_reading_the_catalogues_imports_nothing_heavy() -> None:
    """In a fresh interpreter: every activation and initializer resolved, every name listed."""
    code = """
import sys
from suite import frameworks
from suite.catalogue import activations, datasets, initializers, optimizers
from suite.catalogue.frameworks import installed
installed()
frameworks.load("numpy")
[activations.resolve(name) for name in activations.ACTIVATIONS.names]
[entry.native("torch") for entry in optimizers.OPTIMIZERS]
[initializers.resolve("normal(1)").draw(__import__("numpy").random.default_rng(0), 2, 2)]
heavy = {"torch", "tensorflow", "keras", "scipy", "sklearn", "pandas", "matplotlib"}
print(sorted(heavy & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
