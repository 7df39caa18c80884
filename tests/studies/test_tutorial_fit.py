"""A stacked network equals one that a user trains alone, by ``keras.Model.fit`` or a torch loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suite import frameworks
from suite.planning import grids
from suite.probes.tutorial import UserLoop
from suite.studies import STUDIES
from suite.studies.tutorial.starts import tutorial_task
from suite.types import Lab, Stack, TrainTask, Weights

STUDY = STUDIES["tutorial"]
EPOCHS = 2
"""The number of epochs: 64 steps, two of them on a short batch."""


def stack_of(framework: str, activation: str, depth: int) -> Stack:
    """Return two seeds of one of the tutorial's networks, each layer drawn by itself."""
    selection = grids.Selection("quick", (framework,), seeds=2)
    stacks = [
        stack
        for stack in grids.stacks(STUDY, selection)
        if (dict(stack.shared)["activation"], dict(stack.shared)["depth"]) == (activation, depth)
    ]
    members = stacks[0].members
    return replace(stacks[0], members=tuple(m for m in members if m.cell == members[0].cell))


def largest_gap(weights: Weights, others: Weights) -> float:
    """Return the largest deviation of an array, relative to its largest entry."""
    return max(
        float(np.abs(a - b).max() / np.abs(b).max())
        for layer, other in zip(weights, others, strict=True)
        for a, b in zip(layer, other, strict=True)
    )


@pytest.mark.parametrize("network", [("relu", 1), ("sigmoid", 4)], ids=str)
@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_a_stacked_network_is_the_one_that_a_user_trains(
    framework: str, network: tuple[str, int]
) -> None:
    """Rounding errors of 6e-8 grow to about 1e-6 in these steps, and somewhat more in a bias that
    starts at zero; another batch order moves weights by at least 1e-3."""
    lab = Lab(frameworks.load(framework), frameworks.load("numpy"), 0)
    stack = stack_of(framework, *network)
    task = tutorial_task(stack, lab, (0, EPOCHS))
    *_, stacked = lab.framework.train(task)
    fit = lab.framework.probe(UserLoop).fit
    for member in range(len(stack.members)):
        weights, loss, right = fit(task, member)
        alone = tuple((kernel[member], bias[member]) for kernel, bias in stacked.weights)
        assert largest_gap(alone, weights) < 1e-4
        np.testing.assert_allclose(stacked.loss[member], loss, rtol=1e-5)
        answers = (stacked.logits[member] > 0) == (task.labels[member] > 0.5)
        assert right == pytest.approx(answers.mean(), abs=1e-6)
    other, *_ = fit(reordered(task), member)
    assert largest_gap(alone, other) > 1e-3


def reordered(task: TrainTask) -> TrainTask:
    """Return the task with its batches in another order, as if epochs were counted from 2."""
    return replace(task, order=lambda epoch: task.order(epoch + 1))


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_the_loop_of_a_user_trains_as_the_oracle_defines(framework: str) -> None:
    """For Adam and one hidden layer, torch's position of epsilon changes a step by 1e-4 where a
    gradient is 1e-3, and float32 has errors of 1e-6: 1e-3 of the largest weight is far above."""
    lab = Lab(frameworks.load(framework), frameworks.load("numpy"), 0)
    stack = stack_of(framework, "sigmoid", 1)
    task = tutorial_task(stack, lab, (0, 1))
    weights, loss, right = lab.framework.probe(UserLoop).fit(task, 1)
    exact, exact_loss, exact_right = lab.oracle.probe(UserLoop).fit(task, 1)
    for (kernel, _), (exact_kernel, _) in zip(weights, exact, strict=True):
        assert np.abs(kernel - exact_kernel).max() < 1e-3 * np.abs(exact_kernel).max()
    assert loss == pytest.approx(exact_loss, rel=1e-4)
    assert right == pytest.approx(exact_right, abs=0.003)
