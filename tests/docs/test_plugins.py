"""The pages on plugins: the first file works, and the mistake is told as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from suite import frameworks, plugins
from suite.assessing import activations
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.generic import _COMPOSED, _FUNCTIONS, _SAME
from tests.support import ROOT

PAGES = ("tutorial/first_activation.md", "how_to/items.md", "reference/plugins.md")
TEXT = "\n".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in PAGES)
FIRST, SECOND, *_ = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def found(folder: Path, text: str) -> list[str]:
    """Return the breaches of ``my:wave`` in torch, for the text of a plugin."""
    pytest.importorskip("torch")
    path = folder / "my.py"
    path.write_text(text, encoding="utf-8")
    with plugins.loaded([plugins.find(str(path))]):
        said = list(activations.definition("my:wave"))
        return said or list(activations.in_framework("my:wave", frameworks.load("torch")))


def test_the_first_file_works_and_is_listed_as_shown(tmp_path: Path) -> None:
    assert found(tmp_path, FIRST) == []
    with plugins.loaded([plugins.find(str(tmp_path / "my.py"))]):
        entry = ACTIVATIONS["my:wave"]
        assert f"{entry.source} (slope from {entry.slope_from})" in TEXT


def test_the_mistake_is_told_as_shown_and_mended_as_shown(tmp_path: Path) -> None:
    wrong = FIRST.replace("np.sin(a * x)", "np.sin(a * x) * (x > 0)")
    assert wrong != FIRST
    (line,) = found(tmp_path, wrong)
    assert f"broken: activation my:wave in torch: {line}" in TEXT
    mended = wrong.replace('3 May")', '3 May", kinks=(0.0,))')
    assert mended != wrong
    assert found(tmp_path, mended) == []


def test_functions_of_the_frameworks_work_as_shown(tmp_path: Path) -> None:
    assert found(tmp_path, f"import numpy as np\nimport suite\n{SECOND}") == []


def test_what_is_said_of_branches_is_so(tmp_path: Path) -> None:
    trap, bounded = "np.where(x > 0, x, np.exp(x) - 1)", "np.expm1(np.minimum(x, 0))"
    assert trap in TEXT
    assert bounded in TEXT
    head = "import numpy as np\nimport suite\n\n\n@suite.activation(source='a', kinks=(0.0,))\n"
    (line,) = found(tmp_path, f"{head}def wave(x):\n    return {trap}\n")
    assert "nan" in line
    assert found(tmp_path, f"{head}def wave(x):\n    return np.where(x > 0, x, {bounded})\n") == []


def test_operations_that_are_named_are_there() -> None:
    listed = TEXT.partition("## What a definition may contain")[2].partition("##")[0]
    named = re.findall(r"`(?:np\.)?(\w+)`", listed.partition("What has no counterpart")[0])
    operations = pytest.importorskip("suite.frameworks.torch.operations").OPERATIONS
    table = {*operations.functions, *_COMPOSED, *_SAME, *_FUNCTIONS}
    assert [name for name in named if name not in table] == []
