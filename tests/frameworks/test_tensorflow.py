"""TensorFlow in stacks: each member is the network that a user of Keras would train alone.

The twin, ``tensorflow_twin``, is the plain loop.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from suite.frameworks import tensorflow
from suite.frameworks.tensorflow import TensorFlow, stack
from suite.frameworks.tensorflow.backend import keras
from tests.support.framework_tasks import (
    BATCH,
    DEPTH,
    DROPOUT,
    MEMBERS,
    POINTS,
    TOLERANCE,
    WIDTH,
    all_bits,
    bits,
    check,
    check_oracle,
    make_task,
    pick,
    values,
)
from tests.support.tensorflow_twin import DEFAULTS, OPTIMIZERS, build, denses, train_alone

TENSORFLOW = TensorFlow()

NOISY = 2e-3
"""The tolerance with Adam and batch norm: the bias before the norm has rounding noise as gradient,
which Adam divides by its own size, nearly: up to a few percent of a full step of 0.001 each time
(seen: 2.4e-4 of the largest entry)."""

CASES = [
    *((normalization, 0.0) for normalization in ("none", "batch", "layer")),
    ("none", DROPOUT),
]


@pytest.mark.parametrize("optimizer", DEFAULTS)
@pytest.mark.parametrize(("normalization", "dropout"), CASES)
def test_a_member_is_the_network_trained_alone(
    normalization: str, dropout: float, optimizer: str
) -> None:
    """Each has its own data, weights, order and masks, in full and short batches of two epochs."""
    task = make_task(normalization, dropout, optimizer=optimizer)
    snapshots = list(TENSORFLOW.train(task))
    tolerance = NOISY if (normalization, optimizer) == ("batch", "adam") else TOLERANCE
    for member in (0, MEMBERS - 1):
        check(values(snapshots, member), train_alone(task, member), tolerance)


def test_default_settings_are_the_frameworks_own_and_the_comparison_sees_them() -> None:
    task = make_task("batch", optimizer="rmsprop", settings="default")
    result = values(list(TENSORFLOW.train(task)), 0)
    check(result, train_alone(task, 0))
    # The widest tolerance of this file still shows another epsilon and momentum of batch norm.
    with pytest.raises(AssertionError):
        check(result, train_alone(dataclasses.replace(task, settings="common"), 0), NOISY)


@pytest.mark.parametrize(
    ("settings", "name"),
    [*(("common", name) for name in OPTIMIZERS), *(("default", name) for name in DEFAULTS)],
)
def test_settings_and_hyper_parameters_reach_the_optimizer(settings: str, name: str) -> None:
    kind = stack.Kind.of(make_task(optimizer=name, settings=settings))
    optimizer = stack.Stack(kind).optimizer
    alone = (OPTIMIZERS if settings == "common" else DEFAULTS)[name]()
    assert type(optimizer) is type(alone)
    assert {**optimizer.get_config(), "name": ""} == {**alone.get_config(), "name": ""}


def test_a_member_is_what_fit_makes_of_the_network() -> None:
    task = make_task("batch", optimizer="rmsprop", record=(0, 1))
    last = list(TENSORFLOW.train(task))[-1]
    model = build(task, 1)
    model.compile(OPTIMIZERS["rmsprop"](), keras.losses.BinaryCrossentropy(from_logits=True))
    chosen = task.order(1)[1]
    x, y = task.inputs[1][chosen], task.labels[1][chosen]
    history = model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0).history
    # fit reports the mean over points, so the short batch counts less.
    assert np.average(last.batch_loss[:, 1], weights=[32, 32, 6]) == pytest.approx(
        history["loss"][0], rel=1e-5
    )
    result, expected = values([last], 1), {}
    for i, dense in enumerate(denses(model)):
        expected[f"kernel {i}"], expected[f"bias {i}"] = dense.get_weights()
    check({name: result[name] for name in expected}, expected)


# --- the members of a stack do not affect each other ---------------------------------------------


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_a_diverging_member_leaves_its_neighbours_alone(normalization: str) -> None:
    task = make_task(normalization, depth=1, optimizer="rmsprop")
    kernel = task.weights[0][0].copy()
    kernel[1] = np.inf
    broken = dataclasses.replace(task, weights=((kernel, task.weights[0][1]), *task.weights[1:]))
    harmless, beside = list(TENSORFLOW.train(task)), list(TENSORFLOW.train(broken))
    assert not np.isfinite(beside[-1].loss[1])
    assert all_bits(beside, 1) != all_bits(harmless, 1)
    for member in (0, 2):
        assert all_bits(beside, member) == all_bits(harmless, member)


def test_masks_belong_to_a_member() -> None:
    """Three members that differ only in their noise; the first and the last have the same."""
    copies = pick(make_task(dropout=DROPOUT, depth=1), [0, 0, 0])
    snapshots = list(TENSORFLOW.train(dataclasses.replace(copies, noise=(5, 6, 5))))
    first, second, third = np.concatenate([snapshot.batch_loss for snapshot in snapshots]).T
    # Not the same bits: vectorised functions round the last values of an array differently.
    np.testing.assert_allclose(first, third, rtol=1e-5)
    assert np.min(np.abs(first - second)) > 1e-3


def test_every_member_and_layer_has_its_own_seed() -> None:
    layers = [keras.layers.Dropout(DROPOUT, seed=0) for _ in range(2)]
    starts = stack._masks(layers, (7, 8))
    states = [starts[id(layer.seed_generator.state)] for layer in layers]
    assert [values.shape for values in states] == [(2, 2), (2, 2)]
    assert len({tuple(state) for values in states for state in values}) == 4


def test_a_stack_of_one_is_a_stack() -> None:
    task = make_task(depth=1)
    last = MEMBERS - 1
    stacked, alone = (list(TENSORFLOW.train(each)) for each in (task, pick(task, [last])))
    check(values(alone, 0), values(stacked, last))


# --- snapshots and repetition --------------------------------------------------------------------


def test_a_snapshot_changes_nothing() -> None:
    """Neither running statistics nor seed states change: training goes on as without a snapshot."""
    task = make_task("batch", DROPOUT, depth=1)
    often = list(TENSORFLOW.train(task))
    once = list(TENSORFLOW.train(dataclasses.replace(task, record=(2,))))
    assert len(once) == 1
    assert once[0].batch_loss.shape == (6, MEMBERS)
    for member in range(MEMBERS):
        assert bits(values(once, member)) == bits(values(often, member))


def test_pieces_of_a_snapshot_cover_every_member(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces of two for three members: they overlap."""
    task = make_task("batch", record=(0,))
    (whole,) = TENSORFLOW.train(task)
    monkeypatch.setattr(stack, "_PIECE", 2 * POINTS * WIDTH * DEPTH)
    assert stack.Stack(stack.Kind.of(task)).piece == 2
    tensorflow._kept.cache_clear()
    (pieces,) = TENSORFLOW.train(task)
    for member in range(MEMBERS):
        # The order of sums may depend on the shape, which changes some roundings.
        check(values([pieces], member), values([whole], member), 1e-5)


def test_the_same_task_twice_gives_the_same_bits() -> None:
    task = make_task("batch", DROPOUT, depth=1, optimizer="adam")
    first, again = (list(TENSORFLOW.train(task)) for _ in range(2))
    for member in range(MEMBERS):
        assert all_bits(first, member) == all_bits(again, member)


# --- against the oracle --------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "batch"), [("tanh", POINTS), ("silu", 100), ("relu", 35)])
def test_the_oracle_agrees(activation: str, batch: int) -> None:
    """This compares forward pass, loss, gradients and steps of SGD, in one batch or two equal
    ones."""
    check_oracle(TENSORFLOW, make_task(activation=activation, batch=batch))
