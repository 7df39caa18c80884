"""The choices of a task in torch: residual connections, losses, clipping, schedules, precision.

Every choice is compared with the plain loop of ``torch_twin``, and shown to make a difference
there.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from torch import Tensor

from suite.frameworks.torch import Torch
from suite.types import TrainTask, UserError
from tests.support.framework_tasks import (
    BATCH,
    DOUBLE_TOLERANCE,
    DROPOUT,
    MEMBERS,
    TOLERANCE,
    Values,
    all_bits,
    check,
    check_oracle,
    make_task,
    values,
)
from tests.support.torch_twin import OPTIMIZERS, SCHEDULES, masks, train_alone

TORCH = Torch()


def check_members(task: TrainTask, tolerance: float = TOLERANCE) -> None:
    """Compare every member of the stack with its twin."""
    snapshots = list(TORCH.train(task))
    replayed: list[Tensor] = masks(task) if task.architecture.dropout else []
    for member in range(MEMBERS):
        check(values(snapshots, member), train_alone(task, member, replayed), tolerance)


def differs(task: TrainTask, other: TrainTask) -> bool:
    """Return whether each member's twin ends at other weights, by more than the tests tolerate."""

    def unequal(ours: Values, theirs: Values) -> bool:
        gap = np.abs(ours["kernel 0"] - theirs["kernel 0"]).max()
        return bool(gap > 10 * TOLERANCE * np.abs(ours["kernel 0"]).max())

    return all(
        unequal(train_alone(task, member, []), train_alone(other, member, []))
        for member in range(MEMBERS)
    )


@pytest.mark.parametrize("dropout", [0.0, DROPOUT])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_residual(normalization: str, dropout: float) -> None:
    """The masks come in the order of the layers, also through the connections."""
    check_members(make_task(normalization, dropout, residual=0.5))
    assert differs(make_task(residual=0.5), make_task())


def test_a_residual_connection_begins_at_the_second_layer() -> None:
    """From the first layer on, x + r f(x) would need as many units as features."""
    task = make_task(residual=2.0, depth=1)
    (first, *_), (plain, *_) = TORCH.train(task), TORCH.train(make_task(depth=1))
    np.testing.assert_array_equal(first.logits, plain.logits)


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("loss", ["binary", "categorical", "squared"])
def test_losses(loss: str, depth: int) -> None:
    """With no hidden layer, that is logistic, multinomial and linear regression."""
    check_members(make_task(loss=loss, depth=depth))


@pytest.mark.parametrize("clipping", ["norm(0.25)", "value(0.02)"])
def test_clipping(clipping: str) -> None:
    check_members(make_task(clipping=clipping))
    assert differs(make_task(clipping=clipping), make_task())


def test_a_norm_below_the_threshold_is_left_alone() -> None:
    """Member 1 has a hundredth of the gradient, and its neighbours are still clipped. A norm
    over the whole stack would clip it with them."""
    task = make_task(clipping="norm(0.25)", loss="squared", depth=0)
    task.inputs[1] *= 0.01
    task.labels[1] *= 0.01
    for kernel, bias in task.weights:
        kernel[1] *= 0.01
        bias[1] *= 0.01
    check_members(task)
    clipped = list(TORCH.train(task))
    free = list(TORCH.train(dataclasses.replace(task, clipping="none")))
    same = [
        np.array_equal(clipped[-1].weights[0][0][member], free[-1].weights[0][0][member])
        for member in range(MEMBERS)
    ]
    assert same == [False, True, False]


