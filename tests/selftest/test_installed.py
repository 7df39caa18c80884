"""Mistakes planted into the installed frameworks: the gate's cells see them, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from suite.catalogue.frameworks import by_default
from suite.commands.main import main
from suite.frameworks.planting import Mistake, assumed, mistakes, replaced
from suite.selftest import installed
from suite.selftest.installed import RULE, Gate, Planted
from suite.studies import GATE, STUDIES
from suite.text_tables import WIDTH

PRESENT = [entry.name for entry in by_default() if entry.installed]
CHEAP = ("a slope", "an epsilon", "a truncated law")
"""The mistakes that the ordinary tests plant; ``suite selftest --installed`` plants all."""


def named(framework: str, name: str) -> Mistake:
    (mistake,) = [one for one in mistakes(framework) if one.name == name]
    return mistake


# --- the tables ----------------------------------------------------------------------------------


def test_every_framework_has_the_same_mistakes() -> None:
    tables = [[mistake.name for mistake in mistakes(framework)] for framework in PRESENT]
    assert all(table == tables[0] for table in tables)
    assert {
        "a fan rule",
        "a slope",
        "an epsilon",
        "a momentum convention",
        "a default",
        "a truncated law",
        "an axis of a mean",
        "a transposed kernel",
        "a place of epsilon",
    } <= set(tables[0])
    assert len(set(tables[0])) == len(tables[0])


@pytest.mark.parametrize("framework", PRESENT)
def test_the_gate_measures_the_cells_of_every_mistake(framework: str) -> None:
    for mistake in mistakes(framework):
        assert mistake.study in GATE
        assert mistake.metric in STUDIES[mistake.study].tables[0].metrics
        assert Gate(framework).stacks(mistake), mistake.name


# --- planted for real ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHEAP)
@pytest.mark.parametrize("framework", PRESENT)
def test_a_mistake_is_caught_and_gone_afterwards(framework: str, name: str) -> None:
    gate, mistake = Gate(framework), named(framework, name)
    planted = gate.plant(mistake)
    assert planted.caught
    assert planted.seen[0]["metric"] == mistake.metric
    control = gate.again(mistake)
    assert control.comparison.exit_code(RULE) == 0
    assert control.comparison.moved.empty
    assert not control.caught


def test_red_in_another_place_is_not_caught() -> None:
    """A gate that is red, and does not name what the mistake moves, has not seen it."""
    gate, mistake = Gate(PRESENT[0]), named(PRESENT[0], "a slope")
    planted = gate.plant(mistake)
    elsewhere = replace(mistake, cell={"activation": "gelu"})
    assert not Planted(PRESENT[0], elsewhere, planted.comparison).caught
    other = replace(mistake, metric="far_nan")
    assert not Planted(PRESENT[0], other, planted.comparison).caught


# --- the block -----------------------------------------------------------------------------------


class Own:
    @staticmethod
    def rate(x: int, lr: float = 1.0) -> float:
        return x * lr


class Inherits(Own):
    pass


@pytest.mark.parametrize("place", [Own, Inherits])
def test_what_was_replaced_comes_back(place: type[Own]) -> None:
    before = dict(vars(place))
    with contextlib.suppress(RuntimeError), replaced(lambda: place, "rate", assumed(lr=3.0))():
        assert place.rate(2) == 6.0
        assert place.rate(2, 1.0) == place.rate(2, lr=1.0) == 2.0
        raise RuntimeError
    assert place.rate(2) == 2.0
    assert vars(place).keys() == before.keys()


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def one_mistake(monkeypatch: pytest.MonkeyPatch) -> Mistake:
    """A table of one mistake, for one framework; the other is not installed."""
    mistake = named("torch", "a slope")
    monkeypatch.setattr(installed, "installed", lambda: ("numpy", "torch"))
    monkeypatch.setattr(installed, "mistakes", lambda framework: (mistake,))
    return mistake


def test_the_command_says_what_the_gate_says(
    one_mistake: Mistake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["selftest", "--installed"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("tensorflow is not installed: nothing was planted into it\n")
    assert "  a slope: leaky ReLU is a tenth too steep below 0\n" in said
    assert "curves activation_slope_error" in said
    assert "-> 0.001 in framework=torch activation=leaky_relu" in said
    assert "1 of 1 mistakes caught; 1 of 1 comparisons without a mistake were green" in said
    assert max(map(len, said.splitlines())) <= WIDTH


def test_the_command_prints_json(one_mistake: Mistake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--installed", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (mistake,), (control,) = content["mistakes"], content["controls"]
    assert content["not_installed"] == ["tensorflow"]
    assert (mistake["name"], mistake["caught"], control["passed"]) == ("a slope", True, True)
    assert mistake["seen"][0]["after"] == "0.001"


def test_a_mistake_that_nothing_shows_is_an_error(
    one_mistake: Mistake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = replace(one_mistake, plant=contextlib.nullcontext)
    monkeypatch.setattr(installed, "mistakes", lambda framework: (harmless,))
    assert main(["selftest", "--installed"]) == 1
    said = capsys.readouterr().out
    assert "! a slope" in said
    assert "nothing moved" in said
    assert "0 of 1 mistakes caught; 1 of 1" in said


def test_a_mistake_that_stays_is_an_error(
    one_mistake: Mistake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Afterwards the framework must measure what it measured before."""
    with contextlib.ExitStack() as kept:

        @contextlib.contextmanager
        def left() -> Iterator[None]:
            kept.enter_context(one_mistake.plant())
            yield

        stays = replace(one_mistake, plant=left)
        monkeypatch.setattr(installed, "mistakes", lambda framework: (stays,))
        assert main(["selftest", "--installed"]) == 1
    said = capsys.readouterr().out
    assert "! without any mistake:" in said
    assert "1 of 1 mistakes caught; 0 of 1" in said


def test_without_a_framework_it_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installed, "installed", lambda: ("numpy",))
    assert main(["selftest", "--installed"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "no framework is installed" in printed.err
