"""The choices of a task in TensorFlow: each of them is compared with the plain loop.

Residual connections, losses, clipping, schedules, hyper-parameters, precision, and the points on
which gradients are taken; the twin is ``tensorflow_twin``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from suite.frameworks import tensorflow
from suite.frameworks.tensorflow import TensorFlow, backend, rules
from suite.frameworks.tensorflow.backend import keras, tf
from suite.frameworks.tensorflow.stack import Kind, Stack
from suite.types import TrainTask, UserError
from tests.support.framework_tasks import (
    CLASSES,
    DOUBLE_TOLERANCE,
    DROPOUT,
    MEMBERS,
    POINTS,
    TOLERANCE,
    all_bits,
    check,
    make_task,
    pick,
    values,
)
from tests.support.tensorflow_twin import CLIPPING, train_alone

TENSORFLOW = TensorFlow()

CHOICES: dict[str, dict[str, Any]] = {
    "residual": {"residual": 0.3, "optimizer": "rmsprop"},
    "residual, batch norm, dropout": {
        "residual": 1.0,
        "normalization": "batch",
        "dropout": DROPOUT,
    },
    "categorical": {"loss": "categorical", "optimizer": "adam"},
    "squared": {"loss": "squared"},
    "clipped by norm": {"clipping": "norm(0.25)", "normalization": "layer"},
    "clipped by value": {"clipping": "value(0.02)", "optimizer": "sgd(0.03,0.9)"},
    "steps": {"schedule": "step(2,0.3)", "record": (0, 3), "depth": 1},
    "steps of one epoch, equal batches": {"schedule": "step(1,0.3)", "batch": 35, "depth": 1},
    "exponential": {"schedule": "exponential(0.6)", "settings": "default", "depth": 1},
    "momentum of rmsprop": {"optimizer": "rmsprop(0.01,0.8,0.001,0.5)", "depth": 1},
    "hyper-parameters of adam": {"optimizer": "adam(0.01,0.8,0.99,0.001)", "depth": 1},
    "gradients on a batch": {"gradients_on": "batch", "normalization": "batch", "dropout": DROPOUT},
    "linear model, classes": {"depth": 0, "loss": "categorical"},
}
DEFAULT = {"depth": 2}


def task_of(choice: str, **changes: Any) -> TrainTask:
    return make_task(**{**DEFAULT, **CHOICES[choice], **changes})


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_gives_what_the_plain_loop_gives(choice: str) -> None:
    task = task_of(choice)
    snapshots = list(TENSORFLOW.train(task))
    check(values(snapshots, MEMBERS - 1), train_alone(task, MEMBERS - 1), TOLERANCE)


@pytest.mark.parametrize(
    ("field", "other"),
    [("clipping", "none"), ("schedule", "constant"), ("gradients_on", "all")],
)
def test_the_comparison_sees_a_choice_that_is_not_followed(field: str, other: str) -> None:
    choice = {
        "clipping": "clipped by norm",
        "schedule": "exponential",
        "gradients_on": "gradients on a batch",
    }[field]
    task = task_of(choice)
    plain = task_of(choice, **{field: other})
    result = values(list(TENSORFLOW.train(plain)), 0)
    with pytest.raises(AssertionError):
        check(result, train_alone(task, 0), TOLERANCE)


def test_outputs_of_a_categorical_task_have_an_entry_per_class() -> None:
    last = list(TENSORFLOW.train(task_of("categorical", record=(0,))))[-1]
    assert last.logits.shape == (MEMBERS, POINTS, CLASSES)
    assert last.heldout_logits.shape == (MEMBERS, 20, CLASSES)


# --- double precision ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice", ["residual", "categorical", "clipped by norm", "exponential", "squared"]
)
def test_double_precision_is_double_throughout(choice: str) -> None:
    task = task_of(choice, precision="double")
    snapshots = list(TENSORFLOW.train(task))
    with backend.precision("float64"):
        expected = train_alone(task, 1)
    result = values(snapshots, 1)
    check(result, expected, DOUBLE_TOLERANCE)
    assert {value.dtype.name for name, value in result.items() if name != "batch_correct"} == {
        "float64"
    }


def test_precision_is_keras_own_again_afterwards() -> None:
    before = keras.config.floatx(), keras.config.dtype_policy().name
    next(training := TENSORFLOW.train(task_of("squared", precision="double")))
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before
    training.close()  # type: ignore[attr-defined]


def test_single_precision_holds_whatever_keras_is_set_to() -> None:
    task = task_of("squared", record=(0, 1))
    expected = list(TENSORFLOW.train(task))
    with backend.precision("float64"):
        result = list(TENSORFLOW.train(task))
    assert all_bits(result, 0) == all_bits(expected, 0)


# --- the members of a stack do not affect each other ---------------------------------------------


@pytest.mark.parametrize("clipping", [name for name in CLIPPING if name != "none"])
def test_a_clipped_member_leaves_its_neighbours_alone(clipping: str) -> None:
    """Members with an infinite, an undefined and a huge gradient between two that are clipped."""
    task = make_task(depth=1, loss="squared", clipping=clipping, record=(0, 1))
    task = pick(task, [0, 1, 1, 1, 2])
    labels = task.labels.copy()
    labels[1:4] = np.array([np.inf, np.nan, 1e30], np.float32)[:, None]
    harmless = list(TENSORFLOW.train(task))
    beside = list(TENSORFLOW.train(dataclasses.replace(task, labels=labels)))
    for member in range(5):
        unchanged = all_bits(beside, member) == all_bits(harmless, member)
        assert unchanged == (member in (0, 4))


def test_each_member_is_clipped_by_its_own_norm() -> None:
    """One step of SGD from zero weights moves by the learning rate times the clipped gradient."""
    task = make_task(depth=1, loss="squared", clipping="norm(0.25)", batch=POINTS, record=(0, 1))
    labels = task.labels * np.array([1e-3, 1.0, 1e3], np.float32)[:, None]
    first, last = TENSORFLOW.train(dataclasses.replace(task, labels=labels, optimizer="sgd(1)"))
    moves = np.concatenate(
        [
            (after - before).reshape(MEMBERS, -1)
            for old, new in zip(first.weights, last.weights, strict=True)
            for before, after in zip(old, new, strict=True)
        ],
        axis=1,
    )
    norms = np.linalg.norm(moves, axis=1)
    # The moves are added to weights near 1, each of which rounds at 6e-8.
    np.testing.assert_allclose(norms[1:], 0.25, rtol=1e-5)


def test_the_norm_that_clips_is_the_functions_own() -> None:
    """The norm that is passed to TensorFlow's function is the one that it would compute."""
    rng = np.random.default_rng(4)
    gradients = [tf.constant(rng.normal(size=shape), tf.float32) for shape in ((3, 4), (4,))]
    clip = rules.clipper("norm(0.25)")
    assert clip is not None
    expected, norm = tf.clip_by_global_norm(gradients, 0.25)
    assert norm > 0.25
    for ours, theirs in zip(clip(gradients), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # two roundings


def test_a_chosen_stack_of_one_is_a_stack() -> None:
    task = task_of("gradients on a batch", clipping="norm(0.25)")
    stacked, alone = (list(TENSORFLOW.train(each)) for each in (task, pick(task, [2])))
    check(values(alone, 0), values(stacked, 2))


def test_pieces_of_a_snapshot_choose_their_own_points(monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of("gradients on a batch", record=(0,))
    (whole,) = TENSORFLOW.train(task)
    monkeypatch.setattr("suite.frameworks.tensorflow.stack._PIECE", POINTS * 20)
    assert Stack(Kind.of(task)).piece < MEMBERS
    tensorflow._kept.cache_clear()
    (pieces,) = TENSORFLOW.train(task)
    for member in range(MEMBERS):
        check(values([pieces], member), values([whole], member), 1e-5)  # other sums: roundings


# --- unknown names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "given", "named"),
    [
        ("loss", "binry", "binary"),
        ("precision", "doubl", "double"),
        ("gradients_on", "al", "all"),
        ("clipping", "nrm(1)", "norm"),
        ("schedule", "stp(1,0.5)", "step"),
        ("schedule", "step(1.5,0.5)", "whole number"),
        ("schedule", "step(0,0.5)", "whole number"),
    ],
)
def test_an_unknown_name_is_refused(field: str, given: str, named: str) -> None:
    task = dataclasses.replace(make_task(depth=1), **{field: given})  # type: ignore[arg-type]
    with pytest.raises(UserError, match=named):
        next(TENSORFLOW.train(task))
