"""All contestants of a work take turns: round 1 of each, round 2 of each, and so on.

pytest-benchmark runs all rounds of a benchmark before the next one, and a machine that slows
down for a minute would then favour some of them. So a benchmark is one round of one contestant
here, and ``benchmarks.table`` takes medians over the rounds, and ratios within each round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import cast

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rivals.contestants import TRAINED, WIDE, Contestant, contestants
from benchmarks.rivals.pools import Pools

Turn = tuple[str, int, Contestant, bool]


class CurrentPools:
    """The pools of the current work: of one work at a time, because they fill the memory.

    ``chosen``: work and name of the contestants that have a turn; ``-k`` leaves others out, whose
    start would take minutes.
    """

    def __init__(self, processes: int, chosen: Collection[tuple[str, str]]) -> None:
        self.processes = processes
        self.chosen = chosen
        self.pools: Pools | None = None

    def of(self, work: str) -> Pools:
        """Return the pools of a work, made when it has its first turn; those before are closed."""
        if self.pools is None or self.pools.work != work:
            self.close()
            able = [
                entry
                for entry in contestants(work)
                if (work, entry.name) in self.chosen and entry.missing() is None
            ]
            self.pools = Pools(work, able, self.processes)
        return self.pools

    def close(self) -> None:
        """Kill the processes, if there are any."""
        if self.pools is not None:
            self.pools.close()
        self.pools = None


@pytest.fixture(scope="module")
def current(request: pytest.FixtureRequest) -> Iterator[CurrentPools]:
    turns = [
        cast(Turn, item.callspec.params["turn"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_turn.__name__
    ]
    chosen = {(work, contestant.name) for work, _, contestant, _ in turns}
    made = CurrentPools(request.config.getoption("--processes"), chosen)
    yield made
    made.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """List every turn: by work, by round, one process and then all cores, by contestant."""
    turns: list[Turn] = [
        (work, number, contestant, many)
        for work in (*TRAINED, *WIDE)
        for number in range(1, metafunc.config.getoption("--turns") + 1)
        for many in (False, True)
        for contestant in contestants(work)
        if contestant.many or not many
    ]
    names = [
        f"{work}-{number}-{contestant.name}-{'cores' if many else 'one'}"
        for work, number, contestant, many in turns
    ]
    metafunc.parametrize("turn", turns, ids=names)


def test_turn(benchmark: BenchmarkFixture, current: CurrentPools, turn: Turn) -> None:
    work, number, contestant, many = turn
    if reason := contestant.missing():
        pytest.skip(reason)
    pools = current.of(work)
    pool = pools.by_name[contestant.name]
    processes = len(pool.processes) if many else 1
    findings = benchmark.pedantic(lambda: pool.round(processes), rounds=1, iterations=1)
    ends = pools.final[contestant.name][:processes]
    quality = [{**end, **now} for end, now in zip(ends, findings, strict=True)]
    benchmark.extra_info.update(
        work=work,
        turn=number,
        contestant=contestant.name,
        setting=contestant.setting,
        against=list(contestant.against),
        many=many,
        processes=processes,
        networks=int(pool.facts["networks"]) * processes,
        epochs=int(pool.facts["epochs"]),
        first_s=pool.facts.get("first_s"),
        further_s=pool.facts.get("further_s"),
        accuracy=[entry["accuracy"] for entry in quality if "accuracy" in entry],
        loss=[entry["loss"] for entry in quality if "loss" in entry],
        compile_s=max(entry.get("compile_s", 0.0) for entry in findings),
        cpu_s=[entry["cpu_s"] for entry in findings],
    )
    # One thread: a process that keeps more than one core busy had an unfair round.
    assert benchmark.stats is not None
    assert max(entry["cpu_s"] for entry in findings) < 1.2 * benchmark.stats.stats.median
