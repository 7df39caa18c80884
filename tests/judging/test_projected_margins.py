"""The margin of a verdict, and the margins that a plan shows."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from suite import claims
from suite.commands.main import main
from suite.judging import intervals
from suite.judging.band_to_verdict import _standard_errors
from suite.judging.intervals import Interval
from suite.judging.projected_margins import Margin, _needed, project
from suite.planning import grids
from suite.studies import STUDIES
from suite.types import UserError
from tests.support import ROOT

REFERENCE = ROOT / "results" / "reference" / "standard"


def plan(seeds: int | None = None) -> grids.Plan:
    selection = grids.Selection("quick", ("torch", "tensorflow"), seeds=seeds)
    return grids.plan([STUDIES["training"]], selection)


def margins(plan: grids.Plan, folder: Path) -> list[Margin]:
    return list(project(plan, folder).margins)


def test_a_margin_of_z_is_where_a_claim_becomes_decided() -> None:
    """The interval ends at the edge exactly when the estimate lies Z standard errors from it."""
    interval = Interval(1.0, 0.4, 1.3, 50)
    assert _standard_errors(interval, 1.3) == pytest.approx(intervals.Z)
    assert _standard_errors(interval, 0.4) == pytest.approx(intervals.Z)
    assert _standard_errors(interval, 1.6) == pytest.approx(2 * intervals.Z)
    assert _standard_errors(interval, 1.0) == 0.0
    assert _standard_errors(Interval(1.0, -math.inf, math.inf, 3), 2.0) == 0.0
    assert _standard_errors(Interval(1.0, 1.0, 1.0, 20), 1.0) == math.inf
    assert pytest.approx(4.056, abs=1e-3) == intervals.Z


def test_decided_verdicts_of_the_reference_have_the_margin_that_decides() -> None:
    with (REFERENCE / "claims.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["margin"]]
    assert len(rows) > 50
    for row in rows:
        decided = row["verdict"] in ("supported", "refuted")
        assert decided == (float(row["margin"]) >= intervals.Z - 1e-9), row["claim"]


def test_margins_are_sorted_and_scaled_to_the_seeds_of_the_plan() -> None:
    few, many = margins(plan(20), REFERENCE), margins(plan(80), REFERENCE)
    assert [margin.margin for margin in few] == sorted(margin.margin for margin in few)
    ratios = {
        b.margin / a.margin
        for a, b in zip(few, many, strict=True)
        if a.margin > 0 and math.isfinite(a.margin)
    }
    np.testing.assert_allclose(list(ratios), 2.0)
    quick = [claim for claim in claims.shipped() if claim.decides == "quick"]
    names = {margin.claim for margin in few}
    assert {claim.id for claim in quick if claim.study == "training"} <= names


def test_the_seeds_that_would_decide_are_where_the_margin_is_z() -> None:
    """One seed fewer would leave the claim below the threshold. A median needs 16 whatever its
    margin, and an estimate on the edge of its band is never decided."""
    for margin in (0.3, 1.0, 3.9, 4.2, 7.0):
        needed = _needed(margin, 100, 16)
        assert needed is not None
        assert margin * math.sqrt(needed / 100) >= intervals.Z
        assert needed == 16 or margin * math.sqrt((needed - 1) / 100) < intervals.Z
    assert _needed(1.0, 100, 16) == 1645  # 100 times Z squared is 1644.8
    assert _needed(50.0, 20, 16) == _needed(math.inf, 20, 16) == 16
    assert _needed(50.0, 200, 1) == 2
    assert _needed(0.0, 20, 16) is None
    for tiny in (5e-324, 1e-200, 1e-9):  # a rounding error from the edge
        assert _needed(tiny, 20, 16) is None


def test_decided_verdicts_of_the_reference_need_no_more_seeds_than_they_had() -> None:
    for margin in margins(plan(), REFERENCE):
        if margin.verdict in ("supported", "refuted"):
            assert margin.needed is not None
            assert margin.least <= margin.needed <= margin.stored
        if margin.stored < margin.least:
            assert margin.needed is None


def test_a_claim_whose_text_changed_has_no_margin(tmp_path: Path) -> None:
    shutil.copy(REFERENCE / "claims.csv", tmp_path)
    text = (tmp_path / "claims.csv").read_text(encoding="utf-8")
    with (REFERENCE / "claims.csv").open(newline="", encoding="utf-8") as file:
        stored = {row["claim"]: row["text_hash"] for row in csv.DictReader(file)}
    other = text.replace(stored["tanh-beats-sigmoid"], "0" * 12)
    (tmp_path / "claims.csv").write_text(other, encoding="utf-8")
    names = {margin.claim for margin in margins(plan(), tmp_path)}
    assert "tanh-beats-sigmoid" not in names
    assert "relu-beats-sigmoid" in names


def test_a_folder_without_verdicts_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"claims\.csv is missing; judge the folder with"):
        margins(plan(), tmp_path)
    (tmp_path / "claims.csv").write_text("claim,group\na,b\n", encoding="utf-8")
    with pytest.raises(UserError, match="lacks the column 'study'"):
        margins(plan(), tmp_path)


def test_plan_prints_the_margins(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "training", "--profile", "quick", "--margins", str(REFERENCE)]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120
    (line,) = [
        margin for margin in text.splitlines() if "tanh-beats-sigmoid [framework=torch]" in margin
    ]
    _, fresh, needs, *rest = line.split()
    assert re.fullmatch(r"[0-9]e-[0-9]+\*?|0\*?", fresh)
    assert rest == ["40", "60", "supported", "tanh-beats-sigmoid", "[framework=torch]"]
    assert 16 <= int(needs) <= 60
    assert main([*words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    (margin,) = [
        margin
        for margin in content["margins"]
        if (margin["claim"], margin["group"]) == ("tanh-beats-sigmoid", "framework=torch")
    ]
    assert margin["needed"] == int(needs)
    assert None in [
        margin["margin"] for margin in content["margins"]
    ]  # infinite, which JSON has not


@pytest.mark.parametrize(
    ("column", "value"),
    [("margin", "huge"), ("margin", "nan"), ("margin", "-1"), ("n", "0"), ("n", "1" * 400)],
)
def test_a_field_that_is_not_a_number_is_named(tmp_path: Path, column: str, value: str) -> None:
    with (REFERENCE / "claims.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    next(row for row in rows if row["claim"] == "tanh-beats-sigmoid")[column] = value
    with (tmp_path / "claims.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(UserError, match=f"claim 'tanh-beats-sigmoid': .*'{value[:40]}'"):
        margins(plan(), tmp_path)
    (tmp_path / "claims.csv").write_bytes(b"claim\n\xff\n")
    with pytest.raises(UserError, match="cannot be read"):
        margins(plan(), tmp_path)


OWN = """
study = "training"

