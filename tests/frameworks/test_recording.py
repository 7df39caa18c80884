"""A stack of torch whose steps are recorded and played has the bits of one whose steps are not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from suite.catalogue import activations
from suite.frameworks.torch import Torch, narrow, recording, stack
from suite.frameworks.torch.recording import Step, recorded
from suite.types import TrainTask
from tests.support.framework_tasks import MEMBERS, all_bits, make_task

TORCH = Torch()

TASKS = {
    "dense": make_task(),
    "batch norm": make_task("batch"),
    "layer norm": make_task("layer", optimizer="adam"),
    "dropout": make_task(dropout=0.3),
    "residual": make_task(residual=0.5, depth=4),
    "clipped by the norm": make_task(clipping="norm(0.25)"),
    "clipped by value": make_task("batch", clipping="value(0.1)", schedule="exponential(0.6)"),
    "classes": make_task(loss="categorical", dropout=0.2),
    "squared": make_task(loss="squared", optimizer="rmsprop"),
    "double": make_task("batch", dropout=0.3, precision="double"),
}


def results(task: TrainTask, monkeypatch: pytest.MonkeyPatch, worth: float) -> list[object]:
    """Return all bits of all members, with recording from ``worth`` steps."""
    monkeypatch.setattr(recording, "WORTH", worth)
    monkeypatch.setattr(narrow, "WORTH", float("inf"))
    snapshots = list(TORCH.train(task))
    return [all_bits(snapshots, member) for member in range(MEMBERS)]


def count_recordings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of values of each recorded step."""
    made: list[int] = []

    def counted(step: Step, *values: Tensor) -> Step:
        made.append(len(values))
        return recorded(step, *values)

    monkeypatch.setattr(stack, "recorded", counted)
    return made


@pytest.mark.parametrize("name", TASKS)
def test_played_steps_have_the_bits_of_the_steps(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = count_recordings(monkeypatch)
    plain = results(TASKS[name], monkeypatch, float("inf"))
    assert not made
    assert results(TASKS[name], monkeypatch, 0) == plain
    assert len(made) == 1  # the last batch of an epoch, of another size, is not recorded


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_every_activation_is_recorded(activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(activation=activation, depth=1)
    assert results(task, monkeypatch, 0) == results(task, monkeypatch, float("inf"))


def test_a_batch_that_was_recorded_as_a_constant_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above sees a step that keeps the labels of the batch it was recorded with."""

    def stale(step: Step, *values: Tensor) -> Step:
        play = recorded(step, *values)
        return lambda *arguments: play(*arguments[:-1], values[-1])

    plain = results(make_task(), monkeypatch, float("inf"))
    monkeypatch.setattr(stack, "recorded", stale)
    assert results(make_task(), monkeypatch, 0) != plain


def test_running_statistics_that_recording_moved_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above sees batch norm whose statistics count the recorded batch twice."""

    def twice(step: Step, *values: Tensor) -> Step:
        play = recorded(step, *values)
        first = True

        def played(*arguments: Tensor) -> list[Tensor]:
            nonlocal first
            if first:
                play(*arguments)
            first = False
            return play(*arguments)

        return played

    plain = results(make_task("batch"), monkeypatch, float("inf"))
    monkeypatch.setattr(stack, "recorded", twice)
    assert results(make_task("batch"), monkeypatch, 0) != plain


def test_a_product_by_another_number_than_one_is_kept() -> None:
    def step(x: Tensor) -> list[Tensor]:
        return [torch.mul(x, 2.0), torch.mul(x, 1.0)]

    play = recorded(step, torch.ones(3))
    assert [value.tolist() for value in play(torch.arange(3.0))] == [[0, 2, 4], [0, 1, 2]]


def test_tensors_that_a_user_keeps_are_followed() -> None:
    slope = torch.tensor(0.3)

    def step(x: Tensor) -> list[Tensor]:
        return [x * slope]

    play = recorded(step, torch.ones(3))
    assert play is not step
    assert torch.equal(play(torch.arange(3.0))[0], torch.arange(3.0) * slope)


def test_what_torch_cannot_follow_is_left_as_it_is() -> None:
    compiled = torch.compile(torch.tanh, backend="eager")

    def step(x: Tensor) -> list[Tensor]:
        return [compiled(x)]

    assert recorded(step, torch.ones(3)) is step
