"""The example of docs/how_to/advice.md is what the command prints from the committed reference."""

from __future__ import annotations

import re

import pytest

from suite.advising import evidence
from suite.commands.main import main
from tests.support import ROOT

TEXT = (ROOT / "docs" / "how_to" / "advice.md").read_text(encoding="utf-8")


def test_the_example_is_the_output_of_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(evidence, "users_folders", lambda: ())
    example = re.search(r"^```\n\$ suite (advise [^\n]*)\n(.*?)^```$", TEXT, re.M | re.S)
    assert example is not None
    assert main(example[1].split()) == 0
    assert capsys.readouterr().out == example[2]
