"""The example of a plugin: its items keep their contract, and it installs as a package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from suite import frameworks, plugins
from suite.assessing import activations, draws
from suite.catalogue import initializers
from suite.catalogue.activations import resolve
from suite.commands.main import main
from tests.support import ROOT

PLUGIN = ROOT / "examples" / "serpent.py"


def test_its_items_keep_their_contract() -> None:
    with plugins.loaded([plugins.find(str(PLUGIN))]) as (plugin,):
        assert [item.name for item in plugin.items][:3] == [
            "serpent:snake",
            "serpent:lsuv",
            "serpent:spirals",
        ]
        assert list(activations.definition("serpent:snake(2)")) == []
        torch = frameworks.load("torch")
        assert list(activations.in_framework("serpent:snake(2)", torch)) == []
        lsuv = initializers.resolve("serpent:lsuv")
        assert draws.adjusted(lsuv) == []
        for framework in (frameworks.load("numpy"), torch):
            assert list(draws.initializer("serpent:lsuv", framework)) == []
        assert list(draws.dataset("serpent:spirals")) == []
        assert resolve("serpent:snake").slope(np.zeros(1)).tolist() == [1.0]


def test_its_claims_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "propagation", "--plugin", str(PLUGIN), "--profile", "quick"]
    assert main([*words, "--set", "activation=serpent:snake(0.5)"]) == 0
    assert "serpent:snake(0.5)" in capsys.readouterr().out
    with plugins.loaded([plugins.find(str(PLUGIN))]):
        names = {claim.id for claim in plugins.brought_claims()}
    assert names == {"serpent:snake-grows-slowly", "serpent:lsuv-starts-snake"}


PIP = any(distribution.name == "pip" for distribution in metadata.distributions())
"""Looking for the module pip would switch off setuptools' own distutils for the whole process, and
torch cannot compile without it."""


@pytest.mark.skipif(not PIP, reason="needs pip")
def test_it_installs_and_is_found_by_name_alone(tmp_path: Path) -> None:
    """In another process, without --plugin, by its entry point."""
    copy, home = tmp_path / "copy", tmp_path / "home"
    ignored = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    shutil.copytree(PLUGIN.parent, copy, ignore=ignored)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(home)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    done = subprocess.run([*pip, *options, str(copy)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = ["plan", "training", "--profile", "quick", "--seeds", "2"]
    words += ["--set", "activation=serpent:snake", "--set", "initializer=serpent:lsuv"]
    shown = subprocess.run(
        [sys.executable, "-m", "suite", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{ROOT}"},
    )
    assert shown.returncode == 0, shown.stderr
    assert "activation=serpent:snake initializer=serpent:lsuv" in shown.stdout
