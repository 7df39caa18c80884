"""The rivals of the benchmark do the engine's work: the same steps from the same weights.

The table of the benchmark contains what its file contains.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from benchmarks.rivals import work as works
from benchmarks.rivals.contestants import (
    BY_HAND,
    JAX,
    PARALLEL,
    TENSORFLOW,
    TORCH,
    TRAINED,
    WIDE,
    Contestant,
    contestants,
)
from benchmarks.table import table
from suite import frameworks
from suite.types import Array, Snapshot, TrainTask
from tests.support.framework_tasks import CLASSES, MEMBERS, TOLERANCE, make_task

EPOCHS = 2
LOSSES = ("binary", "categorical")
WAYS = [
    (home, way)
    for home, ways in (
        (TORCH, ("torch loop", "torch loop, foreach=True", "torch.compile")),
        (
            TENSORFLOW,
            (
                "Keras fit",
                "Keras fit, steps_per_execution",
                "GradientTape, eager",
                "GradientTape in tf.function",
            ),
        ),
    )
    for way in ways
]


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Seed TensorFlow: in this process the engine has set its flags, with which tf.data shuffles
    only with a seed. In the benchmark no rival shares a process with the engine."""
    from suite.frameworks.tensorflow.backend import tf

    kept = importlib.import_module("tensorflow.python.eager.context").global_seed()
    tf.random.set_seed(0)
    yield
    tf.random.set_seed(kept)


def made(loss: str) -> TrainTask:
    """Return a task of three members with batches of 32, 32 and 6."""
    return make_task(loss=loss, optimizer="rmsprop", record=(0, EPOCHS))


@functools.cache
def engine(framework: str, loss: str) -> Snapshot:
    """Return the end of the engine's training."""
    return list(frameworks.load(framework).train(made(loss)))[-1]


def check(layers: Sequence[Array], end: Snapshot, member: int) -> None:
    """Compare a member's weights, from which the held-out loss of all ways is computed."""
    expected = [values[member] for layer in end.weights for values in layer]
    for ours, theirs in zip(layers, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("home", "way"), WAYS, ids=[way for _, way in WAYS])
def test_a_rival_takes_the_steps_of_the_engine(home: str, way: str, loss: str) -> None:
    contestant = next(entry for entry in contestants("circles") if entry.name == way)
    if reason := contestant.missing():
        pytest.skip(reason)
    task, member = made(loss), 1
    network = importlib.import_module(home).WAYS[way](task, member)
    network.train(EPOCHS, lambda epoch: task.order(epoch)[member])
    framework = "torch" if home == TORCH else "tensorflow"
    check(network.layers(), engine(framework, loss), member)


@pytest.mark.parametrize(("home", "way"), WAYS[:1] + WAYS[3:4] + WAYS[5:6])
def test_a_rival_that_shuffles_by_itself_learns(home: str, way: str) -> None:
    task = made("binary")
    network = importlib.import_module(home).WAYS[way](task, 0)
    _, before = works.score(task, 0, network.layers())
    network.train(20)
    assert works.score(task, 0, network.layers())[1] < before - 0.02


@pytest.mark.parametrize(
    ("package", "home", "loss"),
    [("jax", JAX, "binary"), ("jax", JAX, "categorical"), ("numba", BY_HAND, "binary")],
)
def test_all_networks_at_once_take_the_steps_of_the_engine(
    package: str, home: str, loss: str
) -> None:
    pytest.importorskip(package)
    copies = 12  # more networks than the loop by hand trains at a time
    networks = importlib.import_module(home).Networks(made(loss), copies)
    networks.train(EPOCHS)
    for member in (*range(MEMBERS), copies * MEMBERS - 1):
        check(networks.layers(member), engine("torch", loss), member % MEMBERS)


def test_the_loop_by_hand_has_an_honest_tanh() -> None:
    pytest.importorskip("numba")
    tanh = importlib.import_module(BY_HAND).tanh
    x = np.concatenate([np.linspace(-20, 20, 20001), np.geomspace(1e-30, 1, 300)], dtype=np.float32)
    ours = [tanh(value) for value in x]
    assert {str(signature.return_type) for signature in tanh.nopython_signatures} == {"float32"}
    np.testing.assert_allclose(ours, np.tanh(x.astype(np.float64)), rtol=3e-7, atol=0)


def test_networks_side_by_side_take_the_steps_of_the_engine_with_shared_points() -> None:
    task = make_task(depth=1, optimizer="rmsprop", record=(0, EPOCHS))
    first = [0] * MEMBERS
    shared = dataclasses.replace(
        task,
        inputs=task.inputs[first],
        labels=task.labels[first],
        order=lambda epoch: task.order(epoch)[first],
    )
    networks = importlib.import_module(PARALLEL).Networks(task, copies=2)
    networks.train(EPOCHS, lambda epoch: task.order(epoch)[0])
    end = list(frameworks.load("torch").train(shared))[-1]
    for member in range(2 * MEMBERS):
        check(networks.layers(member), end, member % MEMBERS)


def test_networks_side_by_side_that_shuffle_by_themselves_learn() -> None:
    task = make_task(depth=1, optimizer="rmsprop", record=(0, EPOCHS))
    networks = importlib.import_module(PARALLEL).Networks(task)
    _, before = works.score(task, 2, networks.layers(2))
    networks.train(40)
    assert works.score(task, 2, networks.layers(2))[1] < before - 0.02


