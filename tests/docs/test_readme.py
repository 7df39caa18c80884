"""The README: its numbers are those of the committed reference, and its example works."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from suite.commands.main import main
from suite.results.read_runs import read_runs
from tests.support import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
STANDARD = ROOT / "results" / "reference" / "standard"
FINDINGS = re.findall(r"^- \*\*.*?(?=^\n|^- |\Z)", TEXT.partition("## Ask")[0], re.M | re.S)
LINES = 105
"""The README before its details: two screens."""
ESTIMATE = r"-?[\d.]+(?:e-\d+)? \[-?[\d.]+(?:e-\d+)?, -?[\d.]+(?:e-\d+)?\]"


def table(capsys: pytest.CaptureFixture[str]) -> dict[str, set[str]]:
    """Return the estimates that ``check`` prints for each claim of the reference."""
    assert main(["check", str(STANDARD), "--markdown"]) == 0
    rows: dict[str, set[str]] = {}
    claim = ""
    lines = capsys.readouterr().out.replace("\\", "").splitlines()
    for line in [line for line in lines if line.startswith("|")][2:]:
        cells = [cell.strip() for cell in line.split("|")]
        claim = cells[2] or claim
        rows.setdefault(claim, set()).add(cells[6])
    return rows


def unproven(finding: str, rows: dict[str, set[str]]) -> list[str]:
    """Return what a finding says that the claims it names do not: estimates, or whole claims."""
    text = " ".join(finding.split())
    named = re.findall(r"`([a-z0-9-]+-[a-z0-9-]+)`", text)
    wrong = [name for name in named if name not in rows]
    shown = {estimate for name in named for estimate in rows.get(name, ())}
    return wrong + [estimate for estimate in re.findall(ESTIMATE, text) if estimate not in shown]


def test_every_estimate_is_that_of_a_claim_named_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = table(capsys)
    assert len(FINDINGS) == 6
    assert sum(len(re.findall(ESTIMATE, " ".join(text.split()))) for text in FINDINGS) >= 15
    for finding in FINDINGS:
        assert unproven(finding, rows) == []
    everywhere = len(re.findall(ESTIMATE, " ".join(TEXT.split())))
    assert everywhere == sum(len(re.findall(ESTIMATE, " ".join(text.split()))) for text in FINDINGS)


def test_an_estimate_of_another_claim_would_be_seen() -> None:
    rows = {"tanh-wins": {"0.3 [0.2, 0.4]"}, "relu-wins": {"0.5 [0.4, 0.6]"}}
    assert unproven("- 0.3\n  [0.2, 0.4] (`tanh-wins`)", rows) == []
    assert unproven("- 0.5 [0.4, 0.6] (`tanh-wins`)", rows) == ["0.5 [0.4, 0.6]"]
    assert unproven("- 0.3 [0.2, 0.4] (`tanh-won`)", rows) == ["tanh-won", "0.3 [0.2, 0.4]"]


def test_the_counts_are_those_of_the_reference() -> None:
    with (STANDARD / "claims.csv").open(encoding="utf-8", newline="") as file:
        verdicts = list(csv.DictReader(file))
    assert f"all {len(verdicts):,} verdicts" in TEXT
    assert {row["as_expected"] for row in verdicts} <= {"True", ""}
    manifest = json.loads((STANDARD / "manifest.json").read_text(encoding="utf-8"))
    runs = sum(expected["runs"] for expected in manifest["expected"].values())
    assert f"{runs:,} runs" in TEXT
    assert manifest["root_seed"] == 0


def test_the_example_keeps_its_contract_in_the_oracle(tmp_path: Path) -> None:
    """In the frameworks it is tried by tests/docs/test_plugins.py, with the same formula."""
    (example,) = re.findall("```python\n(.*?)```", TEXT, re.DOTALL)
    mine = tmp_path / "my.py"
    mine.write_text(example, encoding="utf-8")
    cells = ["--set", "activation=my:snake(0.5),relu", "--set", "initializer=he_normal"]
    few = ["--set", "width=8", "--set", "depth=2", "--seeds", "2", "--jobs", "1", "--no-report"]
    run = ["run", "propagation", "--plugin", str(mine), "--frameworks", "numpy", *cells, *few]
    assert main([*run, "--out", str(tmp_path / "out")]) in (0, 4)
    rows = read_runs(tmp_path / "out", "propagation")
    assert set(rows["activation"]) == {"my:snake(0.5)", "relu"}
    assert set(rows["status"]) == {"ok"}


def test_it_fits_two_screens_before_its_details() -> None:
    assert TEXT[: TEXT.index("\n## Details")].count("\n") <= LINES
