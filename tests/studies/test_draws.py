"""Every random draw of every study: it carries the root seed, the whole seed and its purpose, and
what a member is given is its own.

The stacks are those of the twins (``twins/``), so that a new study is tested by having one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from suite import frameworks, seeds
from suite.catalogue import datasets, initializers
from suite.studies import STUDIES
from suite.types import Array, Member, Stack, TrainTask
from tests.studies.test_columns import single_threaded, twin
from tests.studies.twins.run import Run, measure, stack_of

ROOT = 20_012
LARGE = (3, 1_000_003)
"""Two seeds that are the same modulo every power of ten up to a million."""


@dataclass(frozen=True)
class Draw:
    """A draw of a purpose, and the root and the axes that it was given."""

    root: int
    purpose: str
    axes: tuple[tuple[str, int | str], ...]


@contextmanager
def spied() -> Iterator[tuple[list[Draw], set[int]]]:
    """Keep every draw and every number that ``suite.seeds`` gives, and refuse other randomness."""
    digest, integer = seeds._digest, seeds.integer
    draws: list[Draw] = []
    numbers: set[int] = set()

    def spy(root: int, purpose: str, axes: dict[str, int | str]) -> bytes:
        draws.append(Draw(root, purpose, tuple(sorted(axes.items()))))
        return digest(root, purpose, axes)

    def number(root: int, purpose: str, **axes: int | str) -> int:
        numbers.add(integer(root, purpose, **axes))
        return integer(root, purpose, **axes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "_digest", spy)
        patch.setattr(seeds, "integer", number)
        yield draws, numbers


def stacks(study: str) -> list[Stack]:
    """Return a stack of each grid of a study's twin, with the seeds of ``LARGE``."""
    framework = getattr(twin(study), "FRAMEWORK", "numpy")
    return [stack_of(STUDIES[study], axes, LARGE, framework) for axes in twin(study).GRIDS]


def measured(study: str, stack: Stack, root: int) -> Run:
    parts = {
        name.lower(): getattr(twin(study), name)
        for name in ("SCRIPT", "PROBES", "ORACLE_PROBES")
        if hasattr(twin(study), name)
    }
    with single_threaded():
        return measure(STUDIES[study], stack, root, **parts)


@functools.cache
def drawn(study: str) -> list[tuple[Run, list[Draw], set[int]]]:
    """Measure the stacks of a study and keep their draws."""
    result = []
    for stack in stacks(study):
        with spied() as (draws, numbers):
            result.append((measured(study, stack, ROOT), draws, numbers))
    return result


@pytest.mark.parametrize("study", STUDIES.names)
def test_a_draw_has_the_root_and_the_whole_seed(study: str) -> None:
    random = 0
    for run, draws, _ in drawn(study):
        assert {draw.root for draw in draws} <= {ROOT}
        by_purpose: dict[str, set[int | str]] = {}
        for draw in draws:
            axes = dict(draw.axes)
            assert set(axes) == set(seeds.PURPOSES[draw.purpose])
            by_purpose.setdefault(draw.purpose, set()).add(axes["seed"])
            assert axes.get("framework", run.stack.framework) == run.stack.framework
        # Each purpose draws for each seed; a stack that draws nothing has a fixed experiment. The
        # seeds on which a study chooses something come besides, and a run never has them.
        choosing = set(getattr(twin(study), "CHOOSING", ()))
        assert all(found - choosing == set(LARGE) for found in by_purpose.values()), by_purpose
        random += len(by_purpose)
    assert bool(random) == getattr(twin(study), "DRAWS", True)


@pytest.mark.parametrize("study", STUDIES.names)
def test_a_framework_gets_no_other_seed_than_those_of_the_suite(study: str) -> None:
    for run, _, numbers in drawn(study):
        for call in run.framework.calls:
            given = [
                value
                for value in call.given
                if isinstance(value, int) and not isinstance(value, bool) and value > 2**20
            ]
            assert set(given) <= numbers, (study, call.name)
        if run.given("train") and isinstance(run.given("train")[0][0], TrainTask):
            assert set(run.task.noise) <= numbers


