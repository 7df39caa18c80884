"""What a run shows while it measures: the time that is left, failures, and few lines."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import pandas as pd
import pytest

from suite import claims
from suite.commands.run.pipeline import of_headline
from suite.judging.explained import rows_behind
from suite.measuring import progress, runner
from suite.measuring.executors import Result
from suite.measuring.progress import Count, Progress, duration
from suite.planning import grids
from suite.planning.grids import Plan, Selection
from suite.studies import STUDIES
from suite.types import Stack


@pytest.fixture(scope="module")
def plan() -> Plan:
    studies = [STUDIES[name] for name in ("propagation", "training", "curves")]
    return grids.plan(studies, Selection("quick", ("torch", "tensorflow"), seeds=2))


@pytest.fixture(scope="module")
def stacks(plan: Plan) -> list[Stack]:
    return runner.in_order(plan, [stack for chosen in plan.stacks.values() for stack in chosen])


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(Count.__init__, "__defaults__", (made,))
    return made


def test_the_time_left_follows_the_expected_seconds(plan: Plan, stacks: list[Stack]) -> None:
    """On a machine that takes three times as long as the plan says."""
    clock = Clock()
    count = Count(plan, stacks, clock)
    total = 3.0 * count.total
    assert count.left is None
    clock.now += 60.0  # loading the frameworks, say
    for position, stack in enumerate(stacks):
        clock.now += 3.0 * plan.costs[stack.key].seconds
        count.add(Result(stack))
        truth = 1000.0 + 60.0 + total - clock.now
        if count.elapsed > 120.0 and not count.finished:
            assert count.left is not None
            assert truth / 2 < count.left < 2 * truth, position
    assert count.finished
    assert count.left is None
    assert "left" not in count.words()
    assert count.words().startswith(f"100%  {len(stacks)}/{len(stacks)} stacks")


def test_the_rate_is_that_of_networks(plan: Plan, stacks: list[Stack]) -> None:
    clock = Clock()
    count = Count(plan, stacks, clock)
    clock.now += 4.0
    count.add(Result(stacks[0], "ValueError: wrong"))
    assert f"{len(stacks[0].members) / 4:,.0f} networks/s" in count.words()
    assert stacks[0].study in count.words()
    assert count.words().endswith("! 1 failed")


def test_a_pipe_gets_few_lines(plan: Plan, stacks: list[Stack], clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(plan, stacks, stream) as shown:
        for _ in range(20000):
            clock.now += 1.0
            shown(Result(stacks[0]))
    lines = stream.getvalue().splitlines()
    assert 20 < len(lines) < 80
    assert "\r" not in stream.getvalue()


def test_failures_are_named_and_then_counted(plan: Plan, stacks: list[Stack], clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(plan, stacks, stream) as shown:
        for _ in range(500):
            shown(Result(stacks[0], "ValueError: wrong"))
    lines = stream.getvalue().splitlines()
    assert sum(line.startswith("failed: ") for line in lines) == progress._FAILURES
    assert sum(line.startswith("further failures") for line in lines) == 1


def test_a_notebook_has_one_line_that_is_written_again(
    plan: Plan, stacks: list[Stack], clock: Clock
) -> None:
    stream = io.StringIO()
    with Progress(plan, stacks, stream, rewritten=True) as shown:
        for stack in stacks:
            clock.now += 1.0
            shown(Result(stack))
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r") == len(stacks)
    assert f"{len(stacks)}/{len(stacks)} stacks" in stream.getvalue()


def test_a_terminal_without_a_cursor_gets_lines(
    plan: Plan, stacks: list[Stack], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with Progress(plan, stacks, stream) as shown:
        for stack in stacks:
            shown(Result(stack))
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()
    assert "100%" in stream.getvalue()


def test_times_are_told_in_words() -> None:
    assert [duration(s) for s in (-1, 45.4, 89, 90, 720, 3600, 7500)] == [
        "0 s",
        "45 s",
        "89 s",
        "2 min",
        "12 min",
        "1 h 0 min",
        "2 h 5 min",
    ]


def test_the_first_stacks_come_study_by_study_and_the_shortest_study_first(plan: Plan) -> None:
    every = [stack for chosen in plan.stacks.values() for stack in chosen]
    first = {
        stack.key
        for name in ("training", "propagation")
        for stack in plan.stacks[name]
        if stack.framework == "torch"
    }
    ordered = runner.in_order(plan, every, first)
    assert sorted(ordered, key=id) == sorted(every, key=id)
    early, late = ordered[: len(first)], ordered[len(first) :]
    assert {stack.key for stack in early} == first
    names = list(dict.fromkeys(stack.study for stack in early))
    changes = sum(a.study != b.study for a, b in itertools.pairwise(early))
    assert changes == len(names) - 1 == 1

    def costs(stacks: Sequence[Stack]) -> list[float]:
        return [plan.costs[stack.key].seconds for stack in stacks]

    by_study = [costs([stack for stack in early if stack.study == name]) for name in names]
    assert sum(by_study[0]) <= sum(by_study[1])
    for one in (*by_study, costs(late)):
        assert one == sorted(one, reverse=True)


def test_the_stacks_of_headline_claims_are_a_small_part_of_a_standard_run() -> None:
    standard = grids.plan(list(STUDIES), Selection("standard", ("torch", "tensorflow")))
    first = of_headline(standard)
    seconds = {True: 0.0, False: 0.0}
    for key, cost in standard.costs.items():
        seconds[key in first] += cost.seconds
    assert seconds[True] < 0.2 * seconds[False]
    studies = {stack.study for s in standard.stacks.values() for stack in s if stack.key in first}
    assert studies == {claim.study for claim in claims.shipped() if claim.headline}


def test_the_stacks_of_headline_claims_decide_them(plan: Plan) -> None:
    """A stack is one of them exactly where the rows behind a headline claim are of its cells."""
    first = of_headline(plan)
    telling = [claim for claim in claims.shipped() if claim.headline]
    for study, stacks in plan.stacks.items():
        for stack in stacks:
            frame = pd.DataFrame(
                {**dict(member.cell.values), "seed": member.seed, "status": "ok", "reason": ""}
                for member in stack.members
            )
            own = [claim for claim in telling if claim.study == study]
            rows = [rows_behind(claim, frame.assign(**{claim.metric: 0.0})) for claim in own]
            assert (stack.key in first) == any(map(len, rows))
