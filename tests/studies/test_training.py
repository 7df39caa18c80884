"""The study ``training``: data and starts by seed, columns, tables and divergence."""

from __future__ import annotations

import numpy as np
import pytest

from suite import frameworks
from suite.planning import grids
from suite.studies import STUDIES, training
from suite.studies.common.protocol import accuracy, circles_task, divergences, first_true
from suite.types import Array, Lab, Snapshot, Stack

TRAINING = STUDIES["training"]


def small(**overrides: str) -> Stack:
    """Return a small stack of two seeds for the oracle."""
    chosen = {"activation": "tanh", "initializer": "xavier_uniform", "depth": "1", **overrides}
    texts = [f"{axis}={values}" for axis, values in chosen.items()]
    selection = grids.Selection(
        "quick", ("numpy",), grids.parse_overrides([*texts, "optimizer=sgd"], [TRAINING]), seeds=2
    )
    return grids.stacks(TRAINING, selection)[0]


@pytest.fixture(scope="module")
def lab() -> Lab:
    oracle = frameworks.load("numpy")
    return Lab(oracle, oracle, 0)


def test_first_true_counts_from_one_and_is_inf_without_a_true_flag() -> None:
    flags = np.array([[False, True, False], [True, True, False]])
    np.testing.assert_array_equal(first_true(flags), [2.0, 1.0, np.inf])


def test_accuracy_is_nan_with_a_nan_logit() -> None:
    logits = np.array([[1.0, -1.0], [1.0, 1.0], [np.nan, 1.0]])
    labels = np.array([[1.0, 0.0]] * 3)
    np.testing.assert_array_equal(accuracy(logits, labels), [1.0, 0.5, np.nan])


def test_the_seed_alone_determines_the_data_and_the_order_of_a_member(lab: Lab) -> None:
    stack = small(weights="shared", initializer="xavier_uniform,normal(1)")
    task = circles_task(stack, lab, (0, 1))
    seeds = np.array([member.seed for member in stack.members])
    order = task.order(1)
    for first in range(len(seeds)):
        for second in range(first):
            same = seeds[first] == seeds[second]
            assert np.array_equal(task.inputs[first], task.inputs[second]) == same
            assert np.array_equal(order[first], order[second]) == same
            kernels = task.weights[0][0]
            assert not np.array_equal(kernels[first], kernels[second])
    assert not np.array_equal(task.order(1), task.order(2))
    assert len(set(task.noise)) == len(stack.members)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(1000), (len(order), 1)))


def test_columns_agree_with_the_snapshots(lab: Lab) -> None:
    stack = small()
    task = circles_task(stack, lab, (0, 2))
    snapshots = list(lab.framework.train(task))
    columns = training._run_columns(snapshots, task)
    last = snapshots[-1]
    right = (last.logits > 0) == (task.labels == 1)
    np.testing.assert_allclose(columns["train_accuracy"], right.mean(axis=1))
    assert np.isinf(columns["diverged_step"]).all()
    np.testing.assert_allclose(columns["train_loss"], last.loss)
    losses = np.logaddexp(0, last.logits) - last.logits * task.labels
    np.testing.assert_allclose(columns["train_loss"], losses.mean(axis=1), rtol=1e-9)


def test_a_stack_measures_every_table_of_the_study(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "RECORD", (0, 1, 2))
    stack = small()
    measurement = TRAINING.measure(stack, lab)
    assert list(measurement.status) == ["ok"] * len(stack.members)
    tables = {table.name: table for table in measurement.tables}
    for spec in TRAINING.tables:
        table = tables[spec.name]
        assert tuple(table.coordinates) == spec.coordinates
        lengths = tuple(len(values) for values in table.coordinates.values())
        assert set(table.columns) == set(spec.metrics)
        for column in table.columns.values():
            assert column.shape == (len(stack.members), *lengths)
            assert np.isfinite(column).all() or spec.name == "runs"
    layers = tables["layers"].columns
    assert (layers["gradient_rms"] >= np.abs(layers["gradient_mean"])).all()
    np.testing.assert_allclose(
        layers["weight_rms"] ** 2, layers["weight_std"] ** 2 + layers["weight_mean"] ** 2
    )


def test_a_network_that_overflows_is_a_row_with_a_reason(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "RECORD", (0, 1))
    stack = small(initializer="normal(1),normal(1e150)", activation="linear", depth="2")
    measurement = TRAINING.measure(stack, lab)
    sizes = [str(member.cell["initializer"]) for member in stack.members]
    for status, reason, size in zip(measurement.status, measurement.reason, sizes, strict=True):
        assert status == ("diverged" if "e" in size.removeprefix("normal") else "ok"), reason
        assert bool(reason) == (status == "diverged")


PARTS = (
    "loss",
    "heldout_loss",
    "batch_loss",
    "weight kernel",
    "weight bias",
    "gradient kernel",
    "gradient bias",
)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("part", PARTS)
def test_one_number_that_is_not_finite_is_enough(part: str, place: int, value: float) -> None:
    """In any snapshot, in any array: that member diverges, and no other does."""

    def layer() -> tuple[Array, Array]:
        return np.ones((3, 2, 2)), np.ones((3, 2))

    snapshots = [
        Snapshot(
            epoch=epoch,
            weights=(layer(), layer()),
            gradients=(layer(), layer()),
            loss=np.ones(3),
            heldout_loss=np.ones(3),
            logits=np.ones((3, 4)),
            heldout_logits=np.ones((3, 4)),
            batch_loss=np.ones((5, 3)),
            batch_correct=np.ones((5, 3)),
        )
        for epoch in (0, 1)
    ]
    never = np.full(3, np.inf)
    assert divergences(snapshots, never) == ["", "", ""]
    chosen = snapshots[place]
    tensor, _, array = part.partition(" ")
    layers = {"weight": chosen.weights, "gradient": chosen.gradients}
    if array:
        layers[tensor][1][0 if array == "kernel" else 1][1, 0] = value
    elif part == "batch_loss":
        chosen.batch_loss[2, 1] = value
    else:
        getattr(chosen, part)[1] = value
    assert [bool(reason) for reason in divergences(snapshots, never)] == [False, True, False]