def arrays(value: Any) -> Iterator[Array]:
    """Yield every array in what a framework was given, in order."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from arrays(getattr(value, part.name))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from arrays(part)


# The script of drift parts the members by their place.
@pytest.mark.parametrize("study", [name for name in STUDIES.names if name != "drift"])
def test_a_seed_is_measured_alike_alone_and_beside_another(study: str) -> None:
    """No member has anything of its neighbours: data, labels, order, start or noise."""
    for stack, (together, _, _) in zip(stacks(study), drawn(study), strict=True):
        for seed in LARGE:
            part = replace(stack, members=tuple(m for m in stack.members if m.seed == seed))
            rows = [k for k, member in enumerate(stack.members) if member.seed == seed]
            alone = measured(study, part, ROOT)
            tasks = [
                (a[0], b[0])
                for a, b in zip(together.given("train"), alone.given("train"), strict=True)
                if isinstance(a[0], TrainTask) and not chooses(study, a[0])
            ]
            for whole, single in tasks:
                same_task(whole, rows, single)
            if not tasks:
                same_given(together, alone, rows)


def chooses(study: str, task: TrainTask) -> bool:
    """Return whether a task trains networks that only choose something for the others."""
    seeds = getattr(twin(study), "CHOOSING", ())
    first = [datasets.circles(ROOT, seed, "train")[0] for seed in seeds[:1]]
    return any(np.array_equal(task.inputs[0], inputs) for inputs in first)


def same_given(together: Run, alone: Run, rows: list[int]) -> None:
    """Assert that everything that a framework was given for one seed alone, it was given too for
    some rows of the stack, in the same order."""
    joint = [array for call in together.framework.calls for array in arrays(call.given)]
    start = 0
    for call in alone.framework.calls:
        for array in arrays(call.given):
            found = next(
                (n for n in range(start, len(joint)) if contains(joint[n], array, rows)), None
            )
            assert found is not None, (together.study.name, call.name, array.shape)


def contains(whole: Array, part: Array, rows: list[int]) -> bool:
    """Return whether an array is another one, or the rows of one of a whole stack."""
    if whole.shape == part.shape and np.array_equal(whole, part, equal_nan=True):
        return True
    return any(
        whole.ndim == part.ndim
        and whole.shape[axis] > max(rows)
        and np.array_equal(np.take(whole, rows, axis), part, equal_nan=True)
        for axis in range(min(2, whole.ndim))
    )


def same_task(whole: TrainTask, rows: list[int], single: TrainTask) -> None:
    """Assert that some members of a task are those of another one."""
    for name in ("inputs", "labels", "heldout_inputs", "heldout_labels"):
        np.testing.assert_array_equal(getattr(whole, name)[rows], getattr(single, name), name)
    for epoch in (1, 2, whole.record[-1]):
        np.testing.assert_array_equal(whole.order(epoch)[rows], single.order(epoch))
    for (kernel, bias), (one_kernel, one_bias) in zip(whole.weights, single.weights, strict=True):
        np.testing.assert_array_equal(kernel[rows], one_kernel)
        np.testing.assert_array_equal(bias[rows], one_bias)
    assert [list(whole.noise)[k] for k in rows if whole.noise] == list(single.noise)


OTHER_STARTS = ("shared_initializer", "as_tanh")
"""Cases of the study ``tutorial`` whose starts have rules, and tests, of their own."""
TRAINED = (
    "training",
    "practice",
    "remedies",
    "rescue",
    "digits",
    "parity",
    "drift",
    "tutorial",
    "symmetry",
)


@pytest.mark.parametrize("study", TRAINED)
def test_members_train_on_the_draws_of_their_seed(study: str) -> None:
    """Each member has the points, the held-out points and the order of its seed; members that
    share a program differ in their start by the initializer, and in their noise by the cell."""
    for run, _, _ in drawn(study):
        if not isinstance(run.given("train")[0][0], TrainTask):
            continue  # the convolutional network, which the next test has
        # The last one: where a study chooses something first, it trains for that before.
        task, members = run.given("train")[-1][0], list(run.members)
        if study == "drift":  # one member for each seed, and each again, nudged
            members = 2 * [next(m for m in members if m.seed == seed) for seed in LARGE]
        assert len(members) == len(task.labels)
        for k, member in enumerate(members):
            for split, inputs, labels in (
                ("train", task.inputs[k], task.labels[k]),
                ("heldout", task.heldout_inputs[k], task.heldout_labels[k]),
            ):
                expected = sample(study, member.seed, member.cell, split)
                np.testing.assert_array_equal(inputs, expected[0][: len(inputs)])
                np.testing.assert_array_equal(labels, expected[1][: len(labels)])
            order = seeds.generator(ROOT, "batches", seed=member.seed, epoch=2)
            permutation = order.permutation(points(study, task))
            if study != "parity":  # all points are one batch, always in the same order
                np.testing.assert_array_equal(
                    task.order(2)[k], permutation[permutation < task.labels.shape[1]]
                )
            if task.noise:
                noise = seeds.integer(ROOT, "noise", seed=member.seed, cell=member.cell.identity)
                assert task.noise[k] == noise
        for layer, (kernel, _) in enumerate(task.weights, start=1):
            for k, member in enumerate(members):
                start = start_of(member, layer, task.architecture.shapes[layer - 1])
                if start is not None and not (study == "drift" and k >= len(LARGE)):
                    np.testing.assert_array_equal(kernel[k], start)


def start_of(member: Member, layer: int, shape: tuple[int, int]) -> Array | None:
    """Return the kernel that a member has at first, from the draw of its seed; None where the start
    is of another kind."""
    cell, axes = member.cell, {axis for axis, _ in member.cell.values}
    if "initializer" not in axes or ("case" in axes and cell["case"] in OTHER_STARTS):
        return None
    name = cell.text("initializer")
    named: dict[str, int | str] = {
        "seed": member.seed,
        "layer": layer,
        "fan_in": shape[0],
        "fan_out": shape[1],
        "initializer": name,
    }
    if "weights" in axes and cell["weights"] == "shared":
        kernel = initializers.resolve(name).draw(seeds.generator(ROOT, "weights", **named), *shape)
    else:
        number = seeds.integer(ROOT, "native", **named, framework="numpy")
        kernel, _ = frameworks.load("numpy").draw(name, *shape, number)
    kernel = kernel.astype(np.float32)
    return kernel * np.float32(cell["scale"]) if "scale" in axes else kernel


def points(study: str, task: TrainTask) -> int:
    """Return how many points the order of a member has, before a study takes some of them."""
    return 1000 if study in ("drift", "parity") else task.labels.shape[1]


def sample(study: str, seed: int, cell: Any, split: str) -> tuple[Array, Array]:
    """Return the points and labels of a seed, drawn as ``suite.seeds`` says."""
    if study == "tutorial":  # the published points, whatever the seed
        inputs, labels = datasets.two_circles(42)
        return (inputs, labels) if split == "train" else (inputs[:1], labels[:1])
    if study == "symmetry":
        line = str(cell["case"]).startswith("line")
        rng = seeds.generator(ROOT, split, seed=seed, dataset="line" if line else "slab")
        count = 256 if split == "train" else 1000
        x = np.zeros((count, 4))
        if line:
            x[:, 0] = rng.uniform(-2, 2, count)
            x = x.astype(np.float32)
            return x, (np.sin(2 * np.pi * x[:, 0] * 3 / 4) > 0).astype(np.float32)
        x = rng.normal(size=(count, 4)).astype(np.float32)
        along = (x[:, 0] + x[:, 1]) / np.sqrt(2)
        return x, ((along > -0.3) & (along < 1.0)).astype(np.float32)
    dataset = "digits" if study == "digits" else "circles"
    if any(axis == "dataset" for axis, _ in cell.values):
        dataset = str(cell["dataset"])
    if dataset == "circles":
        return datasets.two_circles(seeds.integer(ROOT, split, seed=seed, dataset="circles"))
    return datasets.DATASETS[dataset].sample(ROOT, seed, split)


def test_convolutional_networks_train_on_the_draws_of_their_seed() -> None:
    (run,) = [
        run for run, _, _ in drawn("digits") if run.members[0].cell["layer_kind"] == "convolution"
    ]
    _, _, weights, inputs, labels, heldout, order, batch = run.given("train")[0]
    assert batch == 32
    for k, member in enumerate(run.members):
        (x, y), (other, _) = (
            datasets.digits(ROOT, member.seed, split) for split in ("train", "heldout")
        )
        np.testing.assert_array_equal(inputs[k], x.reshape(-1, 8, 8))
        np.testing.assert_array_equal(labels[k], y)
        np.testing.assert_array_equal(heldout[k], other.reshape(-1, 8, 8))
        for epoch in range(3):
            expected = seeds.generator(ROOT, "batches", seed=member.seed, epoch=epoch + 1)
            np.testing.assert_array_equal(order[epoch][k], expected.permutation(len(y)))
    starts = [(m.cell["initializer"], m.seed) for m in run.members]
    assert len({kernel.tobytes() for kernel in weights[0][0]}) == len(set(starts))


def test_inputs_and_cotangents_are_draws_of_their_own() -> None:
    """Of each seed of ``propagation``, one call for all activations."""
    (run, _, _) = drawn("propagation")[0]
    width = run.members[0].cell.count("width")
    for seed, given in zip(LARGE, run.given("propagate"), strict=True):
        for purpose, array in (("inputs", given[2]), ("cotangent", given[3])):
            rng = seeds.generator(ROOT, purpose, seed=seed, width=width)
            np.testing.assert_array_equal(array, rng.standard_normal((16, width)).astype("f4"))


def test_the_gradients_of_internal_shift_are_those_of_the_training_points() -> None:
    (run, _, _) = drawn("internal_shift")[0]
    for member, given in zip(run.members, run.given("shift"), strict=True):
        inputs, labels = datasets.circles(ROOT, member.seed, "train")
        np.testing.assert_array_equal(given[3], inputs[:256])
        np.testing.assert_array_equal(given[4], labels[:256])


WEIGHTED = [
    study.name
    for study in STUDIES
    if ("weights" in study.axes and "optimizer" in study.axes) or study.name == "propagation"
]


@pytest.mark.parametrize("study", WEIGHTED)
def test_shared_weights_are_the_same_in_two_frameworks_and_native_ones_are_not(study: str) -> None:
    for weights in ("shared", "native"):
        axes = {**twin(study).GRIDS[0], "weights": weights}
        first, second = (
            measured(study, stack_of(STUDIES[study], axes, LARGE, framework), ROOT)
            for framework in ("torch", "tensorflow")
        )
        name = first.framework.calls[-1].name
        same = [
            np.array_equal(a, b)
            for given, other in zip(first.given(name), second.given(name), strict=True)
            for a, b in zip(kernels(given), kernels(other), strict=True)
        ]
        assert same
        assert all(same) if weights == "shared" else not any(same)


def kernels(given: tuple[Any, ...]) -> Iterator[Array]:
    """Yield the kernels of the weights among the arguments of a call."""
    for value in given:
        weights = value.weights if isinstance(value, TrainTask) else value
        if isinstance(weights, tuple | list) and weights and isinstance(weights[0], tuple):
            yield from (kernel for kernel, _ in weights)
