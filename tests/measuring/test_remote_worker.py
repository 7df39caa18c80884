"""A worker of an engine keeps one process that measures: what ends or hangs costs that process, and
what differs from the run is refused. The processes are real ones, with the NumPy oracle.
"""

from __future__ import annotations

import multiprocessing
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from suite import plugins
from suite.measuring import environment, runner
from suite.measuring.executors import Job, Result
from suite.measuring.executors.local import Local
from suite.measuring.remote import worker
from suite.measuring.remote.child import difference
from suite.measuring.remote.driver import Driver, Engine
from suite.measuring.remote.request import Answer, Contents, Request, contents_of, token_of
from suite.planning import grids
from suite.planning.grids import Plan
from suite.results.folder import Results
from suite.studies import STUDIES
from suite.types import Stack
from tests.support import plugins as written

DEEDS = """
import os, signal, time
import numpy as np
from suite.catalogue.activations import Activation


def value(x):
    {deed}
    return x


DEED = Activation(name="deed", source="none", value=value, slope=lambda x: np.ones_like(x))
"""


def planned(*texts: str) -> Plan:
    study = STUDIES["propagation"]
    chosen = grids.parse_overrides(
        ["depth=2", "width=4", "initializer=he_normal,orthogonal", *texts], [study]
    )
    return grids.plan([study], grids.Selection("quick", ("numpy",), chosen, seeds=2))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned("activation=tanh")


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    yield
    for child in [*worker._IDLE, *worker._BUSY.values()]:
        worker.abandon(child.token)


def job(sources: tuple[plugins.Source, ...] = ()) -> Job:
    return Job(Path("/no/such/folder"), 0, sources, frameworks=("numpy",))


def request(stack: Stack, given: Contents, token: str, **more: Any) -> Request:
    asked = Request(
        token=token,
        contents=given,
        key=stack.key,
        process="together",
        stack=pickle.dumps(stack),
        timeout=600.0,
        fresh=False,
    )
    asked.update(more)  # type: ignore[typeddict-item]
    return asked


def stored(plan: Plan, folder: Path) -> Results:
    results = Results(folder)
    results.open(environment.manifest(plan, ["suite"]))
    return results


def tables(plan: Plan, results: Results) -> dict[str, bytes]:
    results.collect(STUDIES["propagation"], plan.stacks["propagation"])
    return {p.name: p.read_bytes() for p in (results.folder / "propagation").iterdir()}


class Fickle(ThreadPoolExecutor):
    """Threads as workers of an engine that loses every second task once, and repeats the others."""

    lost: list[str]

    def submit(self, function: Any, /, *words: Any, **more: Any) -> Future[Any]:
        key = words[0]["key"]
        if len(self.lost) % 2 == 0 and key not in self.lost:
            self.lost.append(key)
            future: Future[Any] = Future()
            future.set_exception(RuntimeError("the node is gone"))
            return future
        self.lost.append(key)
        super().submit(function, *words)
        return super().submit(function, *words)


def test_a_run_through_an_engine_has_the_bytes_of_a_local_one(plan: Plan, tmp_path: Path) -> None:
    local, remote = stored(plan, tmp_path / "local"), stored(plan, tmp_path / "remote")
    pool = Fickle(2)
    pool.lost = []
    for results, executor in (
        (local, Local(Job(local.folder, 0), 1)),
        (remote, Driver(job(), Engine(pool, 2))),
    ):
        shown: list[Result] = []
        runner.execute(plan, plan.stacks["propagation"], results, executor, shown.append)
    assert "retrying" in {result.status for result in shown}
    assert len(tables(plan, local)) == 3
    assert tables(plan, remote) == tables(plan, local)
    for stack in plan.stacks["propagation"]:
        here, there = local.timings(stack), remote.timings(stack)
        assert here["processor"] == there["processor"] == environment.processor()
        assert {"seconds", "start", "statistics"} <= {*there}


def test_a_worker_asks_for_what_it_does_not_have_and_then_keeps_it(plan: Plan) -> None:
    contents = contents_of(job())
    token = token_of(contents)
    first, second = plan.stacks["propagation"]
    assert worker.measure(request(first, contents, token, contents=None))["state"] == "needs"
    answers = [
        worker.measure(request(first, contents, token)),
        worker.measure(request(second, contents, token, contents=None)),
    ]
    assert [answer["state"] for answer in answers] == ["measured", "measured"]
    assert [answer["key"] for answer in answers] == [first.key, second.key]


def measured(answers: list[Answer], asked: Request) -> None:
    answers.append(worker.measure(asked))