[[claim]]
id = "mine"
statement = "My network learns."
source = "me"
metric = "train_loss"
estimand = "value"
of = {activation = "tanh", initializer = "he_normal", depth = 4, width = 5, weights = "shared"}
each = ["framework"]
ceiling = 0.3
expected = "open"
because = "I wonder."
decides = "quick"
"""


def test_own_claims_are_judged_on_the_stored_run_and_projected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many seeds would decide my claim."""
    file = tmp_path / "mine.toml"
    file.write_text(OWN, encoding="utf-8")
    words = ["plan", "training", "--profile", "quick", "--margins", str(REFERENCE)]
    assert main([*words, "--claims", str(file)]) == 0
    text = capsys.readouterr().out
    rows = [line.split() for line in text.splitlines() if line.endswith(("torch]", "flow]"))]
    assert [row[-2] for row in rows] == ["mine", "mine"]
    assert all(int(row[2]) >= 16 for row in rows)
    assert "promises no verdict" not in text  # of these claims nobody promised any
    file.write_text(OWN.replace("train_loss", "train_los"), encoding="utf-8")
    assert main([*words, "--claims", str(file)]) == 2
    assert "mine.toml: claim 'mine': metric: " in capsys.readouterr().err
    assert main([*words[:4], "--claims", str(file)]) == 2
    assert "--claims needs --margins DIR" in capsys.readouterr().err


def test_without_a_margin_there_is_a_reason_and_no_header(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quick = REFERENCE.parent / "quick"
    assert main(["plan", "digits", "--profile", "standard", "--margins", str(quick)]) == 0
    text = capsys.readouterr().out
    assert "no claim has a margin here\nclaims without a margin: " in text
    reason = r"not judged there \(study digits was not run\)"
    assert re.search(f"[0-9]+ {reason}, [0-9]+ about other studies", text)
    assert "needs" not in text


def test_seeds_are_those_of_the_cells_of_a_group() -> None:
    """Groups of one claim may have different numbers of seeds."""
    selection = grids.Selection("standard", ("torch", "tensorflow"))
    products = grids.plan([STUDIES["products"]], selection)
    found = {
        margin.group: (margin.seeds, margin.stored)
        for margin in margins(products, REFERENCE)
        if margin.claim == "lyapunov-spectrum"
    }
    assert len({stored for _, stored in found.values()}) > 1
    assert all(now == stored for now, stored in found.values())


def test_margins_need_no_framework() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'tensorflow', 'keras', 'sklearn'):\n    sys.modules[name] = None\n"
        "from suite.commands.main import main\n"
        f"sys.exit(main(['plan', '--margins', {str(REFERENCE)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[framework=tensorflow" in done.stdout
    assert "[framework=torch" in done.stdout
