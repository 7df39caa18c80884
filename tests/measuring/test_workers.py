"""Workers that die or hang: their stack is tried again, then stored as failed with the reason;
every other stack has the same numbers as in an undisturbed run."""

from __future__ import annotations

import dataclasses
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from suite.catalogue.frameworks import FRAMEWORKS
from suite.commands import main as cli
from suite.commands.run import pipeline
from suite.measuring import environment, measure_stack, runner
from suite.measuring.executors import Job, Result, Start, local
from suite.measuring.executors.local import READY, Process
from suite.measuring.measure_stack import measure_and_store, resident_bytes
from suite.planning.grids import Plan
from suite.results.folder import Results
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import Cost, Stack
from tests.support import ROOT, fake_study


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    return fake_study.plan(monkeypatch)


def opened(plan: Plan, folder: Path) -> Results:
    results = Results(folder)
    results.open(environment.manifest(plan, ["suite"]))
    return results


def execute(
    plan: Plan, results: Results, start: Start, jobs: int = 2, timeout: float | None = None
) -> list[Result]:
    shown: list[Result] = []
    stacks = runner.pending(plan, results)
    executor = start(Job(results.folder, plan.selection.root), jobs)
    runner.execute(plan, stacks, results, executor, shown.append, timeout)
    return shown


def tables(plan: Plan, results: Results) -> list[bytes]:
    results.collect(STUDIES["fake"], plan.stacks["fake"])
    return [path.read_bytes() for path in sorted((results.folder / "fake").iterdir())]


@pytest.fixture
def untouched(plan: Plan, tmp_path: Path) -> list[bytes]:
    """The tables of an undisturbed run."""
    results = opened(plan, tmp_path / "untouched")
    execute(plan, results, fake_study.threads())
    return tables(plan, results)


def test_a_worker_that_dies_is_replaced_and_its_stack_tried_again(
    plan: Plan, tmp_path: Path, untouched: list[bytes]
) -> None:
    results, orders = opened(plan, tmp_path / "out"), tmp_path / "orders"
    victim = fake_study.stack(plan, width=2)
    fake_study.order(orders, victim, "die")
    shown = execute(plan, results, fake_study.processes(orders))
    lost = [result for result in shown if result.reason]
    how = "the worker was killed by SIGKILL (out of memory?)"
    assert lost == [Result(victim, how, "retrying")]
    assert shown[-1] == Result(victim)  # the last, while no other worker takes memory
    assert tables(plan, results) == untouched


def test_only_a_stack_whose_worker_dies_twice_is_failed_and_with_the_reason(
    plan: Plan, tmp_path: Path, untouched: list[bytes]
) -> None:
    results, orders = opened(plan, tmp_path / "out"), tmp_path / "orders"
    victim, other = fake_study.stack(plan, width=2), fake_study.stack(plan, width=3)
    fake_study.order(orders, victim, "die", "crash")
    fake_study.order(orders, other, "hang", "hang")
    execute(plan, results, fake_study.processes(orders), timeout=2.0)
    tables(plan, results)
    frame = read_table(results.folder / "fake" / "runs.csv")
    reasons = frame[frame["status"] == "failed"].groupby("width")["reason"].unique()
    assert dict(reasons) == {
        2: [
            "first the worker was killed by SIGKILL (out of memory?),"
            " then the worker was killed by SIGABRT"
        ],
        3: ["both times took longer than 2 s"],
    }
    failed = frame["status"] == "failed"
    assert failed.sum() == 2 * 2 * 20
    assert set(frame[failed]["scale"]) == {0.5, 1.0}  # unsupported runs cannot fail
    assert set(frame[~failed]["status"]) == {"ok", "unsupported"}
    assert {stack.key for stack in runner.pending(plan, results)} == {victim.key, other.key}
    execute(plan, results, fake_study.processes(orders))  # resuming tries them again
    assert tables(plan, results) == untouched


