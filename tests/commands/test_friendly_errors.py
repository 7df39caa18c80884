"""An error finishes the sentence, and ``suite list NAME`` finds whatever has the name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import suite
from suite import plugins
from suite.assessing import activations
from suite.commands.main import main
from suite.errors import UserError
from tests.support import ROOT

REFERENCE = ROOT / "results" / "reference"
PLAN = ("plan", "training", "--set")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("check", f"{ROOT}/results/refrence/quick"),
            f"there is no folder {ROOT}/results/refrence/quick; did you mean '{REFERENCE}/quick'?",
        ),
        (
            ("check", f"{REFERENCE}/quick/claims.csv"),
            f"{REFERENCE}/quick/claims.csv is a file; name the results folder, {REFERENCE}/quick",
        ),
        (("check", str(REFERENCE)), "it has no manifest.json; in it are "),
        ((*PLAN, "learning_rate=0.01"), "write optimizer=rmsprop(0.01)"),
        ((*PLAN, "momentum=0.9"), "write optimizer=rmsprop(0.001, 0.9, 1e-07, 0.9)"),
        ((*PLAN, "optimizer=adam(0.001"), "optimizer 'adam(0.001': a bracket is missing"),
        ((*PLAN, "optimizer=adam(-1)"), "learning_rate is -1; allowed is a positive number"),
        ((*PLAN, "optimizer=sgd(0)"), "learning_rate is 0; allowed is a positive number"),
        ((*PLAN, "optimizer=sgd(0.1, -1)"), "momentum is -1; allowed is 0 or more"),
        ((*PLAN, "activation=elu(alpa=2)"), "has no parameter 'alpa'; did you mean 'alpha'?"),
        (
            (*PLAN, "optimizer=sgd(0.1, learning_rate=0.2)"),
            "gives its parameter learning_rate twice",
        ),
        (("plan", "--dataset", "a,b.csv,label=x"), "the name of a file cannot have a comma"),
        (("list", "gleu"), "nothing has the name 'gleu'; did you mean 'gelu'?"),
    ],
)
def test_an_error_says_what_to_write(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: suite.plan(set="depth=4"), "write a dictionary"),  # type: ignore[arg-type]
        (lambda: suite.plan(["training"]), "is not a name"),  # type: ignore[arg-type]
        (lambda: suite.plan("training", frameworks=5), "a list of names"),  # type: ignore[arg-type]
        (lambda: suite.plan("training", plugins=5), "list of paths"),  # type: ignore[arg-type]
        (lambda: suite.load(None), "None is not a path"),  # type: ignore[arg-type]
        (lambda: suite.check(3), "3 is not a path"),  # type: ignore[arg-type]
    ],
)
def test_a_script_gets_one_line_too(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        call()


def test_parameters_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """As ``suite list`` writes them."""
    for written in ("elu(2)", "elu(alpha=2)", "elu( alpha = 2.0 )"):
        assert main(["plan", "training", "--set", f"activation={written}", "--seeds", "1"]) == 0
        assert "activation=elu(2) " in capsys.readouterr().out
    assert main(["plan", "training", "--set", "optimizer=sgd(momentum=0.9)", "--seeds", "1"]) == 0
    assert "optimizer=sgd(0.1, 0.9) " in capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, list[dict[str, str]]]:
    assert main(["list", name, "--json"]) == 0
    found: dict[str, list[dict[str, str]]] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("digits", {"studies", "datasets"}),
        ("gelu", {"activations"}),
        ("leaky_relu", {"activations"}),
        ("he_normal", {"initializers"}),
        ("sgd", {"optimizers"}),
        ("tanh-beats-sigmoid", {"claims"}),
        ("heldout_accuracy", {"metrics"}),
        ("depth", {"axes"}),
        ("pair_correlation", {"columns"}),
        ("learned_share", {"columns"}),
        ("diverged", {"columns"}),
    ],
)
def test_a_name_is_found_whatever_it_is(
    name: str, kinds: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys, name)
    assert kinds == {*found}
    assert all(entry["meaning"] for entries in found.values() for entry in entries)


FLAT = """
import numpy as np
import suite

@suite.activation(source="two\\nlines")
def flat(x, a=1.0):
    return np.full_like(x, a)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin with an activation that is the same everywhere, and a source of two lines."""
    file = tmp_path / "mine.py"
    file.write_text(FLAT, encoding="utf-8")
    return file


def test_a_file_that_is_assessed_is_asked_for_its_item(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["assess", str(plugin)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"name an item of it, as in {plugin}:flat (it has flat)" in line


def test_an_entry_is_one_line_and_its_form_can_be_typed(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "activations", "--plugin", str(plugin)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "mine:flat" in line]
    form, source = line.split(maxsplit=1)
    assert source.startswith("two lines (")
    chosen = ["--set", f"activation={form}", "--plugin", str(plugin), "--seeds", "1"]
    assert main(["plan", "training", *chosen]) == 0


def test_advice_takes_items_from_outside(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["advise", "--activation", "mine:flat", "--depth", "4", "--width", "5"]
    assert main([*words, "--plugin", str(plugin)]) == 0
    assert f"--plugin {plugin}" in capsys.readouterr().out


def test_an_activation_that_is_the_same_everywhere_breaks_its_contract(plugin: Path) -> None:
    with plugins.loaded([plugins.find(str(plugin))]):
        (said,) = activations.definition("mine:flat")
    assert said == "its value is 1 whatever x is, so that no network learns through it"
