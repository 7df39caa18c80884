"""docs/reference/commands.md names every command and every option, and no others."""

from __future__ import annotations

import re

import pytest

from suite.commands.main import COMMANDS, main
from tests.support import ROOT

TEXT = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
OPTION = r"(?<![\w-])--[a-z][a-z-]*"


def options(words: list[str], capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the options that the help of a command names."""
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    return set(re.findall(OPTION, capsys.readouterr().out))


def test_every_command_and_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    offered = options([], capsys).union(*(options([name], capsys) for name in COMMANDS))
    code = " ".join(re.findall("`[^`]+`", TEXT))
    assert set(re.findall(OPTION, code)) == offered
    assert set(re.findall(r"^\| `suite (\w+)", TEXT, re.MULTILINE)) == set(COMMANDS)


def test_the_shown_plan_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (words, line) = re.findall(r"^\$ suite (plan .*)\n\.\.\.\n(.*)$", TEXT, re.MULTILINE)[0]
    assert main(words.split()) == 0
    assert line in capsys.readouterr().out.splitlines()