def test_a_run_with_a_lost_stack_ends_with_exit_code_3(
    plan: Plan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    victim = fake_study.stack(plan, width=1, first=20)

    def work(job: Job, stack: Stack) -> Result:
        if stack == victim:
            raise SystemExit
        return measure_and_store(job, stack)

    fake_study.use_threads(monkeypatch, work)
    assert pipeline.run(plan, ["suite", "run"], tmp_path / "out", jobs=2, draw=False) == 3
    error = capsys.readouterr().err
    assert f"the thread ended: {victim.label}; it will be tried again" in error
    assert f"failed: {victim.label}: both times the thread ended" in error
    assert "10 failed" in error


def test_the_second_try_is_alone(plan: Plan, tmp_path: Path) -> None:
    """When two workers die together, neither stack is tried again while another is measured."""
    results = opened(plan, tmp_path / "out")
    victims = {fake_study.stack(plan, width).key for width in (2, 3)}
    at_work: set[str] = set()
    alone: list[bool] = []

    def work(job: Job, stack: Stack) -> Result:
        at_work.add(stack.key)
        try:
            if stack.key in victims:
                victims.remove(stack.key)
                seen.append(stack.key)
                raise SystemExit
            if stack.key in seen:
                time.sleep(0.05)
                alone.append(at_work == {stack.key})
            return measure_and_store(job, stack)
        finally:
            at_work.remove(stack.key)

    seen: list[str] = []
    execute(plan, results, fake_study.threads(work), jobs=3)
    assert alone == [True, True]
    assert runner.pending(plan, results) == []


def frameworks_by_worker(names: str, workers: int) -> list[str]:
    """Run stacks of frameworks that have one letter each; return what each worker was given."""
    given: dict[tuple[str, int], str] = {}
    first = threading.Barrier(workers, timeout=60)

    def work(job: Job, stack: Stack) -> Result:
        # A thread that has ended may leave its number to the next.
        worker = (job.process, threading.get_ident())
        if worker not in given:
            given[worker] = ""
            first.wait()  # until then no worker is idle
        given[worker] += stack.framework
        return Result(stack)

    executor = fake_study.threads(work)(Job(Path("/no/such/folder"), 0), workers)
    for place, name in enumerate(names):
        executor.submit(Stack("fake", name, (("width", place),), ()), 60.0)
    assert len(list(executor.results())) == len(names)
    executor.close()
    return sorted(given.values())


def test_a_worker_prefers_the_frameworks_that_it_has_loaded() -> None:
    """Loading one takes seconds, which a short run would otherwise spend in every worker."""
    assert frameworks_by_worker("abbaacb", workers=1) == ["aaabbbc"]
    starts = [frameworks[0] for frameworks in frameworks_by_worker("aaaabb", workers=2)]
    assert starts == ["a", "b"]


def test_a_framework_of_another_kind_has_processes_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One worker at a time: its process ends before that of the other kind starts."""
    other = dataclasses.replace(FRAMEWORKS["numpy"], name="b", process="another")
    monkeypatch.setitem(FRAMEWORKS._entries, "b", other)
    assert frameworks_by_worker("abacb", workers=1) == ["aac", "bb"]


def test_no_worker_waits_for_stacks_of_its_framework() -> None:
    assert "".join(frameworks_by_worker("aaaa", workers=2)) == "aaaa"


def test_the_default_timeout_grows_with_the_cost() -> None:
    assert runner.default_timeout(Cost(0.0, 0.0)) == 600
    assert runner.default_timeout(Cost(30.0, 0.0)) > 10 * 131  # the slowest stack of a standard run


def test_the_timeout_of_the_command_line_reaches_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def run(*words: object) -> int:
        given.append(words[-3])
        return 0

    monkeypatch.setattr(pipeline, "run", run)
    command = ["run", "products", "--profile", "quick"]
    assert cli.main([*command, "--timeout", "90"]) == cli.main(command) == 0
    assert given == [90, None]


_PARENT = """
import signal, sys
from pathlib import Path
import pytest
from suite.measuring import environment, measure_stack, runner
from suite.measuring.executors import Job
from suite.results.folder import Results
from tests.support import fake_study

if __name__ == "__main__":
    # A process that inherits SIGINT as ignored, as under nohup, installs no handler by itself.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    plan = fake_study.plan(pytest.MonkeyPatch())
    results = Results(Path(sys.argv[1]))
    results.open(environment.manifest(plan, ["suite"]))
    executor = fake_study.processes(Path(sys.argv[2]))(Job(results.folder, 0), 2)
    runner.execute(plan, runner.pending(plan, results), results, executor, print)
"""


ENDINGS = [
    (signal.SIGKILL, "hang"),
    (signal.SIGINT, "hang"),
    pytest.param(
        signal.SIGKILL,
        "stick",
        marks=pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot do this"),
    ),
]


@pytest.mark.parametrize(("ending", "deed"), ENDINGS)
def test_workers_end_with_the_run(
    plan: Plan, tmp_path: Path, ending: signal.Signals, deed: str, untouched: list[bytes]
) -> None:
    """No worker is left and none prints, whether the run is killed or Ctrl-C reaches the whole
    group, while workers hang or are in C code that lets no Python run."""
    folder, orders, script = tmp_path / "out", tmp_path / "orders", tmp_path / "parent.py"
    script.write_text(_PARENT)
    for width in (2, 3):
        fake_study.order(orders, fake_study.stack(plan, width), deed)
    parent = subprocess.Popen(
        [sys.executable, script, folder, orders],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    notes = [orders / fake_study.stack(plan, width).key for width in (2, 3)]
    limit = time.monotonic() + 60
    while any(note.read_text() for note in notes) and time.monotonic() < limit:
        time.sleep(0.05)
    time.sleep(0.5)  # from the note to the deed
    assert len(workers(parent.pid)) >= 2
    if ending == signal.SIGKILL:
        parent.kill()
    else:
        os.killpg(parent.pid, ending)
    try:
        # Standard error ends only when no worker has it open.
        _, error = parent.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(parent.pid, signal.SIGKILL)  # no test leaves a process behind
        raise
    if ending == signal.SIGINT:
        assert error.rstrip().endswith("KeyboardInterrupt")
        assert error.count("Traceback") == 1  # the parent's; ``suite run`` prints a sentence
    results = opened(plan, folder)
    execute(plan, results, fake_study.threads())
    assert tables(plan, results) == untouched


@pytest.mark.parametrize(
    ("sizes", "workers"),
    [
        ((1.0, 1.2, 1.4, 1.4, 1.4, 1.4), 1),
        ((1.0, 1.4, 1.6, 0.9, 1.1, 1.2), 2),
        ((1.0, 1.6, 1.0, 1.6, 1.0, 1.2), 3),
        (
            (1.6, 1.7, 1.8, 2.0, 2.2, 2.3),
            1,
        ),  # from the start
        ((1.6, 1.7, 2.5, 1.6, 1.7, 1.8), 2),
    ],
)
def test_a_worker_that_has_grown_is_replaced(
    sizes: tuple[float, ...],
    workers: int,
    plan: Plan,
    tmp_path: Path,
    untouched: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``sizes``: of the worker after each stack, in 10^9 bytes."""
    assert len(sizes) == len(plan.stacks["fake"])
    steps = iter(sizes)
    monkeypatch.setattr(measure_stack, "resident_bytes", lambda: 1e9 * next(steps))
    started: list[fake_study.Thread] = []

    def start(job: Job) -> fake_study.Thread:
        started.append(fake_study.Thread(job, measure_and_store))
        return started[-1]

    results = opened(plan, tmp_path / "out")
    execute(plan, results, lambda job, count: local.Local(job, count, start), jobs=1)
    assert len(started) == workers
    assert tables(plan, results) == untouched


def test_a_process_says_how_large_it_is() -> None:
    before = resident_bytes()
    taken = np.ones(40_000_000)
    assert 0.9 * taken.nbytes < resident_bytes() - before < 2 * taken.nbytes


def test_a_worker_outlives_the_thread_that_started_it(plan: Plan, tmp_path: Path) -> None:
    """Linux would kill a worker with that thread, had the worker asked to be killed with it."""
    results, orders = opened(plan, tmp_path / "out"), tmp_path / "orders"
    orders.mkdir()
    started: list[Process] = []

    def start() -> None:
        worker = Process(Job(results.folder, 0), functools.partial(fake_study.obey, orders))
        started.append(worker)
        assert worker.connection.poll(60)
        assert worker.connection.recv() == READY

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    time.sleep(0.5)
    (worker,) = started
    worker.connection.send(plan.stacks["fake"][0])
    assert worker.connection.poll(60)
    assert worker.connection.recv() == Result(plan.stacks["fake"][0])
    worker.end()


def test_a_worker_whose_parent_was_dead_before_it_looked_ends() -> None:
    code = "from suite.measuring.executors.local import follow; follow(1, True); print('alive')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


def workers(parent: int) -> list[int]:
    """Return the processes whose parent is the given one."""
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                children.append(int(path.parent.name))
        except (OSError, ValueError):
            continue
    return children
