"""TensorFlow's last stack is kept for the next task of its kind, and no number depends on that."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Iterator

import numpy as np
import pytest

from suite.frameworks import tensorflow
from suite.frameworks.tensorflow import TensorFlow
from suite.frameworks.tensorflow.stack import Kind, Stack
from suite.types import Snapshot, TrainTask
from tests.support.framework_tasks import MEMBERS, all_bits, make_task

TENSORFLOW = TensorFlow()

PLAIN = make_task(depth=1, optimizer="adam")
NORMALIZED = make_task("batch", 0.3, depth=1, optimizer="rmsprop", clipping="norm(0.25)")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    tensorflow._kept.cache_clear()
    yield
    tensorflow._kept.cache_clear()


def other(task: TrainTask) -> TrainTask:
    """Return a task of the same kind with other weights, data, order and masks."""
    order = task.order
    return dataclasses.replace(
        task,
        weights=tuple((kernel * 1.3, bias - 0.2) for kernel, bias in task.weights),
        inputs=task.inputs[:, ::-1] * np.float32(0.9),
        labels=1 - task.labels,
        heldout_inputs=-task.heldout_inputs,
        order=lambda epoch: order(epoch)[:, ::-1],
        noise=tuple(seed + 1 for seed in task.noise),
    )


def trained(task: TrainTask) -> list[list[dict[str, bytes]]]:
    return of(TENSORFLOW.train(task))


def of(snapshots: Iterator[Snapshot]) -> list[list[dict[str, bytes]]]:
    """Return all bits of all members."""
    taken = list(snapshots)
    return [all_bits(taken, member) for member in range(MEMBERS)]


@pytest.mark.parametrize("task", [PLAIN, NORMALIZED], ids=["batch last", "mapped"])
def test_a_kept_stack_gives_the_bits_of_a_fresh_one(task: TrainTask) -> None:
    """Weights, data, masks, states of layers and of the optimizer all start anew."""
    fresh = trained(other(task))
    tensorflow._kept.cache_clear()
    first = trained(task)
    assert first != fresh  # the numbers of a task left behind would be seen
    assert trained(other(task)) == fresh
    assert tensorflow._kept.cache_info().hits == 1
    assert trained(task) == first


def test_a_stack_left_in_the_middle_starts_anew() -> None:
    fresh = trained(PLAIN)
    left = TENSORFLOW.train(other(PLAIN))
    next(left)
    next(left)
    del left
    gc.collect()
    assert trained(PLAIN) == fresh


def test_two_tasks_of_a_kind_side_by_side() -> None:
    expected = trained(PLAIN), trained(other(PLAIN))
    both = list(zip(TENSORFLOW.train(PLAIN), TENSORFLOW.train(other(PLAIN)), strict=True))
    assert tuple(of(iter(part)) for part in zip(*both, strict=True)) == expected


def test_the_programs_of_a_kind_are_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second task traces nothing; one of another kind does."""
    traced = []
    step = Stack._step

    def counted(self: Stack, *batch: object) -> object:
        traced.append(self.kind)
        return step(self, *batch)

    monkeypatch.setattr(Stack, "_step", counted)
    trained(NORMALIZED)
    count = len(traced)
    trained(other(NORMALIZED))
    assert len(traced) == count
    trained(dataclasses.replace(NORMALIZED, settings="default"))
    assert len(traced) == 2 * count


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(TrainTask)])
def test_every_field_of_a_task_is_of_its_kind_or_loaded(field: str) -> None:
    """A new field of a task must not be forgotten: two kinds that are equal share a program."""
    loaded = {"weights", "inputs", "labels", "heldout_inputs", "heldout_labels", "order", "noise"}
    asked_of_each_task = {"record"}
    kind = {field.name for field in dataclasses.fields(Kind)}
    assert field in kind | loaded | asked_of_each_task