@pytest.mark.parametrize("clipping", ["norm(0.25)", "value(0.02)"])
@pytest.mark.parametrize("start", [np.inf, np.nan])
def test_a_member_without_a_norm_disturbs_no_neighbour(clipping: str, start: float) -> None:
    task = make_task(clipping=clipping)
    harmless = list(TORCH.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = start, start
    diverged = list(TORCH.train(task))
    assert not np.isfinite(diverged[-1].loss[1])
    for member in (0, 2):
        assert all_bits(diverged, member) == all_bits(harmless, member)


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
def test_schedules(schedule: str) -> None:
    """Four epochs, so that each rule has changed the rate."""
    task = make_task(schedule=schedule, record=(0, 4))
    check_members(task)
    assert differs(task, dataclasses.replace(task, schedule="constant"))


def test_a_schedule_begins_after_the_first_epoch() -> None:
    task = make_task(schedule="exponential(0.6)", record=(0, 1))
    (_, once), (_, free) = (TORCH.train(t) for t in (task, make_task(record=(0, 1))))
    np.testing.assert_array_equal(once.weights[0][0], free.weights[0][0])


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if "(" in name])
def test_hyper_parameters_in_the_name(optimizer: str) -> None:
    check_members(make_task(optimizer=optimizer))


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("loss", ["binary", "categorical", "squared"])
def test_double_precision(loss: str, normalization: str) -> None:
    task = make_task(normalization, loss=loss, precision="double", residual=0.5)
    check_members(task, DOUBLE_TOLERANCE)
    (first, *_) = TORCH.train(task)
    for snapshot in (first.loss, first.logits, first.batch_loss, first.gradients[0][0]):
        assert snapshot.dtype == np.float64


def test_double_precision_keeps_starts_that_single_cannot_hold() -> None:
    task = make_task(precision="double")
    start = tuple((k.astype(np.float64) + 1e-12, b.astype(np.float64)) for k, b in task.weights)
    (first, *_) = TORCH.train(dataclasses.replace(task, weights=start))
    np.testing.assert_array_equal(first.weights[0][0], start[0][0])


def test_gradients_on_the_next_batch() -> None:
    """With batch statistics and no dropout; the last snapshot looks one epoch ahead.

    In double precision, because batch norm may amplify rounding.
    """
    for normalization in ("none", "batch"):
        task = make_task(normalization, DROPOUT, gradients_on="batch", precision="double")
        check_members(task, DOUBLE_TOLERANCE)
    batch, everything = (
        next(TORCH.train(make_task(gradients_on=points))) for points in ("batch", "all")
    )
    np.testing.assert_array_equal(batch.loss, everything.loss)
    assert not np.allclose(batch.gradients[0][0], everything.gradients[0][0], rtol=0.01)


def test_gradients_on_the_next_batch_are_those_of_its_points() -> None:
    task = make_task(gradients_on="batch", record=(0,))
    chosen = task.order(1)[:, :BATCH]
    rows = np.arange(MEMBERS)[:, None]
    few = dataclasses.replace(
        task,
        inputs=task.inputs[rows, chosen],
        labels=task.labels[rows, chosen],
        gradients_on="all",
    )
    (batch,), (alone,) = TORCH.train(task), TORCH.train(few)
    np.testing.assert_allclose(batch.gradients[0][0], alone.gradients[0][0], rtol=1e-5)


def test_everything_together() -> None:
    check_members(
        make_task(
            "batch",
            DROPOUT,
            residual=0.5,
            loss="categorical",
            clipping="norm(0.25)",
            schedule="step(2, 0.3)",
            optimizer="sgd(0.03, 0.9)",
            gradients_on="batch",
        )
    )


@pytest.mark.parametrize(
    ("field", "given", "near"),
    [
        ("loss", "catgorical", "categorical"),
        ("clipping", "nrom(1)", "norm"),
        ("schedule", "stp", "step"),
        ("precision", "doble", "double"),
        ("gradients_on", "batches", "batch"),
        ("optimizer", "adm", "adam"),
    ],
)
def test_an_unknown_choice_names_the_nearest(field: str, given: str, near: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{near}'"):
        list(TORCH.train(dataclasses.replace(make_task(), **{field: given})))  # type: ignore[arg-type]


def test_a_step_of_half_an_epoch_is_refused() -> None:
    with pytest.raises(UserError, match="whole number"):
        list(TORCH.train(make_task(schedule="step(2.5,0.5)")))


def test_the_float64_oracle_agrees_on_what_both_can() -> None:
    check_oracle(TORCH, make_task(optimizer="sgd(0.03)", gradients_on="batch", record=(0, 1)))
    check_oracle(TORCH, make_task(depth=0, precision="double", record=(0, 1)))
