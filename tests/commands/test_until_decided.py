"""``suite run --until-decided``: seeds are added where a promised claim is undecided, and nowhere
else; nothing that was measured changes; the folder says how it must be judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from suite import claims
from suite.commands.main import main
from suite.commands.run import pipeline
from suite.discovery.show_findings import NOT_COVERED
from suite.judging import judge_folder
from suite.judging.more_seeds import next_look
from suite.judging.rules import EVERY_LOOK, FIXED
from suite.judging.verdicts import read_verdicts
from suite.measuring import runner
from suite.planning import grids
from suite.planning.grids import Plan, Until
from suite.report import write_report
from suite.results.folder import Results
from suite.results.manifest import MANIFEST
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import UserError
from tests.support import fake_study
from tests.support.fake_claims import NARROW, NEVER, WIDE

COMMAND = ["suite", "run", "fake", "--until-decided"]


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_study.use_threads(monkeypatch)
    monkeypatch.setattr(claims, "shipped", lambda: (WIDE, NARROW, NEVER))


def plan(patch: pytest.MonkeyPatch, most: int = 200, widths: tuple[int, ...] = (1, 2)) -> Plan:
    fixed = fake_study.plan(patch, widths, 25)
    return grids.plan([STUDIES["fake"]], replace(fixed.selection, until=Until(most)))


def run(plan: Plan, out: Path) -> int:
    return pipeline.run(plan, COMMAND, out, 1, draw=False)


def seeds(out: Path) -> dict[int, int]:
    """Return width -> its number of seeds."""
    runs = read_table(out / "fake" / "runs.csv")
    return {int(w): len(set(runs.loc[runs["width"] == w, "seed"])) for w in runs["width"].unique()}


def files(out: Path) -> dict[str, bytes]:
    """Return what a run wrote, without the times that it took."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in (".csv", ".json", ".xml", ".txt") and path.name != "timings.csv"
    }


def test_seeds_are_added_where_a_claim_is_undecided_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(plan(monkeypatch), tmp_path / "out") == 0
    said = capsys.readouterr().err
    found = seeds(tmp_path / "out")
    assert found[1] == 20
    assert 20 < found[2] < 200
    assert "look: 1 of 2 promised verdicts are decided; stacks added for the others: 1" in said
    assert "look: 2 of 2 promised verdicts are decided; no seeds are added" in said
    verdicts = {v.claim: v for v in read_verdicts(tmp_path / "out")}
    numbers = read_table(tmp_path / "out" / "fake" / "runs.csv").query("width == 2 & scale == 0.5")
    values = numbers["top_exponent"].to_numpy()
    assert verdicts["needs-seeds"].low == EVERY_LOOK.median(values).low
    assert verdicts["needs-seeds"].low < FIXED.median(values).low
    # A block less would not have been enough: the run stops at the first look that decides.
    assert EVERY_LOOK.median(values[:-20]).low < NARROW.band.low


def test_whoever_judges_the_folder_does_it_by_the_intervals_for_every_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(plan(monkeypatch), out)
    stored = (out / "claims.csv").read_bytes()
    capsys.readouterr()
    assert main(["check", str(out), "--out", str(tmp_path / "again")]) == 0
    assert judge_folder.ADDED in capsys.readouterr().err
    assert (tmp_path / "again" / "claims.csv").read_bytes() == stored
    # Without what the manifest says, the verdicts would be others.
    monkeypatch.setattr(judge_folder, "rule_of", lambda manifest: FIXED)
    assert main(["check", str(out), "--out", str(tmp_path / "wrong")]) == 0
    assert (tmp_path / "wrong" / "claims.csv").read_bytes() != stored


