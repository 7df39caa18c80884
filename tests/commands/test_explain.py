"""``suite explain``: a claim, the rows behind its verdict, and the command that measures them."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite import claims
from suite.commands.main import main, parser
from suite.commands.selection import selected_plan
from suite.judging.explained import Explanation, explain
from suite.judging.naming_command import naming_command
from suite.planning import grids
from suite.studies import STUDIES
from suite.text_tables import WIDTH
from tests.support import ROOT

QUICK = ROOT / "results" / "reference" / "quick"
CLAIM = "tanh-beats-sigmoid"


def test_the_estimate_follows_from_the_rows() -> None:
    """Recomputed by hand: the mean of a seed's two starts, tanh minus sigmoid, the median."""
    explanation = explain(CLAIM, QUICK)
    assert explanation.rows is not None
    for verdict in explanation.verdicts:
        framework = verdict.group.removeprefix("framework=")
        rows = explanation.rows[explanation.rows["framework"] == framework]
        assert set(rows["weights"]) == {"native", "shared"}
        means = rows.groupby(["side", "seed"])["heldout_accuracy"].mean()
        difference = means["of"] - means["versus"]
        assert verdict.n == len(difference)
        assert float(difference.median()) == pytest.approx(verdict.estimate)


def cells_of(explanation: Explanation) -> set[tuple[object, ...]]:
    assert explanation.rows is not None
    axes = list(STUDIES[explanation.claim.study].axes)
    return set(explanation.rows[axes].itertuples(index=False, name=None))


STORED = [claim.id for claim in claims.shipped() if claim.study in ("training", "parity")]


@pytest.mark.parametrize("name", STORED[::4])
def test_the_command_selects_the_cells_and_seeds_of_the_rows(name: str) -> None:
    explanation = explain(name, QUICK)
    if explanation.rows is None or explanation.rows.empty:
        assert "not judged" in {verdict.verdict for verdict in explanation.verdicts}
        return
    assert explanation.command is not None
    plan = selected_plan(parser().parse_args(shlex.split(explanation.command.text)[1:]))
    (stacks,) = plan.stacks.values()
    planned: dict[tuple[object, ...], int] = {}
    for member in (member for stack in stacks for member in stack.members):
        key = tuple(value for _, value in member.cell.values)
        planned[key] = planned.get(key, 0) + 1
    expected = cells_of(explanation)
    assert set(planned) >= expected
    assert len(planned) - len(expected) == explanation.command.others
    axes = list(STUDIES[explanation.claim.study].axes)
    seeds = explanation.rows.drop_duplicates([*axes, "seed"]).groupby(axes).size()
    assert {key: planned[key] for key in expected} == seeds.to_dict()


def test_the_command_measures_the_same_rows_again(tmp_path: Path) -> None:
    words = ["--profile", "quick", "--seeds", "2", "--jobs", "1", "--no-report", "--out"]
    first, again = tmp_path / "first", tmp_path / "again"
    assert main(["run", "weighting", "--frameworks", "numpy", *words, str(first)]) == 0
    name = next(claim.id for claim in claims.shipped() if claim.study == "weighting")
    before = explain(name, first)
    assert before.command is not None
    assert "--seeds 2" in before.command.text
    command = shlex.split(before.command.text)[1:]
    assert main([*command, "--jobs", "1", "--no-report", "--out", str(again)]) == 0
    assert before.rows is not None
    assert not before.rows.empty
    after = explain(name, again).rows
    assert after is not None
    pd.testing.assert_frame_equal(before.rows, after)


def test_what_no_product_of_values_gives_is_counted() -> None:
    """Two cells that differ on two axes: --set names four."""
    training = STUDIES["training"]
    selection = grids.Selection("standard", ("torch",))
    planned = grids.cells(training, selection)
    two = [
        cell
        for cell in planned
        if (cell["activation"], cell["initializer"]) in {("relu", "he_normal"), ("tanh", "default")}
        and (cell["depth"], cell["weights"], cell["optimizer"], cell["settings"])
        == (4, "native", "rmsprop", "common")
    ]
    found = naming_command(training, selection, two, None)
    assert found is not None
    assert found.others == 2
    assert naming_command(training, selection, [], None) is None


def test_it_prints_everything_in_lines_that_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", CLAIM, str(QUICK)]) == 0
    out = capsys.readouterr().out
    claim = next(claim for claim in claims.shipped() if claim.id == CLAIM)
    flat = " ".join(out.split())
    for words in (claim.statement, claim.source, claim.because, str(claim.band)):
        assert " ".join(words.split()) in flat
    assert "framework=torch" in out
    assert "supported" in out
    assert "of: 160 runs of 4 cells" in flat
    assert "relu-beats-sigmoid" in out.partition("related claims")[2]
    command = next(line for line in out.splitlines() if line.startswith("  suite run"))
    assert all(len(line) <= WIDTH for line in out.splitlines() if line != command)


@pytest.mark.parametrize("name", [claim.id for claim in claims.shipped()][::60])
def test_any_claim_is_explained_without_a_folder(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{name}: ")
    assert "verdicts" not in out
    assert "suite run" in out


def test_rows_as_a_file_and_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.csv"
    assert main(["explain", CLAIM, str(QUICK), "--rows", "--csv", str(path)]) == 0
    out = capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == out
    table = pd.read_csv(io.StringIO(out))
    assert list(table.columns[:3]) == ["side", "framework", "activation"]
    assert set(table["side"]) == {"of", "versus"}
    assert np.isfinite(table["heldout_accuracy"]).all()


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", CLAIM, str(QUICK), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["claim"]["id"] == CLAIM
    assert content["claim"]["band"] == [0.1, None]
    assert content["rows"] == 320
    assert content["command"].startswith("suite run training")
    assert len(content["verdicts"]) == 2


def test_a_study_that_was_not_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    name = next(claim.id for claim in claims.shipped() if claim.study == "weighting")
    assert main(["explain", name, str(QUICK)]) == 0
    out = capsys.readouterr().out
    assert "not judged" in out
    assert "study weighting was not run" in out


def test_a_claim_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "suite" / "claims" / "parity.toml").read_text(encoding="utf-8")
    own = tmp_path / "my.toml"
    first = claims.parse(text, "parity.toml")[0].id
    own.write_text(text.replace(f'"{first}"', '"my-own"'), encoding="utf-8")
    assert main(["explain", "my-own", str(QUICK), "--claims", str(own)]) == 0
    assert str(own) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tanh-beat-sigmoid"], ["unknown claim", "did you mean 'tanh-beats-sigmoid'"]),
        (["training"], ["is a study", "claims", "tanh-beats-sigmoid"]),
        ([CLAIM, "--rows"], ["--rows needs DIR"]),
        ([CLAIM, "--csv", "x.csv"], ["--csv needs DIR"]),
        ([CLAIM, "no-such-folder"], ["no-such-folder"]),
        (["weighting", str(QUICK)], ["is a study"]),
    ],
)
def test_wrong_usage_is_one_line(
    words: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    for word in expected:
        assert word in line
