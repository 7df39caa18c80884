"""All contestants of a work take turns: round 1 of each, round 2 of each, and so on.

pytest-benchmark runs all rounds of a benchmark before the next one, and a machine that slows
down for a minute would then favour somebody. So a benchmark is one round of one contestant here,
and ``benchmarks.table`` takes medians over the rounds, and ratios within each round.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.rivals.contestants import TRAINED, WIDE, Contestant, contestants
from benchmarks.rivals.pools import Crew

Turn = tuple[str, int, Contestant, bool]


class Crews:
    """The crew of the work at hand: one at a time, since each fills the memory."""

    def __init__(self, processes: int) -> None:
        self.processes = processes
        self.crew: Crew | None = None

    def of(self, work: str) -> Crew:
        """Made when a work has its first turn; the one before it goes home."""
        if self.crew is None or self.crew.work != work:
            self.close()
            able = [entry for entry in contestants(work) if entry.missing() is None]
            self.crew = Crew(work, able, self.processes)
        return self.crew

    def close(self) -> None:
        """End the processes of the crew, if there is one."""
        if self.crew is not None:
            self.crew.close()
        self.crew = None


@pytest.fixture(scope="module")
def crews(request: pytest.FixtureRequest) -> Iterator[Crews]:
    made = Crews(request.config.getoption("--processes"))
    yield made
    made.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every turn in its order: by work, by round, by contestant; alone, then on all cores."""
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


def test_turn(benchmark: BenchmarkFixture, crews: Crews, turn: Turn) -> None:
    work, number, contestant, many = turn
    if reason := contestant.missing():
        pytest.skip(reason)
    crew = crews.of(work)
    team = crew.teams[contestant.name]
    processes = len(team.processes) if many else 1
    found = benchmark.pedantic(lambda: team.round(processes), rounds=1, iterations=1)
    quality = [{**end, **now} for end, now in zip(crew.final[contestant.name], found, strict=False)]
    benchmark.extra_info.update(
        work=work,
        turn=number,
        contestant=contestant.name,
        against=list(contestant.against),
        many=many,
        processes=processes,
        networks=int(team.facts["networks"]) * processes,
        epochs=int(team.facts["epochs"]),
        first_s=team.facts.get("first_s"),
        further_s=team.facts.get("further_s"),
        accuracy=[entry["accuracy"] for entry in quality if "accuracy" in entry],
        loss=[entry["loss"] for entry in quality if "loss" in entry],
        compile_s=max(entry.get("compile_s", 0.0) for entry in found),
        cpu_s=[entry["cpu_s"] for entry in found],
    )
    # One thread: a process that keeps more than one core busy had an unfair round.
    assert benchmark.stats is not None
    assert max(entry["cpu_s"] for entry in found) < 1.2 * benchmark.stats.stats.median
