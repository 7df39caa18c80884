"""The pages on claims: their examples work as they stand, and every key and command is named."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from suite.claims import schema
from suite.commands.main import main
from tests.support import ROOT

TEXT = (ROOT / "docs" / "how_to" / "claims.md").read_text(encoding="utf-8")
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


def judged(text: str, folder: Path, out: Path) -> tuple[int, list[str]]:
    """Return the exit code and the verdicts of a file of claims on the reference."""
    mine = folder / "depth.toml"
    mine.write_text(text, encoding="utf-8")
    code = main(["check", str(REFERENCE), "--claims", str(mine), "--out", str(out)])
    with (out / "claims.csv").open(encoding="utf-8", newline="") as file:
        return code, [row["verdict"] for row in csv.DictReader(file)]


def test_the_tutorials_claim_is_refuted_and_then_expected_so(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tutorial" / "first_claim.md").read_text(encoding="utf-8")
    (first,) = re.findall("```toml\n(.*?)```", page, re.DOTALL)
    assert judged(first, tmp_path, tmp_path / "first") == (1, ["refuted", "refuted"])
    mended = first.replace('expected = "supported"', 'expected = "refuted"')
    assert judged(mended, tmp_path, tmp_path / "then") == (0, ["refuted", "refuted"])
