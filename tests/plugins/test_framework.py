"""A framework of a plugin: measured under its full name, beside those of the suite."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from suite import frameworks, plugins
from suite.catalogue.frameworks import FRAMEWORKS, installed
from suite.commands.main import main
from suite.measuring import environment
from suite.types import UserError
from tests.support.plugins import INLINE, write

TOY = (
    INLINE
    + """
from suite.catalogue.frameworks import Entry
from suite.frameworks.numpy import Numpy
from suite.types import Unsupported


class Toy(Numpy):
    name = "toy"

    def evaluate(self, activation, points):
        if activation == "gelu":
            raise Unsupported("toys have no gelu")
        value, slope = super().evaluate(activation, points)
        return value + 0.25, slope


TOY = Entry("toy", Toy, ("numpy",), None, environment={"TOY_THREADS": "1"})
MISSING = Entry("missing", Toy, ("no_such_package",), None)
"""
)


def test_it_measures_under_its_full_name(tmp_path: Path) -> None:
    plugin, out = write(tmp_path, TOY), tmp_path / "run"
    words = ["run", "curves", "--plugin", str(plugin), "--executor", "my:Inline", "--no-report"]
    words += ["--frameworks", "my:toy,numpy", "--set", "activation=relu,tanh", "--out", str(out)]
    assert main(words) in (0, 1, 3)
    rows = pd.read_csv(out / "curves" / "runs.csv")
    assert set(rows["framework"]) == {"numpy", "my:toy"}


def test_loading_gives_it_its_full_name(tmp_path: Path) -> None:
    with plugins.loaded([plugins.find(str(write(tmp_path, TOY)))]):
        assert frameworks.load("my:toy").name == "my:toy"
        assert FRAMEWORKS["my:toy"].installed
        assert "my:toy" not in installed(), "it is measured only where it is named"
        assert environment.worker()["TOY_THREADS"] == "1"
        with pytest.raises(UserError, match="'my:missing' needs no_such_package, not all of"):
            frameworks.load("my:missing")
    assert "TOY_THREADS" not in environment.worker()
    assert "TOY_THREADS" not in os.environ


def test_an_environment_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    text = TOY.replace('"TOY_THREADS": "1"', '"OMP_NUM_THREADS": "4"')
    with (
        plugins.loaded([plugins.find(str(write(tmp_path, text)))]),
        pytest.raises(UserError, match="my:toy needs OMP_NUM_THREADS=4"),
    ):
        environment.worker()
