"""Stacks that were measured on several kinds of processor: the run says so, its manifest counts
them, and what compares or takes over stacks knows."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.commands.run import pipeline
from suite.comparing.environment_changes import environment_changes
from suite.measuring import environment, measure_stack, reuse
from suite.planning.grids import Plan
from suite.results.folder import Results
from suite.results.tables import read_table
from tests.support import fake_study


def ran(folder: Path, patch: pytest.MonkeyPatch, *processors: str) -> tuple[Plan, Results]:
    """Run the fake study, whose six stacks are measured on these processors in turn."""
    plan = fake_study.plan(patch)
    turn = itertools.cycle(processors)
    patch.setattr(measure_stack, "processor", lambda: next(turn))
    fake_study.use_threads(patch)
    assert pipeline.run(plan, ["suite", "run"], folder, jobs=1, draw=False) == 0
    return plan, Results(folder)


def test_several_kinds_are_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, results = ran(tmp_path / "mixed", monkeypatch, "Old CPU", "New CPU", "New CPU")
    told = "New CPU (4 stacks), Old CPU (2 stacks)"
    assert f"measured on 2 kinds of processor, which may round differently: {told}\n" in (
        capsys.readouterr().err
    )
    manifest = results.manifest()
    assert manifest.processors == {"New CPU": 4, "Old CPU": 2}
    timings = read_table(results.folder / "timings.csv")
    stacks = timings[timings["stage"] == "stack"]
    assert stacks["processor"].value_counts().to_dict() == manifest.processors
    here = replace(manifest, processors={})
    assert environment_changes(manifest, here) == [("processors", told, manifest.platform["cpu"])]
    assert here.identity == manifest.identity  # the same command goes on wherever workers are


def test_a_run_on_one_machine_has_nothing_to_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, results = ran(tmp_path / "one", monkeypatch, environment.processor())
    assert "kinds of processor" not in capsys.readouterr().err
    assert "processors" not in results.manifest().values()


def test_no_stack_of_another_processor_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, results = ran(tmp_path / "mixed", monkeypatch, "Old CPU", "New CPU")
    new = Results(tmp_path / "new")
    new.open(environment.manifest(plan, ["suite"]))
    source = reuse.Source(results, results.manifest(), {"numpy": ""}, {}, "New CPU")
    outcomes = [reuse._take(stack, source, new) for stack in plan.stacks["fake"]]
    assert sorted(outcomes) == 3 * ["measured on another processor (Old CPU)"] + 3 * ["taken over"]
