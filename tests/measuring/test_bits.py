"""The same command gives the same bytes, whatever the jobs, the order and the interruptions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suite import frameworks
from suite.catalogue.frameworks import FRAMEWORKS
from suite.catalogue.registry import TOGETHER
from suite.commands.run import pipeline
from suite.measuring import environment, runner
from suite.measuring.executors import Result, local
from suite.measuring.measure_stack import measure
from suite.measuring.progress import Progress
from suite.planning import grids
from suite.planning.grids import Plan, Selection
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import PROFILES, Cost, Measurement, Stack, Study

BOTH = ("torch", "tensorflow")
RARE: dict[str, Callable[[Stack], bool]] = {
    "symmetry": lambda stack: dict(stack.shared)["dropout"] == 0.5,
    "internal_shift": lambda stack: dict(stack.shared)["normalization"] == "batch",
    "curves": lambda stack: True,
}
"""For each study the stacks that are measured here: dropout, batch norm, curves and layers."""


def small(seeds: int) -> Plan:
    """Return a plan of few runs in both frameworks: those most likely to depend on their order."""
    whole = grids.plan([STUDIES[name] for name in RARE], Selection("quick", BOTH, seeds=seeds))
    return replace(
        whole,
        stacks={name: tuple(filter(RARE[name], stacks)) for name, stacks in whole.stacks.items()},
    )


def tables(folder: Path) -> dict[str, bytes]:
    """Return the content of every table of a results folder except the timings."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.csv"))
        if path.name != "timings.csv"
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run on one worker."""
    folder = tmp_path_factory.mktemp("bits") / "plain"
    pipeline.run(small(2), ["suite"], folder, jobs=1, draw=False)
    return folder


def test_interrupted_and_resumed_on_two_workers_in_another_order_gives_the_same_bytes(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = small(2)
    negated = {key: Cost(-cost.seconds, cost.bytes) for key, cost in plan.costs.items()}
    plan = replace(plan, costs=negated)  # the shortest first
    shown: list[Result] = []

    def interrupt(self: Progress, result: Result) -> None:
        shown.append(result)
        if len(shown) == 2:
            raise KeyboardInterrupt

    def go() -> int:
        monkeypatch.setattr(
            runner, "default_timeout", lambda cost: 600.0
        )  # costs are negative here
        return pipeline.run(plan, ["suite"], tmp_path / "out", jobs=2, draw=False)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "__call__", interrupt)
        assert go() == 130
    assert 2 <= len(list((tmp_path / "out" / "shards").iterdir())) < 6
    go()
    assert [result.reason for result in shown] == ["", ""]
    resumed = tables(tmp_path / "out")
    assert resumed == tables(plain)
    names = {"runs.csv", "epochs.csv", "layers.csv", "points.csv"}
    names |= {"summary.csv", "claims.csv", "findings.csv"}
    assert {Path(name).name for name in resumed} == names


@pytest.mark.parametrize("study", RARE)
def test_each_seed_is_another_trajectory_and_seed_0_is_a_seed(plain: Path, study: str) -> None:
    frame = read_table(plain / study / "runs.csv")
    axes = list(STUDIES[study].axes)
    numbers = frame.drop(columns=[*axes, "seed", "status", "reason"]).fillna(-1.0)
    assert (frame["status"] == "ok").all()
    for cell, rows in numbers.groupby(frame[axes].astype(str).agg(" ".join, axis=1)):
        assert len(rows) == 2
        if study == "curves" and "linear" in str(cell).split():
            continue  # the identity keeps every norm, whatever is drawn
        assert not (rows.iloc[0] == rows.iloc[1]).all()
    roots = {tuple(row) for row in numbers.itertuples(index=False)}
    assert len(roots) > 1  # else the line above compares nothing


# --- what is measured follows from the stack alone ---------------------------------------------


def bits(measured: tuple[Measurement, list[int]]) -> list[Any]:
    measurement, kept = measured
    return [
        *measurement.status,
        *kept,
        *(
            (table.name, name, str(np.asarray(values).dtype), np.asarray(values).tobytes())
            for table in measurement.tables
            for name, values in {**table.coordinates, **table.columns}.items()
        ),
    ]


@pytest.mark.parametrize("framework", BOTH)
def test_more_seeds_change_no_earlier_bit(framework: str) -> None:
    study = STUDIES["internal_shift"]
    fewer, more = (
        [
            s
            for s in grids.stacks(study, Selection("quick", (framework,), seeds=seeds))
            if dict(s.shared)["normalization"] == "batch"
        ]
        for seeds in (20, 22)
    )
    assert (len(fewer), len(more)) == (1, 2)
    first, second = (bits(measure(stack, 0)) for stack in more)
    assert bits(measure(fewer[0], 0)) == first
    assert len(second) == len(first) - 2 * 18  # 18 members fewer: their states and positions


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_more_seeds_add_blocks_and_recompose_none(study: Study) -> None:
    for profile in PROFILES[:2]:
        selection = Selection(profile, BOTH)
        block = max((grid.block for grid in study.grids(profile)), default=20)
        keys = [
            {stack.key for stack in grids.stacks(study, replace(selection, seeds=blocks * block))}
            for blocks in (1, 2, 3)
        ]
        assert keys[0] < keys[1] < keys[2]


@pytest.mark.parametrize("given", ["activation=relu", "depth=4", "width=5"])
def test_a_selection_that_leaves_out_whole_programs_composes_no_stack_otherwise(given: str) -> None:
    study = STUDIES["training"]
    chosen = grids.parse_overrides([given], [study])
    for profile in PROFILES[:2]:
        whole, part = (
            {stack.key for stack in grids.stacks(study, Selection(profile, BOTH, sets))}
            for sets in ({}, chosen)
        )
        assert part
        assert part <= whole
    fewer = grids.parse_overrides(["initializer=normal(1)"], [study])
    part = {stack.key for stack in grids.stacks(study, Selection("quick", BOTH, fewer))}
    assert not part <= {stack.key for stack in grids.stacks(study, Selection("quick", BOTH))}


# --- the settings of workers -------------------------------------------------------------------


def test_a_worker_has_the_environment_and_flags_that_the_manifest_says() -> None:
    code = (
        "import json, os\n"
        "from suite import frameworks\n"
        "from suite.measuring.environment import WORKER\n"
        "for name in ('torch', 'tensorflow'):\n    frameworks.load(name)\n"
        "import torch\n"
        "from tensorflow.python.framework import config\n"
        "print(json.dumps([{name: os.environ[name] for name in WORKER},"
        " torch.are_deterministic_algorithms_enabled(),"
        " torch.utils.deterministic.fill_uninitialized_memory, torch.get_num_threads(),"
        " config.is_op_determinism_enabled()]))"
    )
    with local._worker_settings(TOGETHER):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    variables, *flags = json.loads(done.stdout)
    assert flags == [True, False, 1, True]
    recorded = environment.manifest(small(1), ["suite"]).determinism
    assert recorded == variables | {
        "torch.use_deterministic_algorithms": "True",
        "torch.utils.deterministic.fill_uninitialized_memory": "False",
        "torch.set_num_threads": "1",
        "tensorflow.config.experimental.enable_op_determinism": "called",
    }
    assert environment.determinism(("numpy",)) == environment.WORKER


def test_another_set_of_instructions_is_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small(1)
    names = environment._LIMITS
    for name in names:
        monkeypatch.delenv(name, raising=False)
    plain = environment.manifest(plan, ["suite"])
    assert plain.platform["limits"] == ""
    assert plain.platform["compiler"] == (frameworks.compiler() or "none")
    monkeypatch.setenv(names[0], "avx2")
    limited = environment.manifest(plan, ["suite"])
    assert limited.platform["limits"] == f"{names[0]}=avx2"
    assert environment.run_id(limited) != environment.run_id(plain)


def test_a_flag_that_is_no_longer_there_is_an_error() -> None:
    entry = replace(FRAMEWORKS["numpy"], flags={"numpy.no_such_setting": True})
    with pytest.raises(AttributeError, match="no_such_setting"):
        entry.settle()
