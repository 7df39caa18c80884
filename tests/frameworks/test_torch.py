"""PyTorch in stacks: each member is the network that a user of torch would train alone.

The twin, ``torch_twin``, is the plain loop.
"""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
import torch

from suite.catalogue import activations
from suite.frameworks.torch import Torch
from suite.frameworks.torch import stack as stacks
from suite.types import TrainTask
from tests.support.framework_tasks import (
    DEPTH,
    DOUBLE_TOLERANCE,
    DROPOUT,
    MEMBERS,
    POINTS,
    TOLERANCE,
    WIDTH,
    all_bits,
    check,
    check_oracle,
    make_task,
    values,
)
from tests.support.torch_twin import masks, train_alone

TORCH = Torch()


def check_members(
    task: TrainTask, without: tuple[str, ...] = (), tolerance: float = TOLERANCE
) -> None:
    """Compare every member of the stack with its twin."""
    snapshots = list(TORCH.train(task))
    replayed = masks(task)
    for member in range(MEMBERS):
        check(values(snapshots, member), train_alone(task, member, replayed), tolerance, without)


@pytest.mark.parametrize("dropout", [0.0, DROPOUT])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_a_member_is_the_network_trained_alone(normalization: str, dropout: float) -> None:
    """With snapshots between the epochs, which must not move the running statistics.

    Batch norm in double precision: where the points of a batch nearly agree, it divides by little,
    and by how much that amplifies single rounding depends on the processor.
    """
    if normalization == "batch":
        check_members(make_task("batch", dropout, precision="double"), tolerance=DOUBLE_TOLERANCE)
    else:
        check_members(make_task(normalization, dropout))


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_default_settings_are_torchs_own(normalization: str) -> None:
    check_members(make_task(normalization, settings="default"))


@pytest.mark.parametrize("settings", ["common", "default"])
@pytest.mark.parametrize("dropout", [0.0, DROPOUT])
@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_adaptive_optimizers(optimizer: str, dropout: float, settings: str) -> None:
    check_members(make_task("none", dropout, optimizer=optimizer, settings=settings))


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_adaptive_optimizers_with_batch_norm(optimizer: str) -> None:
    """A bias in front of batch norm has no effect and a gradient of zero. These optimizers divide
    by the gradient's size, so they turn its rounding into whole steps. The bias drifts, and the
    moving average of the inference mode follows it; training mode is not affected."""
    hidden = tuple(f"bias {layer}" for layer in range(DEPTH))
    inference = ("logits", "loss", "heldout_logits", "heldout_loss")
    check_members(make_task("batch", optimizer=optimizer), without=hidden + inference)


def test_each_member_has_its_own_masks() -> None:
    """Each step, layer and epoch has its own too; they keep 1 - p of the units and scale them
    up."""
    task = make_task(dropout=DROPOUT)
    drawn = [row.flatten()[:30].tolist() for mask in masks(task) for row in mask]
    assert len({tuple(row) for row in drawn}) == len(drawn) == 2 * 3 * DEPTH * MEMBERS
    everything = torch.cat([mask.flatten() for mask in masks(task)])
    assert set(everything.tolist()) == {0.0, float(np.float32(1 / (1 - DROPOUT)))}
    # 6,300 draws: a standard deviation of 0.006; p instead of 1 - p would be 0.4 away.
    assert abs((everything > 0).float().mean().item() - (1 - DROPOUT)) < 0.03


# --- neighbours, randomness, memory --------------------------------------------------------------


@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
@pytest.mark.parametrize("start", [np.inf, np.nan, 1e30])
def test_a_diverging_member_disturbs_no_neighbour(normalization: str, start: float) -> None:
    task = make_task(normalization, DROPOUT)
    harmless = list(TORCH.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = start, start
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diverged = list(TORCH.train(task))
    assert all_bits(diverged, 1) != all_bits(harmless, 1)
    if not np.isfinite(start):
        assert not np.isfinite(diverged[-1].loss[1])
    for member in (0, 2):
        assert all_bits(diverged, member) == all_bits(harmless, member)


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    task = make_task("batch", DROPOUT)
    first, again = list(TORCH.train(task)), list(TORCH.train(task))
    other = list(TORCH.train(dataclasses.replace(task, noise=(11, 12, 14))))
    for member in range(MEMBERS):
        assert all_bits(first, member) == all_bits(again, member)
        assert all_bits(first, member) != all_bits(other, member)


def test_the_global_generator_is_left_as_it_was() -> None:
    """Also while a training waits between two snapshots."""
    state = torch.get_rng_state()
    for _ in TORCH.train(make_task("batch", DROPOUT)):
        assert torch.equal(torch.get_rng_state(), state)


def test_snapshots_keep_their_values_and_leave_the_task_alone() -> None:
    task = make_task()
    start = [array.copy() for layer in task.weights for array in layer]
    first = next(iter(list(TORCH.train(task))))
    for before, weights in zip(start, [a for layer in first.weights for a in layer], strict=True):
        np.testing.assert_array_equal(weights, before)
    for before, weights in zip(start, [a for layer in task.weights for a in layer], strict=True):
        np.testing.assert_array_equal(weights, before)
    assert first.batch_loss.shape == first.batch_correct.shape == (0, MEMBERS)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_pieces_of_a_snapshot_change_nothing(
    normalization: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two members a piece instead of all three; batch norm then sums in another order."""
    task = make_task(normalization, record=(1,))
    (whole,) = TORCH.train(task)
    monkeypatch.setattr(stacks, "PIECE", 2 * POINTS * WIDTH * (DEPTH + 1))
    (pieces,) = TORCH.train(task)
    for member in range(MEMBERS):
        check(values([pieces], member), values([whole], member), 1e-5)


# --- the oracle ----------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_the_float64_oracle_agrees(activation: str) -> None:
    """This compares logits, loss, gradients and three steps of SGD."""
    check_oracle(TORCH, make_task(activation=activation, record=(0, 1)))
