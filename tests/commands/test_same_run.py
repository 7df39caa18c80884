"""What is the same run: the same cells and seeds, in whatever order and however often named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from suite.commands.main import main
from tests.measuring.test_bits import tables

FIRST = (
    ["propagation", "gains"],
    ["--set", "activation=tanh,relu"],
    ["--set", "initializer=normal(0.5),he_normal"],
    ["--set", "depth=3,2"],
    ["--frameworks", "numpy"],
)
AGAIN: dict[str, Sequence[Sequence[str]]] = {
    "values": (*FIRST[:1], ["--set", "activation=relu,tanh"], *FIRST[2:]),
    "axes": (*FIRST[:1], FIRST[3], FIRST[2], FIRST[1], FIRST[4]),
    "studies": (["gains", "propagation"], *FIRST[1:]),
    "repeated": (
        ["propagation", "gains", "propagation"],
        ["--set", "activation=tanh,relu,tanh"],
        ["--set", "initializer=normal(0.5),he_normal,normal(0.50)"],
        ["--set", "depth=3,2,3"],
        ["--frameworks", "numpy,numpy"],
    ),
}


def run(words: Sequence[Sequence[str]], out: Path) -> int:
    flat = [word for group in words for word in group]
    more = ["--profile", "quick", "--seeds", "2", "--jobs", "1", "--no-report", "--out", str(out)]
    return main(["run", *flat, *more])


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("same") / "first"
    run(FIRST, folder)
    return folder


@pytest.mark.parametrize("words", AGAIN.values(), ids=AGAIN)
def test_the_order_of_what_is_named_makes_no_other_run(
    words: Sequence[Sequence[str]],
    first: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the same folder it is resumed and measures nothing."""
    before = tables(first)
    assert run(words, first) == 0
    assert ", 0 to measure" in capsys.readouterr().err
    assert tables(first) == before


def test_in_another_folder_it_has_the_same_bytes(first: Path, tmp_path: Path) -> None:
    run([AGAIN["studies"][0], *AGAIN["values"][1:2], *FIRST[:1:-1]], tmp_path)
    assert tables(tmp_path) == tables(first)


def test_other_values_are_another_run(first: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (*FIRST[:1], ["--set", "activation=relu"], *FIRST[2:])
    assert run(words, first) == 2
    assert "contains another run" in capsys.readouterr().err
