"""The contract before a run: in processes of their own, and what a run leaves out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import suite
from suite import plugins
from suite.assessing.contract import Breach, Named, breaches, named
from suite.commands.main import main
from suite.planning import grids
from suite.studies import STUDIES
from tests.support.plugins import write

ZOO = """
import os, time
import numpy as np
from suite.catalogue.declare import activation
from suite.catalogue.datasets import Dataset

@activation(source="a test")
def right(x):
    return np.tanh(x)

@activation(source="a test", slope=np.sin)
def wrong(x):
    return np.cos(x)

@activation(source="a test", torch=lambda x: x)
def other(x):
    return np.tanh(x)

@activation(source="a test")
def hangs(x):
    time.sleep(1000)

@activation(source="a test")
def dies(x):
    os._exit(7)
"""


def lines(folder: Path, names: list[str], limit: float) -> list[str]:
    with plugins.loaded([plugins.find(str(write(folder, ZOO)))]):
        asked = [(Named("activation", name), ("numpy",)) for name in names]
        return [str(breach) for breach in breaches(asked, plugins.sources(), limit)]


def test_an_item_that_hangs_or_dies_costs_its_own_line(tmp_path: Path) -> None:
    """What is asked after it is asked in a new process."""
    names = ["my:hangs", "my:dies", "my:wrong", "my:right"]
    found = lines(tmp_path, names, limit=3.0)
    assert found == [
        "activation my:hangs: it does not end within 3 s",
        "activation my:dies: the worker ended with exit code 7, while it was tried",
        "activation my:wrong: slope at x = -1 is -0.841470985, by finite differences of the value"
        " 0.841470985",
    ]


def test_a_breach_is_one_line() -> None:
    item = Named("activation", "my:a(2)")
    assert str(Breach(item, "torch", "a\n b")) == "activation my:a(2) in torch: a b"
    assert str(Breach(item, "", "a")) == "activation my:a(2): a"


def test_the_items_of_a_plan_are_those_that_its_cells_name(tmp_path: Path) -> None:
    """With the frameworks that measure them, and none of the suite's own."""
    with plugins.loaded([plugins.find(str(write(tmp_path, ZOO)))]):
        study = STUDIES["propagation"]
        overrides = grids.parse_overrides(["activation=relu,my:right"], [study])
        plan = grids.plan([study], grids.Selection("quick", ("torch", "numpy"), overrides, 1))
        assert named(plan) == {Named("activation", "my:right"): ("numpy", "torch")}
        numerics = STUDIES["numerics"]
        overrides = grids.parse_overrides(["formula=my:right,gelu"], [numerics])
        plan = grids.plan([numerics], grids.Selection("quick", ("torch",), overrides))
        assert named(plan) == {Named("activation", "my:right"): ("torch",)}


def run(folder: Path, framework: str, activations: str, *more: str) -> int:
    words = ["run", "propagation", "--profile", "quick", "--frameworks", framework, "--no-report"]
    words += ["--set", f"activation={activations}", "--set", "initializer=he_normal"]
    words += ["--set", "width=8", "--seeds", "2", "--jobs", "1", "--out", str(folder)]
    return main([*words, *more])


def test_a_run_stops_before_it_measures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    plugin = str(write(tmp_path, ZOO))
    assert run(tmp_path / "out", "torch", "relu,my:other,my:right", "--plugin", plugin) == 2
    said = capfd.readouterr().err
    assert (
        "broken: activation my:other in torch: value at x = -1 is -1, by definition -0.76" in said
    )
    assert "1 of 2 items from outside breaks its contract; nothing was measured" in said
    assert not (tmp_path / "out").exists()


def test_a_script_reads_the_reason_below_the_error(tmp_path: Path) -> None:
    plugin = write(tmp_path, ZOO)
    with pytest.raises(suite.UserError, match="the only item from outside") as caught:
        suite.run(
            "propagation",
            plugins=plugin,
            set={"activation": "my:wrong"},
            profile="quick",
            frameworks="numpy",
            seeds=2,
            out=tmp_path / "out",
        )
    assert caught.value.__notes__[0].startswith("broken: activation my:wrong: slope at x = -1 is")


def test_the_rest_of_a_run_is_as_without_the_broken_item(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """To the bit, with no cell of the item. NumPy is enough: it starts in no time."""
    plugin = ["--plugin", str(write(tmp_path, ZOO))]
    run(tmp_path / "mixed", "numpy", "my:wrong,relu,my:right", "--skip-broken", *plugin)
    assert "left out, with all their cells: my:wrong" in capfd.readouterr().err
    run(tmp_path / "plain", "numpy", "relu,my:right", *plugin)
    mixed, plain = (tmp_path / name / "propagation" / "runs.csv" for name in ("mixed", "plain"))
    assert mixed.read_bytes() == plain.read_bytes()
    assert re.search("my:right", mixed.read_text(encoding="utf-8"))
    assert run(tmp_path / "none", "numpy", "my:wrong", "--skip-broken", *plugin) == 2
    assert "nothing is left of --set activation: my:wrong" in capfd.readouterr().err
