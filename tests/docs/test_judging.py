"""docs/judging.md: its example works as it stands, and it names every key and command."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from suite.claims import schema
from suite.commands.main import main
from tests.support import ROOT

TEXT = (ROOT / "docs" / "judging.md").read_text(encoding="utf-8")
REFERENCE = ROOT / "results" / "reference" / "standard"


def example() -> str:
    found = re.search("```toml\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_is_judged_and_decided(tmp_path: Path) -> None:
    mine = tmp_path / "my.toml"
    mine.write_text(example(), encoding="utf-8")
    out = tmp_path / "mine"
    assert main(["check", str(REFERENCE), "--claims", str(mine), "--out", str(out)]) == 0
    with (out / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["claim"] for row in rows} == set(re.findall('^id = "(.*)"$', example(), re.M))
    assert {row["verdict"] for row in rows} <= {"supported", "refuted"}


def test_the_example_would_fail_with_a_wrong_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "my.toml"
    mine.write_text(example().replace("floor =", "flor =", 1), encoding="utf-8")
    assert main(["check", str(REFERENCE), "--claims", str(mine)]) == 2
    assert "did you mean 'floor'?" in capsys.readouterr().err


@pytest.mark.parametrize("key", schema.KEYS)
def test_every_key_of_a_claim_is_explained(key: str) -> None:
    assert f"`{key}`" in TEXT
