"""What a run until decided would have saved, from a stored run."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite import claims
from suite.commands.main import main
from suite.commands.run import pipeline
from suite.judging import projected_seeds, seeds_saved
from suite.judging.verdicts import read_verdicts
from suite.planning import grids
from suite.planning.grids import Plan, Until
from suite.studies import STUDIES
from tests.support import ROOT, fake_study
from tests.support.fake_claims import NARROW, WIDE

QUICK = ROOT / "results" / "reference" / "quick"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run of the fake study with 200 fixed seeds."""
    fake_study.use_threads(monkeypatch)
    monkeypatch.setattr(claims, "shipped", lambda: (WIDE, NARROW))
    plan = fake_study.plan(monkeypatch, (1, 2), 200)
    pipeline.run(plan, ["suite", "run"], tmp_path / "fixed", 1, draw=False)
    return tmp_path / "fixed"


def until() -> Plan:
    selection = grids.Selection("quick", ("numpy",), until=Until(200))
    return grids.plan([STUDIES["fake"]], selection)


def test_it_is_what_the_run_itself_takes(stored: Path, tmp_path: Path) -> None:
    """Seeds, runs and verdicts are those of a run until decided, which measures the same bits."""
    (saved,) = seeds_saved.saved(stored, 200)
    pipeline.run(until(), ["suite"], tmp_path / "out", 1, draw=False)
    verdicts = {v.claim: v for v in read_verdicts(tmp_path / "out")}
    ended = {end.watched.claim.id: end for end in saved.ended}
    for name, end in ended.items():
        assert (end.seeds, end.ruling) == (verdicts[name].n, verdicts[name].verdict)
    assert ended["decided-at-once"].seeds == 20 < ended["needs-seeds"].seeds < 200
    rows = (tmp_path / "out" / "fake" / "runs.csv").read_text().count("\n") - 1
    assert saved.runs_until == rows < saved.runs == 1200
    assert saved.seconds_until < saved.seconds


def test_the_forecast_is_near_what_happens(stored: Path) -> None:
    found = projected_seeds.forecast(until(), stored)
    by_claim = {one.claim: one for one in found.verdicts}
    assert by_claim["decided-at-once"].expected == pytest.approx(20, abs=0.5)
    needs = by_claim["needs-seeds"]
    assert 40 < needs.expected < 160
    assert needs.likely is not None
    assert needs.likely > needs.expected
    assert found.first.runs == 120 < found.expected.runs < found.fixed.runs == 1200


def test_plan_shows_the_seeds_that_are_likely(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "propagation", "--profile", "quick", "--until-decided", "--margins"]
    assert main([*words, str(QUICK), "--frameworks", "torch,tensorflow"]) == 0
    printed = capsys.readouterr().out
    assert "until decided, on average" in printed
    assert "seeds of the profile" in printed


def test_own_claims_are_promised_by_no_profile(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "plan",
        "propagation",
        "--until-decided",
        "--margins",
        str(QUICK),
        "--claims",
        "my.toml",
    ]
    assert main(words) == 2
    assert "--until-decided decides what the profile promises" in capsys.readouterr().err