def test_a_flag_that_xla_does_not_know_leaves_a_way_out() -> None:
    pytest.importorskip("jax")
    way = Contestant("a way", "", (), (), ("jax",), flags=("--xla_no_such_flag=1",))
    assert way.missing() == f"XLA of {way.setting} does not know it"
    assert way.setting.endswith("--xla_cpu_multi_thread_eigen=false --xla_no_such_flag=1")
    assert dataclasses.replace(way, flags=("--xla_dump_to=",)).missing() is None


@pytest.mark.parametrize("loss", LOSSES)
def test_all_are_scored_as_the_engine_scores_itself(loss: str) -> None:
    task, end = made(loss), engine("torch", loss)
    for member in range(MEMBERS):
        layers = [values[member] for layer in end.weights for values in layer]
        right, mean = works.score(task, member, layers)
        logits = end.heldout_logits[member]
        side = logits.argmax(axis=1) if loss == "categorical" else logits > 0
        assert right == np.mean(side == task.heldout_labels[member])
        assert mean == pytest.approx(end.heldout_loss[member], rel=1e-5)


def test_the_work_is_the_one_cell_of_the_engines_stack() -> None:
    for name in TRAINED:
        task, whole = works.task(name), works.stack(name, "torch")
        assert len(task.labels) == 20
        assert len(whole.members) % 20 == 0
        assert task.record[-1] == works.WORK[name].epochs
    shallow = works.task("shallow").architecture
    assert (shallow.width, shallow.depth, shallow.outputs) == (5, 1, 1)
    assert works.task("digits").architecture.width == 64
    assert works.task("digits").architecture.outputs == 10
    assert dataclasses.replace(made("categorical")).architecture.outputs == CLASSES


def test_every_contestant_has_what_it_is_compared_with() -> None:
    for work in (*TRAINED, *WIDE):
        entries = {entry.name: entry for entry in contestants(work)}
        for entry in entries.values():
            assert all(name in entries for name in entry.against)
            assert all(entries[name].many for name in entry.against if entry.many)


def entry(work: str, turn: int, name: str, seconds: float, **facts: object) -> dict[str, object]:
    """Return one benchmark as pytest-benchmark stores it."""
    common = {
        "against": [],
        "many": False,
        "processes": 1,
        "networks": 1,
        "epochs": 1,
        "accuracy": [],
        "loss": [],
        "cpu_s": [seconds / 2],
        "compile_s": 0.0,
    }
    info = {**common, "work": work, "turn": turn, "contestant": name, **facts}
    return {"stats": {"median": seconds}, "extra_info": info}


def test_the_table_is_made_of_the_file_alone() -> None:
    suite = {
        "networks": 100,
        "epochs": 10,
        "accuracy": [0.99],
        "loss": [0.02],
        "compile_s": 0.25,
        "first_s": 3.0,
        "further_s": 0.25,
    }
    fit = {
        "epochs": 10,
        "against": ["suite, torch"],
        "first_s": 2.0,
        "further_s": 0.5,
        "accuracy": [0.9, 1.0],
        "loss": [0.1, 0.3],
    }
    last = "suite, torch, last epoch recorded alone"
    floor = "draws and products alone, torch"
    benchmarks = [
        # Round 2 is twice as slow for all, which does not change the ratio. The engine's seconds of
        # compiling are not part of its time.
        entry("circles", 1, "suite, torch", 1.25, **suite),
        entry("circles", 1, last, 1.05, **suite | {"against": ["suite, torch"]}),
        entry("circles", 1, "slow", 0.5, **fit),
        entry("circles", 1, "quick", 1.5, **fit | {"epochs": 100, "setting": "jax 1 --flag"}),
        entry("circles", 2, "suite, torch", 2.25, **suite),
        entry("circles", 2, last, 1.85, **suite | {"against": ["suite, torch"]}),
        entry("circles", 2, "slow", 1.0, **fit),
        entry("lecture", 1, "suite, torch", 2.0, networks=4),
        entry("lecture", 1, floor, 1.8, networks=4, against=["suite, torch"]),
    ]
    machine = {"cpu": {"brand_raw": "A processor"}, "cores": 2, "versions": {"torch": "2.13.0"}}
    text = table({"benchmarks": benchmarks, "machine_info": machine})
    assert text.startswith("A processor, 2 cores; torch 2.13.0. 2 alternating rounds")
    assert "had a core for 50 % of the time" in text
    assert "| suite, torch | 1 | 100 | 1.5 |  | 3.0 | 0.2 | 0.990 | 0.020 |" in text
    assert "| slow | 1 | 1 | 75 | 50 (50 to 50) | 2.0 | 0.5 | 0.950 | 0.200 |" in text
    assert "| quick (jax 1 --flag) | 1 | 1 | 15 | 15 | 2.0 |" in text
    assert "| suite, torch | 1.5 | 1.2 | 25 (25 to 25) |" in text
    assert "| 6 layers of 4,096: suite, torch | 4 | 500 | 450 | 90 |" in text
    assert text.count(last) == 0
    busy = table({"benchmarks": benchmarks, "machine_info": machine}, cpu=True)
    assert "| suite, torch | 1 | 100 | 0.625 |  | 3.0 | 0.2 | 0.990 | 0.020 |" in busy
