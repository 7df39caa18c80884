"""docs/how_to/debug.md: its script measures a stack."""

from __future__ import annotations

import re

import pytest

from tests.support import ROOT


def test_the_script_measures_one_stack(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "how_to" / "debug.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert '("torch",)' in script
    names: dict[str, object] = {}
    exec(script.replace('("torch",)', '("numpy",)'), names)  # the oracle needs no framework
    assert "Status.OK" in capsys.readouterr().out