def test_what_was_measured_does_not_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stacks are the first ones of a run with that many seeds, to the key and to the bit."""
    run(plan(monkeypatch), tmp_path / "out")
    until = Results(tmp_path / "out").manifest()
    assert until.until_decided is not None
    fixed = fake_study.plan(monkeypatch, (1, 2), 200)
    pipeline.run(fixed, COMMAND, tmp_path / "fixed", 1, draw=False)
    shards = {path.name for path in (tmp_path / "out" / "shards").iterdir()}
    assert shards < {path.name for path in (tmp_path / "fixed" / "shards").iterdir()}
    whole, part = (read_table(tmp_path / name / "fake" / "runs.csv") for name in ("fixed", "out"))
    pd.testing.assert_frame_equal(whole.merge(part[["width", "scale", "seed"]]), part)


def test_an_interrupted_run_ends_in_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(plan(monkeypatch), tmp_path / "whole")
    measured = runner.execute
    calls = []

    def interrupted(*args: object, **options: object) -> None:
        calls.append(1)
        if len(calls) == 2:  # after the first look has added blocks
            raise KeyboardInterrupt
        measured(*args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(runner, "execute", interrupted)
        assert run(plan(monkeypatch), tmp_path / "out") != 0
    assert Results(tmp_path / "out").manifest().until_decided.blocks == {"fake": (1, 2)}  # type: ignore[union-attr]
    assert run(plan(monkeypatch), tmp_path / "out") == 0
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert run(plan(monkeypatch), tmp_path / "out") == 0  # a finished run has nothing to add
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_a_claim_on_the_edge_ends_at_the_most_seeds_and_goes_on_with_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert run(plan(monkeypatch, most=70, widths=(3,)), out) == 4
    assert seeds(out) == {3: 60}  # whole blocks alone
    assert run(plan(monkeypatch, most=100, widths=(3,)), out) == 4
    assert seeds(out) == {3: 100}


def test_a_run_with_fixed_seeds_is_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(plan(monkeypatch), tmp_path / "out")
    fixed = fake_study.plan(monkeypatch, (1, 2), 25)
    with pytest.raises(UserError, match="its seeds were added until decided, and are now fixed"):
        pipeline.run(fixed, COMMAND, tmp_path / "out", 1, draw=False)
    pipeline.run(fixed, COMMAND, tmp_path / "fixed", 1, draw=False)
    with pytest.raises(UserError, match="its seeds were fixed beforehand, and are now added"):
        run(plan(monkeypatch), tmp_path / "fixed")


def test_a_version_that_does_not_know_such_runs_refuses_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its schema is another one, and without the key nobody judges it by the wrong intervals."""
    out = tmp_path / "out"
    run(plan(monkeypatch), out)
    values = json.loads((out / MANIFEST).read_text())
    assert values["schema"] == 2
    del values["until_decided"]
    (out / MANIFEST).write_text(json.dumps(values))
    capsys.readouterr()
    assert main(["check", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-seeds", "40"], "--max-seeds needs --until-decided"),
        (["--until-decided", "--max-seeds", "19"], "'19' is not a whole number from 20 to"),
        (["--until-decided", "--seeds", "40"], "a run with --seeds promises nothing"),
        (["--until-decided", "--set", "depth=2"], "a run with --set promises nothing"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["plan", "propagation", *words])
    except SystemExit as error:
        code = int(error.code or 0)
    printed = capsys.readouterr().err
    assert code == 2
    assert said in printed
    assert printed.count("\n") == 1


def test_steps_of_a_quarter() -> None:
    assert [next_look(n) for n in (20, 40, 80, 1000)] == [25, 50, 100, 1250]


def test_terminal_and_page_say_that_the_run_stopped_by_looking_and_what_that_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(out: Path) -> tuple[str, str]:
        capsys.readouterr()
        main(["check", str(out)])
        board = capsys.readouterr()
        main(["check", str(out), "--all"])
        terminal = f"{board.err}\n{board.out}\n{capsys.readouterr().out}"
        page = write_report(out).read_text(encoding="utf-8")
        return " ".join(terminal.split()), page

    run(plan(monkeypatch), tmp_path / "out")
    pipeline.run(
        fake_study.plan(monkeypatch, (1, 2), 25), COMMAND, tmp_path / "fixed", 1, draw=False
    )
    terminal, page = said(tmp_path / "out")
    assert terminal.count(NOT_COVERED) == 2  # of the board, and of all verdicts
    for text in (terminal, page):
        assert judge_folder.ADDED in text
        assert NOT_COVERED in text
    for text in said(tmp_path / "fixed"):
        assert judge_folder.ADDED not in text
        assert NOT_COVERED not in text