@pytest.mark.parametrize(
    ("deed", "how"),
    [
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "the worker was killed by SIGKILL (out of memory?)",
        ),
        ("time.sleep(600)", "took longer than 20 s"),
    ],
)
def test_a_plugin_that_ends_or_hangs_its_process_costs_that_process_alone(
    deed: str, how: str, tmp_path: Path, plan: Plan
) -> None:
    source = plugins.find(str(written.write(tmp_path, DEEDS.format(deed=deed), "bad")))
    with plugins.loaded((source,)):
        victim = planned("activation=bad:deed").stacks["propagation"][0]
    contents = contents_of(job((source,)))
    token = token_of(contents)
    other = plan.stacks["propagation"][0]
    answer = worker.measure(request(victim, contents, token, timeout=20.0))
    assert (answer["state"], answer["reason"]) == ("lost", how)
    assert worker.measure(request(other, contents, token))["state"] == "measured"


def test_a_worker_that_differs_is_refused_with_the_difference(plan: Plan) -> None:
    stack = plan.stacks["propagation"][0]
    contents = contents_of(job())
    contents["setting"] = {**contents["setting"], "version of numpy": "0.9"}
    answer = worker.measure(request(stack, contents, token_of(contents)))
    own = environment.versions(())["numpy"]
    assert answer["state"] == "refused"
    assert answer["reason"].startswith("the worker on ")
    assert answer["reason"].endswith(f" has version of numpy '{own}' and the run '0.9'")


def test_a_worker_with_other_code_reads_nothing_that_only_that_code_can_read(plan: Plan) -> None:
    stack = plan.stacks["propagation"][0]
    contents = contents_of(job())
    contents["setting"] = {**contents["setting"], environment.CODE: "0123456789abcdef"}
    contents["job"] = b"of another form"
    answer = worker.measure(request(stack, contents, token_of(contents)))
    assert answer["state"] == "refused"
    assert f"has {environment.CODE} '{environment.tree_hash()}'" in answer["reason"]


def test_everything_that_bits_depend_on_is_compared() -> None:
    wanted = environment.setting(("numpy", "torch"))
    assert difference(dict(wanted), wanted) == ""
    for item in wanted:
        assert difference(wanted | {item: "another"}, wanted).startswith(f"has {item} 'another'")
    kinds = {item.partition(" ")[0].partition(".")[0] for item in wanted}
    assert kinds == {"code", "version", "flag", "platform"}
    assert not any("cpu" in item for item in wanted)


def test_abandoned_children_end_at_once(plan: Plan, tmp_path: Path) -> None:
    """A cluster that lives on does not go on with a run that has ended."""
    source = plugins.find(str(written.write(tmp_path, DEEDS.format(deed="time.sleep(600)"), "bad")))
    with plugins.loaded((source,)):
        victim = planned("activation=bad:deed").stacks["propagation"][0]
    contents = contents_of(job((source,)))
    token, answers = token_of(contents), list[Answer]()
    thread = threading.Thread(
        target=measured, args=(answers, request(victim, contents, token, timeout=500.0))
    )
    thread.start()
    limit = time.monotonic() + 300
    while not worker._BUSY and time.monotonic() < limit:
        time.sleep(0.05)
    worker.abandon("another run")
    assert thread.is_alive()
    worker.abandon(token)
    thread.join(60)
    assert not thread.is_alive()
    assert answers[0]["reason"] == "the worker was killed by SIGKILL (out of memory?)"


def test_a_child_that_starts_while_its_run_ends_is_not_kept(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    class Child:
        def __init__(self, token: str, contents: Contents, process: str) -> None:
            self.token = token
            worker.abandon(token)

        def end(self) -> None:
            ended.append(self.token)

    monkeypatch.setattr(worker, "_Child", Child)
    contents = contents_of(job())
    token = token_of(contents)
    answer = worker.measure(request(plan.stacks["propagation"][0], contents, token))
    assert (answer["state"], answer["reason"]) == ("lost", "the run has ended")
    assert ended == [token]
    assert not worker._IDLE
    assert not worker._BUSY


def _as_daemon(asked: Request, connection: Any) -> None:
    connection.send(worker.measure(asked))


def test_a_daemonic_process_may_have_the_child(plan: Plan) -> None:
    """The workers of Dask are such, and may have none by multiprocessing."""
    ours, theirs = multiprocessing.Pipe()
    contents = contents_of(job())
    asked = request(plan.stacks["propagation"][0], contents, token_of(contents))
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_as_daemon, args=(asked, theirs), daemon=True)
    process.start()
    theirs.close()
    assert ours.recv()["state"] == "measured"
    process.join()
