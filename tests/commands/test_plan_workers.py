"""``suite plan --workers N``: the share of a worker, the longest stack or the handing out, the
largest of the three."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from suite.commands import main as cli
from suite.commands.plan import HANDING_OUT, on_cluster
from suite.planning.grids import Plan
from suite.types import Cost
from tests.cluster.bottleneck import drawn, simulated
from tests.support import fake_study


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Six stacks, of which one takes 40 s and the others 12 s each."""
    plan = fake_study.plan(monkeypatch)
    first, *others = plan.costs
    costs = {first: Cost(40.0, 1.0), **{key: Cost(12.0, 1.0) for key in others}}
    return replace(plan, costs=costs)


@pytest.mark.parametrize(("workers", "seconds"), [(1, 100.0), (2, 50.0), (3, 40.0), (1000, 40.0)])
def test_the_longest_stack_is_the_floor(plan: Plan, workers: int, seconds: float) -> None:
    there = on_cluster(plan, workers)
    assert there.seconds == seconds
    assert there.useful == 3


def test_handing_out_is_the_floor_of_many_short_stacks(plan: Plan) -> None:
    costs = {str(place): Cost(HANDING_OUT * 10, 1.0) for place in range(1000)}
    there = on_cluster(replace(plan, costs=costs), 100)
    assert there.seconds == there.handing_out == pytest.approx(1000 * HANDING_OUT)
    assert there.useful == 10


@pytest.mark.parametrize("workers", [3, 30, 300, 3000])
@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0])
def test_a_simulated_cluster_takes_as_long(plan: Plan, mean: float, workers: int) -> None:
    times = drawn(2000, mean)
    costs = {str(place): Cost(seconds, 1.0) for place, seconds in enumerate(times)}
    foreseen = on_cluster(replace(plan, costs=costs), workers).seconds
    run = simulated(times, workers, scheduler=HANDING_OUT / 2, writer=HANDING_OUT)
    assert foreseen <= run.seconds <= 1.2 * foreseen


def test_the_command_says_it_in_words_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plan", "products", "--profile", "quick", "--frameworks", "numpy", "--workers", "7"]
    assert cli.main(words) == 0
    assert "on 7 workers of a cluster: about" in capsys.readouterr().out
    assert cli.main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cluster"]["workers"] == 7
