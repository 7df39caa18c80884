"""An engine may do with its tasks what it likes: every stack has one result, the bytes are those of
an undisturbed run, and what could not be measured is measured by the same command.

The study and the workers are fakes; ``test_remote_worker.py`` and ``tests/cluster`` have real ones.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from suite.errors import UserError
from suite.measuring import environment, runner
from suite.measuring.executors import Gone, Job, Result
from suite.measuring.remote import driver
from suite.measuring.remote.driver import Driver
from suite.measuring.remote.request import Answer, Request
from suite.planning.grids import Plan
from suite.results.folder import Results
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import Stack
from tests.support import fake_study, hell
from tests.support.hell import DEEDS, LOSSES, TIMEOUT, Hell


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "POLL", 0.001)


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    return fake_study.plan(monkeypatch, widths=tuple(range(1, 13)))


@pytest.fixture
def results(plan: Plan, tmp_path: Path) -> Results:
    return opened(plan, tmp_path / "out")


@pytest.fixture
def untouched(plan: Plan, tmp_path: Path) -> list[bytes]:
    """The tables of an undisturbed run."""
    results = opened(plan, tmp_path / "untouched")
    shown: list[Result] = []
    executor = fake_study.threads()(job_of(plan, results), 2)
    runner.execute(plan, plan.stacks["fake"], results, executor, shown.append)
    return tables(plan, results)


def opened(plan: Plan, folder: Path) -> Results:
    results = Results(folder)
    results.open(environment.manifest(plan, ["suite"]))
    return results


def job_of(plan: Plan, results: Results) -> Job:
    return Job(results.folder, plan.selection.root, frameworks=("numpy",))


def tables(plan: Plan, results: Results) -> list[bytes]:
    results.collect(STUDIES["fake"], plan.stacks["fake"])
    return [path.read_bytes() for path in sorted((results.folder / "fake").iterdir())]


def execute(
    plan: Plan,
    results: Results,
    engine: Hell,
    patch: pytest.MonkeyPatch,
    measure: Callable[[Request], Answer] | None = None,
) -> list[Result]:
    """Run the pending stacks on an engine; return the results."""
    job = job_of(plan, results)
    stacks = {stack.key: stack for stack in plan.stacks["fake"]}
    patch.setattr(driver, "measure", measure or hell.measuring(job, stacks))
    shown: list[Result] = []
    executor = Driver(job, engine, start=0.0, now=engine.now)
    pending = runner.pending(plan, results)
    runner.execute(plan, pending, results, executor, shown.append, TIMEOUT * driver.POLL)
    assert engine.closed
    return shown


@pytest.mark.parametrize("order", range(5))
def test_whatever_happens_to_the_first_task_of_a_stack(
    plan: Plan,
    results: Results,
    untouched: list[bytes],
    order: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = random.Random(order)
    deeds = {stack.key: (drawn.choice(DEEDS),) for stack in plan.stacks["fake"]}
    shown = execute(plan, results, Hell(deeds, order=order), monkeypatch)
    final = [result for result in shown if result.status != "retrying"]
    assert Counter(result.stack.key for result in final) == Counter(deeds.keys())
    assert {result.status for result in final} == {"measured"}
    told = {r.stack.key: r.reason for r in shown if r.status == "retrying"}
    assert told == {key: LOSSES[deed] for key, (deed,) in deeds.items() if deed in LOSSES}
    assert tables(plan, results) == untouched


def test_a_stack_that_is_lost_twice_is_failed_and_the_same_command_measures_it(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, other = fake_study.stack(plan, width=2), fake_study.stack(plan, width=3)
    deeds = {victim.key: ("drop", "raise"), other.key: ("cancel", "cancel")}
    execute(plan, results, Hell(deeds), monkeypatch)
    tables(plan, results)
    frame = read_table(results.folder / "fake" / "runs.csv")
    failed = frame[frame["status"] == "failed"].groupby("width")["reason"].unique()
    assert dict(failed) == {
        2: [f"first {LOSSES['drop']}, then {LOSSES['raise']}"],
        3: [f"both times {LOSSES['cancel']}"],
    }
    execute(plan, results, Hell({}), monkeypatch)
    assert tables(plan, results) == untouched


def test_a_result_that_comes_after_its_task_was_given_up_counts_once(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = fake_study.stack(plan, width=2)

    class Late(Hell):
        """Lets the task that was given up end just before the one that took its place."""

        def _end(self, function: Callable[..., Any], request: Request, future: Any) -> None:
            if request["key"] == victim.key and self.dropped:
                late, asked, first = self.dropped.pop()
                first.set_result(late(asked))
            super()._end(function, request, future)

    shown = execute(plan, results, Late({victim.key: ("drop",)}), monkeypatch)
    assert [r.status for r in shown if r.stack == victim] == ["retrying", "measured"]
    assert tables(plan, results) == untouched


def test_few_stacks_are_with_the_engine_at_a_time(
    plan: Plan, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Hell({}, workers=2)
    execute(plan, results, engine, monkeypatch)
    assert engine.most == 2 * driver.DEPTH
    assert len(plan.stacks["fake"]) > engine.most


def test_tasks_that_never_end_leave_room_for_the_others(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More tasks are dropped than are with the engine at a time."""
    deeds = {stack.key: ("drop",) for stack in plan.stacks["fake"]}
    execute(plan, results, Hell(deeds, workers=1), monkeypatch)
    assert tables(plan, results) == untouched


