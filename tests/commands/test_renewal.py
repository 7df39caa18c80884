"""A run can be read while it goes on, and what an interruption leaves is judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suite.commands.main import main
from suite.commands.run import pipeline, renewal
from suite.commands.run.renewal import FIRST, SHARE, Renewal, write_stored
from suite.measuring import runner
from suite.measuring.executors import Job, Result
from suite.measuring.progress import Progress
from suite.planning import grids
from suite.planning.grids import Plan
from suite.studies import STUDIES
from tests.support import fake_study


class Child:
    """A renewal that ends when a test says so."""

    def __init__(self) -> None:
        self.alive = True
        self.killed = False

    def is_alive(self) -> bool:
        return self.alive

    def kill(self) -> None:
        self.killed = True

    def join(self, timeout: float | None = None) -> None:
        assert self.killed


class Bench:
    """A renewal with a clock and children of the test's own."""

    def __init__(self, folder: Path, *awaited: str) -> None:
        self.now = 0.0
        self.children: list[Child] = []
        self.renewal = Renewal(Job(folder, 0), True, awaited, self.start, lambda: self.now)

    def start(self, job: Job, draw: bool) -> Child:
        assert draw
        self.children.append(Child())
        return self.children[-1]

    def at(self, now: float, stored: str = "") -> int:
        """Call the renewal at a time; return how many have been started by then."""
        self.now = now
        self.renewal(stored)
        return len(self.children)


def test_the_first_renewal_comes_early_and_the_others_cost_little(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.at(FIRST - 1) == 0
    assert bench.at(FIRST) == 1
    assert bench.at(FIRST + 500) == 1  # it goes on: no second one beside it
    bench.children[0].alive = False
    assert bench.at(FIRST + 520) == 1
    wait = 520 / SHARE
    assert bench.at(FIRST + 520 + wait - 1) == 1
    assert bench.at(FIRST + 520 + wait) == 2


def test_a_renewal_is_due_when_all_that_was_awaited_is_stored(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "a", "b")
    assert bench.at(FIRST - 2, "a") == 0
    assert bench.at(FIRST) == 1
    bench.children[0].alive = False
    assert bench.at(FIRST + 40, "other") == 1
    assert bench.at(FIRST + 41, "b") == 2
    bench.children[1].alive = False
    assert bench.at(FIRST + 60, "b") == 2  # once


def test_a_renewal_that_is_due_waits_for_the_one_that_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "a")
    assert bench.at(FIRST) == 1
    assert bench.at(FIRST + 1, "a") == 1
    bench.children[0].alive = False
    assert bench.at(FIRST + 9, "other") == 2


def test_what_is_awaited_waits_for_the_first_renewal(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "a")
    assert bench.at(FIRST - 1, "a") == 0
    assert bench.at(FIRST) == 1
    bench.children[0].alive = False
    assert bench.at(FIRST + 1) == 1


def test_the_end_of_a_run_ends_its_renewal(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.at(FIRST)
    draft = tmp_path / ".summary.csv.0123abcd"
    draft.touch()
    bench.renewal.close()
    assert bench.children[0].killed
    assert not draft.exists()
    other = Bench(tmp_path)
    other.renewal.close()
    other.at(FIRST)
    other.children[0].alive = False
    other.renewal.close()
    assert not other.children[0].killed


def planned(*studies: str) -> Plan:
    """Return a plan of a stack for each depth of ``propagation``, and of other studies."""
    study = STUDIES["propagation"]
    texts = ["activation=tanh,relu", "depth=2,3", "width=4", "initializer=he_normal"]
    chosen = grids.parse_overrides(texts, [study])
    selection = grids.Selection("quick", ("numpy",), chosen, seeds=2)
    return grids.plan([study, *(STUDIES[name] for name in studies)], selection)


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The first study is that of headline claims; the second costs nothing, and no claim is about
    it."""
    fake_study.plan(monkeypatch)
    return planned("fake")


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_study.use_threads(monkeypatch)


def interrupted(plan: Plan, folder: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Interrupt a run after some stacks; return its exit code."""
    shown: list[Result] = []

    def interrupt(self: Progress, result: Result) -> None:
        shown.append(result)
        if len(shown) == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "__call__", interrupt)
        return pipeline.run(plan, ["suite"], folder, jobs=1, draw=False)


def written(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".csv", ".xml", ".txt") and path.stem != "timings"
    }


@pytest.mark.usefixtures("threads")
def test_an_interrupted_run_leaves_verdicts_that_check_repeats(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    assert interrupted(plan, folder, 2, monkeypatch) == 130
    stacks = sum(map(len, plan.stacks.values()))
    assert f"tables and verdicts of 2 of {stacks} stacks; Ctrl-C again" in capsys.readouterr().err
    left = written(folder)
    assert {"claims.csv", "summary.csv", "junit.xml"} < {*left}
    assert main(["check", str(folder)]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("incomplete: ")
    assert "not as the suite wrote it" not in err
    assert written(folder) == left
    # Resumed, it is as if nothing had happened.
    pipeline.run(plan, ["suite"], folder, jobs=1, draw=False)
    pipeline.run(plan, ["suite"], tmp_path / "plain", jobs=1, draw=False)
    assert written(folder) == written(tmp_path / "plain")


@pytest.mark.usefixtures("threads")
def test_a_run_that_was_interrupted_before_anything_is_stored_leaves_no_verdict(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "execute", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert pipeline.run(plan, ["suite"], tmp_path / "out", jobs=1, draw=False) == 130
    assert not (tmp_path / "out" / "claims.csv").exists()


@pytest.mark.usefixtures("threads")
def test_a_renewal_writes_what_is_stored_and_changes_no_byte_of_the_end(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every result is followed by a renewal, in this process."""
    seen: list[dict[str, bytes]] = []

    def always(self: Renewal, stored: str) -> None:
        write_stored(self._job, False)
        seen.append(written(tmp_path / "out"))

    with monkeypatch.context() as patch:
        patch.setattr(renewal.Renewal, "__call__", always)
        pipeline.run(plan, ["suite"], tmp_path / "out", jobs=1, draw=False)
    pipeline.run(plan, ["suite"], tmp_path / "plain", jobs=1, draw=False)
    assert len(seen) == sum(map(len, plan.stacks.values()))
    assert all("claims.csv" in files for files in seen)
    sizes = [len(files.get("propagation/runs.csv", b"")) for files in seen]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert written(tmp_path / "out") == written(tmp_path / "plain")


def test_a_renewal_of_its_own_process_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = planned()
    with pytest.MonkeyPatch.context() as patch:
        fake_study.use_threads(patch)
        pipeline.run(plan, ["suite"], tmp_path / "out", jobs=1, draw=False)
    before = written(tmp_path / "out")
    (tmp_path / "out" / "claims.csv").unlink()
    capfd.readouterr()
    process = renewal._start(Job(tmp_path / "out", 0), False)
    process.join()
    assert capfd.readouterr() == ("", "")
    assert written(tmp_path / "out") == before
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["profile"] == "quick"
