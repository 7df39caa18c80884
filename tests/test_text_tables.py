"""Tables as wide as what they show: nothing is cut off, and nothing in a cell is obeyed."""

from __future__ import annotations

import io
import sys

import pytest

from suite import text_tables
from suite.text_tables import WIDTH, columns, wrapped


def test_cells_are_aligned_by_what_they_look_like() -> None:
    rows = [("name", "n"), ("漢字", "1"), ("[red]x[/red]", "22"), ("a\x1b[1m\nb", "3")]
    assert columns(rows, right=(1,)) == [
        "name           n",
        "漢字           1",
        "[red]x[/red]  22",
        r"a\x1b[1m b     3",
    ]


def test_only_breakable_columns_break_and_nothing_is_cut_off() -> None:
    name = "a-name-" * 9
    lines = columns([("claim", "words", "n"), (name, "some words " * 20, "12")], 100, (1,))
    assert max(map(len, lines)) <= 100
    assert name in lines[1]
    broken = [line[len(name) + 2 :].removesuffix("12") for line in lines[1:]]
    assert " ".join(broken).split() == ["some", "words"] * 20
    (_, row) = columns([("claim", "n"), ("x" * 200, "1")], 100)
    assert row == f"{'x' * 200}  1"


def test_a_cell_below_its_row_has_lines_of_its_own() -> None:
    rows = [("a", "n", "left out"), ("x", "1", "why " * 30), ("y", "2", "")]
    lines = columns(rows, 60, below=True)
    assert lines[:3] == ["a  n", "x  1", f"    {'why ' * 13}why"]
    assert lines[3].startswith("        why")
    assert lines[-1] == "y  2"


def test_the_width_is_that_of_the_terminal_and_fixed_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert text_tables.width() == WIDTH
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", stream)
    assert text_tables.width() == 72
    assert max(map(len, wrapped("word " * 100))) <= 72
    monkeypatch.setenv("COLUMNS", "7")  # nobody reads that
    assert text_tables.width() == 40


def test_names_are_never_broken() -> None:
    name = "results/" + "a-long-name-" * 20
    assert wrapped(f"see {name} there") == ["see", f"  {name}", "  there"]
