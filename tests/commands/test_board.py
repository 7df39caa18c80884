"""The board fits a screen, names what is wrong, and shows hostile text instead of obeying it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from suite import terminal, text_tables
from suite.commands import board
from suite.judging.judge_folder import Judged
from suite.judging.verdicts import Verdict
from tests.support.verdicts import ABSENT, ALL, CONTRADICTION, LACKING, SUPPORTED, UNDECIDED

FOLDER = Path("out")


def shown(verdicts: Sequence[Verdict], runs: dict[str, pd.DataFrame] | None = None) -> list[str]:
    plain = {("wrong", "framework=torch"): "accuracy 0.5 against 0.9"}
    return board.lines(FOLDER, Judged(runs or {}, list(verdicts), 0, plain), None)


def test_verdicts_are_counted_by_what_was_expected() -> None:
    lines = shown(ALL)
    assert lines[0] == "7 verdicts on 7 of 8 claims"
    assert [line.split() for line in lines[2:6]] == [
        ["supported", "1", "0", "0"],
        ["refuted", "!", "1", "1", "0"],
        ["undecided", "4", "0", "0"],
        ["not", "judged", "1", "0", "0"],
    ]
    quiet = shown([SUPPORTED, ABSENT])[0]
    assert quiet.endswith("none contradicts its expectation, and every promised one is decided")


def test_a_contradiction_is_told_in_full_and_in_plain_words() -> None:
    text = " ".join(" ".join(shown(ALL)).split())
    assert "! wrong [framework=torch]: tanh learns, sigmoid does not. refuted, but expected" in text
    assert "; accuracy 0.5 against 0.9" in text
    assert "? vague [framework=torch]: tanh learns, sigmoid does not. undecided: 12 seeds" in text
    # What lacks runs is no finding: it is said once.
    assert "? 2 promised verdicts lack runs that failed or are missing, as lacking" in text
    assert "suite explain wrong out" in text


def test_the_board_fits_a_screen_however_much_is_wrong() -> None:
    many = [
        replace(kind, claim=f"{kind.claim}-{n}", study=f"study-{n % 7}")
        for n in range(60)
        for kind in (CONTRADICTION, UNDECIDED, SUPPORTED, LACKING)
    ]
    lines = shown(many)
    assert len(lines) <= board.LINES + 3
    assert max(map(len, lines)) <= text_tables.WIDTH
    text = "\n".join(lines)
    told = sum(line.startswith("! wrong-") and "but expected" in line for line in lines)
    assert f"! {60 - told} more contradict their expectation" in text
    assert "? 60 more are undecided though this profile promised to decide them" in text
    assert "more headline claims" in text


@pytest.mark.parametrize("size", [72, 80, 100, 120])
def test_what_was_expected_is_told_on_narrow_terminals(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (board, text_tables):
        monkeypatch.setattr(module, "width", lambda: size)
    precise = replace(SUPPORTED, estimate=5.54e-07, low=1.09e-07, high=4.63e-06)
    several = [replace(precise, claim=f"a-headline-claim-of-a-kind-{n}") for n in range(40)]
    lines = shown(several)
    rows = [line for line in lines if line.strip().startswith("a-headline-claim")]
    assert rows
    assert max(map(len, rows)) <= size
    assert all("[1.09e-07, 4.63e-06]" in row for row in rows) == (size > 72)
    (head,) = [line.split()[2:] for line in lines if "headline claim " in line]
    assert head[0] == ("verdict" if size > 80 else "as")
    told = "supported, as expected  5.54e-07" if size > 80 else "supported    5.54e-07"
    assert all(told in row for row in rows)


def test_on_a_narrow_terminal_each_line_says_so_where_one_is_not_as_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (board, text_tables):
        monkeypatch.setattr(module, "width", lambda: 72)
    odd = replace(CONTRADICTION, claim="a-headline-claim-that-is-wrong", headline=True)
    lines = shown([replace(SUPPORTED, claim="a-headline-claim-of-a-kind"), odd])
    (row,) = [line for line in lines if "a-headline-claim-of-a-kind" in line.split()]
    assert "supported, as expected" in row


def test_only_the_line_that_is_too_long_loses_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (board, text_tables):
        monkeypatch.setattr(module, "width", lambda: 72)
    long = replace(SUPPORTED, claim="long", estimate=5.54e-07, low=1.09e-07, high=4.63e-06)
    short = replace(SUPPORTED, claim=f"short-{'x' * 34}", estimate=0.5, low=0.4, high=0.6)
    rows = {line.split()[0]: line for line in shown([long, short]) if "supported" in line}
    assert "[0.4, 0.6]" in rows[short.claim]
    assert rows["long"].endswith("5.54e-07")


def test_each_study_has_a_headline_claim_before_one_has_two() -> None:
    several = [
        replace(SUPPORTED, claim=f"{study}-{n}", study=study)
        for study in ("digits", "training")
        for n in range(40)
    ]
    rows = [line.split()[0] for line in shown(several) if "supported, as expected" in line]
    assert rows[:4] == ["digits-0", "training-0", "digits-1", "training-1"]


def test_the_least_clear_group_of_a_claim_is_shown() -> None:
    clear = [replace(SUPPORTED, claim=f"c{n}", group="framework=torch") for n in range(40)]
    close = replace(SUPPORTED, claim="c0", group="framework=tensorflow", margin=4.2, estimate=0.11)
    (row,) = [line for line in shown([*clear, close]) if line.split()[:1] == ["c0"]]
    assert "0.11 [" in row
    assert row.endswith("tensorflow (clearer in 1 more)")


def test_runs_that_are_missing_are_said_first() -> None:
    runs = {"training": pd.DataFrame({"status": ["ok"] * 30 + ["missing"] * 12})}
    assert shown(ALL, runs)[0] == "incomplete: 30 of 42 runs are stored"


def test_hostile_text_is_shown() -> None:
    evil = replace(CONTRADICTION, claim="\x1b[31m[red]evil[/red]", statement="a\x1b]0;b\x07[bold]c")
    lines = shown([evil, SUPPORTED])
    text = "\n".join(map(terminal.printable, lines))
    assert r"\x1b[31m[red]evil[/red]" in text
    assert r"a\x1b]0;b\x07[bold]c" in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_stand_beside_a_sign_and_can_be_switched_off(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.show(["! wrong [red]\x1b[32m", "fine"])
    lines = stream.getvalue().splitlines()
    assert ("\x1b[1;31m" in lines[0]) is coloured
    assert r"! wrong [red]\x1b[32m" in lines[0]
    assert lines[1] == "fine"


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    terminal.show(["! wrong", long])
    assert capsys.readouterr().out == f"! wrong\n{long}\n"
