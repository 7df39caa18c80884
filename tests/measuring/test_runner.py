"""Running a plan: a failure stays in its stack, and an interruption loses little."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite.commands.run import pipeline
from suite.measuring import environment, progress, runner
from suite.measuring.executors import Job, Result
from suite.planning import grids
from suite.planning.grids import Plan
from suite.results import folder as results_folder
from suite.results.folder import Results
from suite.results.manifest import Expected
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.studies.propagation import Propagation
from suite.types import Lab, Measurement, Stack
from tests.support import fake_study


@pytest.fixture
def plan() -> Plan:
    study = STUDIES["propagation"]
    texts = ["activation=tanh", "depth=2", "width=4", "initializer=he_normal,orthogonal"]
    chosen = grids.parse_overrides(texts, [study])
    return grids.plan([study], grids.Selection("quick", ("numpy",), chosen, seeds=2))


@pytest.fixture
def results(tmp_path: Path, plan: Plan) -> Results:
    folder = Results(tmp_path / "out")
    folder.open(environment.manifest(plan, ["suite"]))
    return folder


def execute(plan: Plan, results: Results) -> list[Result]:
    """Run the pending stacks in a thread; return the results."""
    shown: list[Result] = []
    stacks = runner.pending(plan, results)
    executor = fake_study.threads()(Job(results.folder, plan.selection.root), 1)
    runner.execute(plan, stacks, results, executor, shown.append)
    return shown


def table(plan: Plan, results: Results) -> bytes:
    study = STUDIES["propagation"]
    results.collect(study, plan.stacks["propagation"])
    return (results.folder / "propagation" / "runs.csv").read_bytes()


def breaking(on: str, error: Exception) -> Callable[..., Measurement]:
    """Return a ``measure`` that raises an error on stacks of one initializer."""
    whole = Propagation.measure

    def measure(self: Propagation, stack: Stack, lab: Lab) -> Measurement:
        if dict(stack.shared)["initializer"] == on:
            raise error
        return whole(self, stack, lab)

    return measure


def test_a_stack_that_raises_is_rows_with_the_reason_and_is_tried_again(
    plan: Plan, results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Propagation, "measure", breaking("orthogonal", MemoryError("no\nroom")))
        shown = execute(plan, results)
    assert sorted(result.reason for result in shown) == ["", "MemoryError: no room"]
    table(plan, results)
    frame = read_table(results.folder / "propagation" / "runs.csv")
    failed = frame[frame["status"] == "failed"]
    assert set(failed["initializer"]) == {"orthogonal"}
    assert set(failed["reason"]) == {"MemoryError: no room"}
    assert failed["forward_slope"].isna().all()
    assert (frame[frame["initializer"] == "he_normal"]["status"] == "ok").all()
    assert len(runner.pending(plan, results)) == 1
    execute(plan, results)
    clean = Results(tmp_path / "clean")
    clean.open(environment.manifest(plan, ["suite"]))
    execute(plan, clean)
    assert table(plan, results) == table(plan, clean)


def test_a_shard_that_cannot_be_written_ends_the_run_and_leaves_its_stack_pending(
    plan: Plan, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(results_folder.Results, "write", full)
        with pytest.raises(runner.NotStored, match="No space left on device"):
            execute(plan, results)
    assert len(runner.pending(plan, results)) == 2
    execute(plan, results)
    assert runner.pending(plan, results) == []


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (runner.NotStored("OSError: disk full"), 3, "cannot store: OSError: disk full"),
        (OSError(30, "Read-only file system"), 3, "Read-only file system; what was stored before"),
        (KeyboardInterrupt(), 130, "interrupted; what is finished is stored. Resume with"),
    ],
)
def test_a_run_that_ends_early_says_how_to_resume(
    plan: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def end(*_: object) -> None:
        raise error

    monkeypatch.setattr(runner, "execute", end)
    command = ["suite", "run", "--set", "initializer=he_normal,orthogonal"]
    assert pipeline.run(plan, command, tmp_path / "out", jobs=1, draw=False) == code
    printed = capsys.readouterr().err
    assert words in printed
    assert f"suite run --set initializer=he_normal,orthogonal --out {tmp_path / 'out'}" in printed


def test_progress_is_plain_lines_when_piped(plan: Plan) -> None:
    stacks = list(plan.stacks["propagation"])
    stream = io.StringIO()
    with progress.Progress(plan, stacks, stream) as shown:
        shown(Result(stacks[0], "ValueError: wrong"))
        shown(Result(stacks[1], "took longer than 9 s", "retrying"))
        shown(Result(stacks[1]))
    lines = stream.getvalue().splitlines()
    assert lines[0] == f"failed: {stacks[0].label}: ValueError: wrong"
    assert lines[1] == f"took longer than 9 s: {stacks[1].label}; it will be tried again"
    assert lines[-1].startswith("100%  2/2 stacks")
    assert "\r" not in stream.getvalue()


def test_progress_is_a_bar_with_an_eta_on_a_terminal(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = list(plan.stacks["propagation"])
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with progress.Progress(plan, stacks, stream) as shown:
        for stack in stacks:
            shown(Result(stack))
    assert "2/2 stacks" in stream.getvalue()
    assert "100%" in stream.getvalue()


def test_the_manifest_says_what_a_run_depends_on(plan: Plan) -> None:
    manifest = environment.manifest(plan, ["suite", "run"])
    assert manifest.expected["propagation"] == Expected(
        cells=2, runs=4, stacks=2, hash=plan.digest("propagation")
    )
    assert set(manifest.versions) >= {"python", "numpy", "pandas", "scipy"}
    assert manifest.threads == 1
    assert len(environment.tree_hash()) == 16
    others = [replace(manifest, tree_hash="x"), replace(manifest, root_seed=1)]
    assert len({environment.run_id(manifest) for manifest in [manifest, *others]}) == 3
    assert environment.run_id(replace(manifest, command=("other",))) == environment.run_id(manifest)