def test_the_clock_stands_while_the_engine_has_no_worker(
    plan: Plan, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue may hold a cluster's workers back for much longer than a stack may take."""

    class Queued(Hell):
        looks = 0

        def workers(self) -> int:
            self.looks += 1
            return super().workers() if self.looks > 20 * TIMEOUT else 0

    shown = execute(plan, results, Queued({}), monkeypatch)
    assert {result.status for result in shown} == {"measured"}


class Contents:
    """Workers that keep the contents which they were sent: ``measure`` answers for one of them, and
    counts what it was sent."""

    def __init__(self, measure: Callable[[Request], Answer], workers: int) -> None:
        self._measure, self._workers = measure, workers
        self.turn = 0
        self.known: Counter[int] = Counter()
        self.asked = 0

    def __call__(self, request: Request) -> Answer:
        self.turn = (self.turn + 1) % self._workers
        if request["contents"] is not None:
            self.known[self.turn] += 1
        if not self.known[self.turn]:
            self.asked += 1
            return Answer(state="needs", key=request["key"], reason="", shard=b"", sha256="")
        return self._measure(request)


def test_a_worker_is_sent_what_the_stacks_share_and_not_with_each(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = {stack.key: stack for stack in plan.stacks["fake"]}
    workers = Contents(hell.measuring(job_of(plan, results), stacks), workers=4)
    execute(plan, results, Hell({}, workers=2), monkeypatch, workers)  # two more than are known
    assert workers.asked > 0
    assert sum(workers.known.values()) == 2 + workers.asked < len(stacks)
    assert tables(plan, results) == untouched


def resumes(
    plan: Plan, results: Results, untouched: list[bytes], patch: pytest.MonkeyPatch
) -> bool:
    """Return whether the same command measures the rest, and ends in the same bytes."""
    left = len(runner.pending(plan, results))
    shown = execute(plan, results, Hell({}), patch)
    return 0 < left == len(shown) and tables(plan, results) == untouched


def test_a_worker_that_differs_ends_the_run_in_one_line(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks = {stack.key: stack for stack in plan.stacks["fake"]}
    whole, victim = hell.measuring(job_of(plan, results), stacks), fake_study.stack(plan, width=6)

    def measure(request: Request) -> Answer:
        if request["key"] != victim.key:
            return whole(request)
        reason = "the worker on node7 has version of numpy '1.0' and the run '2.0'"
        return Answer(state="refused", key=victim.key, reason=reason, shard=b"", sha256="")

    with pytest.raises(
        UserError, match=r"node7 has version of numpy '1\.0' and the run '2\.0'; give"
    ):
        execute(plan, results, Hell({}), monkeypatch, measure)
    assert len(runner.pending(plan, results)) < len(stacks)
    assert resumes(plan, results, untouched, monkeypatch)


def test_a_worker_without_the_suite_is_one_line(
    plan: Plan, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(request: Request) -> Answer:
        raise AssertionError

    class Bare(Hell):
        def _end(self, function: Any, request: Request, future: Future[Any]) -> None:
            try:
                raise ModuleNotFoundError("No module named 'suite'", name="suite")
            except ModuleNotFoundError as error:
                wrapped = RuntimeError("Error during deserialization")
                wrapped.__cause__ = error
                future.set_exception(wrapped)

    with pytest.raises(UserError, match=r"cannot import the suite .*install it there"):
        execute(plan, results, Bare({}), monkeypatch, measure)


class Ending(Hell):
    """An engine that ends after some tasks, in one of three ways."""

    def __init__(self, how: str) -> None:
        super().__init__({})
        self.how, self.done = how, 0

    def trouble(self) -> str:
        return "the scheduler is gone" if self.done > 5 and self.how == "silent" else ""

    def _end(self, function: Any, request: Request, future: Future[Any]) -> None:
        self.done += 1
        if self.done <= 5:
            super()._end(function, request, future)
        elif self.how == "broken":
            future.set_exception(BrokenProcessPool("all workers are gone"))


@pytest.mark.parametrize(
    ("how", "words"), [("silent", "scheduler is gone"), ("broken", "are gone")]
)
def test_an_engine_that_ends_loses_nothing(
    plan: Plan,
    results: Results,
    untouched: list[bytes],
    how: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(Gone, match=words):
        execute(plan, results, Ending(how), monkeypatch)
    assert len(runner.pending(plan, results)) == len(plan.stacks["fake"]) - 5
    assert resumes(plan, results, untouched, monkeypatch)


def test_an_engine_that_takes_no_more_tasks_loses_nothing(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Hell({})
    submit = engine.given.submit

    def taken(*words: Any) -> Future[Any]:
        if taken.left == 0:  # type: ignore[attr-defined]
            raise RuntimeError("cannot schedule new futures after shutdown")
        taken.left -= 1  # type: ignore[attr-defined]
        return submit(*words)

    taken.left = 12  # type: ignore[attr-defined]
    monkeypatch.setattr(engine.given, "submit", taken)
    with pytest.raises(Gone, match="cannot schedule new futures"):
        execute(plan, results, engine, monkeypatch)
    assert resumes(plan, results, untouched, monkeypatch)


def test_a_full_disk_ends_the_run_and_loses_nothing(
    plan: Plan, results: Results, untouched: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Stack] = []
    write = Results.write_shard

    def full(self: Results, stack: Stack, content: bytes) -> None:
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        written.append(stack)
        write(self, stack, content)

    with monkeypatch.context() as patch:
        patch.setattr(Results, "write_shard", full)
        with pytest.raises(runner.NotStored, match="No space left on device"):
            execute(plan, results, Hell({}), monkeypatch)
    assert len(runner.pending(plan, results)) == len(plan.stacks["fake"]) - 5
    assert resumes(plan, results, untouched, monkeypatch)
