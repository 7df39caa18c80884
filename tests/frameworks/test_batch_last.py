"""TensorFlow's stacks with the batch last in memory equal plain ones and are used where possible.

The plain stack is itself compared with a loop of Keras, in ``test_tensorflow``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from suite.catalogue import activations
from suite.frameworks import tensorflow
from suite.frameworks.tensorflow import TensorFlow, batch_last
from suite.frameworks.tensorflow.backend import keras, tf
from suite.frameworks.tensorflow.mistakes import MISTAKES
from suite.frameworks.tensorflow.stack import Stack
from suite.types import Snapshot, TrainTask
from tests.support.framework_tasks import (
    DOUBLE_TOLERANCE,
    MEMBERS,
    TOLERANCE,
    all_bits,
    check,
    check_oracle,
    make_task,
    pick,
    values,
)

TENSORFLOW = TensorFlow()


def plainly(task: TrainTask) -> list[Snapshot]:
    """Train by mapping Keras' own call of the network over the members."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensorflow, "usable", lambda task: False)
        return list(TENSORFLOW.train(task))


def check_members(task: TrainTask, tolerance: float = TOLERANCE) -> None:
    assert batch_last.usable(task)
    snapshots, plain = list(TENSORFLOW.train(task)), plainly(task)
    assert all_bits(snapshots, 0) != all_bits(plain, 0)  # two ways, not one
    for member in range(MEMBERS):
        check(values(snapshots, member), values(plain, member), tolerance)


@pytest.mark.parametrize(
    "changes",
    [
        {"depth": 1},
        {"depth": 5, "optimizer": "rmsprop"},
        {"optimizer": "adam", "settings": "default"},
        {"loss": "squared", "schedule": "exponential(0.6)"},
        {"loss": "categorical"},
        {"residual": 0.5},
        {"clipping": "norm(0.25)"},
        {"record": (2,)},
    ],
)
def test_a_member_is_the_one_of_a_plain_stack(changes: dict[str, Any]) -> None:
    check_members(make_task(**changes))


def test_double_precision_is_kept() -> None:
    check_members(make_task(precision="double"), DOUBLE_TOLERANCE)


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_the_float64_oracle_agrees(activation: str) -> None:
    """This compares logits, loss, gradients and six steps of SGD."""
    task = make_task(activation=activation)
    assert batch_last.usable(task)
    check_oracle(TENSORFLOW, task)


def test_a_wrong_product_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above sees a product that is off by a thousandth."""

    class Wrong:
        """TensorFlow as this module alone sees it: Keras has the right product."""

        linalg, reduce_mean, constant = tf.linalg, tf.reduce_mean, tf.constant
        function, TensorSpec = tf.function, tf.TensorSpec

        @staticmethod
        def matmul(*given: Any, **options: Any) -> Any:
            return tf.matmul(*given, **options) * 1.001

    monkeypatch.setattr(batch_last, "tf", Wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_members(make_task(depth=1))


@pytest.mark.parametrize("start", [np.inf, np.nan, 1e30])
def test_a_diverging_member_disturbs_no_neighbour(start: float) -> None:
    task = make_task(depth=1)
    harmless = list(TENSORFLOW.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = start, start
    diverged = list(TENSORFLOW.train(task))
    if not np.isfinite(start):
        assert not np.isfinite(diverged[-1].loss[1])
    assert all_bits(diverged, 1) != all_bits(harmless, 1)
    for member in (0, 2):
        assert all_bits(diverged, member) == all_bits(harmless, member)


def test_one_member_alone_and_a_batch_of_one() -> None:
    task = pick(dataclasses.replace(make_task(depth=1), batch=23), [1])  # 70 points: 1 remains
    check(values(list(TENSORFLOW.train(task)), 0), values(plainly(task), 0))


# --- when it is used ------------------------------------------------------------------------------


def test_the_engine_uses_it_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[type[Stack]] = []
    load = Stack.load

    def recording(self: Stack, task: TrainTask) -> None:
        taken.append(type(self))
        load(self, task)

    monkeypatch.setattr(Stack, "load", recording)
    for task in (make_task(depth=1), make_task("batch", depth=1)):
        next(iter(TENSORFLOW.train(task)))
    assert taken == [batch_last.BatchLast, Stack]


@pytest.mark.parametrize("task", [make_task("batch"), make_task("layer"), make_task(dropout=0.3)])
def test_networks_with_other_layers_are_trained_plainly(task: TrainTask) -> None:
    assert not batch_last.usable(task)


def test_a_dense_layer_that_computes_something_else_is_left_to_the_framework(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A later Keras may do more in ``Dense`` than one product and one sum."""
    right = keras.layers.Dense.call

    def scaled(self: Any, inputs: Any, training: bool | None = None) -> Any:
        return right(self, inputs, training) * 2

    monkeypatch.setattr(keras.layers.Dense, "call", scaled)
    batch_last._known.cache_clear()
    try:
        assert not batch_last.usable(make_task())
    finally:
        monkeypatch.undo()
        batch_last._known.cache_clear()
    assert batch_last.usable(make_task())


def test_a_mistake_in_keras_own_layer_is_measured() -> None:
    """A layer that is wrong for square kernels alone computes the stack itself."""
    (mistake,) = [mistake for mistake in MISTAKES if mistake.name == "a transposed kernel"]
    assert batch_last.usable(make_task())
    with mistake.plant():
        assert not batch_last.usable(make_task())
    assert batch_last.usable(make_task())
