"""Compiled training of narrow networks in torch equals plain training, and is used where it can be.

The twin is the plain loop of ``torch_twin``, as for all stacks of torch. Each activation takes a
second or two to compile.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from suite import frameworks
from suite.catalogue import activations
from suite.catalogue.frameworks import FRAMEWORKS
from suite.frameworks.torch import Torch, narrow
from suite.frameworks.torch.narrow import Compiled, without_broken_files
from suite.frameworks.torch.stack import Stack
from suite.types import TrainTask
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
from tests.support.torch_twin import train_alone

TORCH = Torch()

needs_compiler = pytest.mark.skipif(
    not frameworks.compiler(), reason="no C++ compiler that builds an extension of Python"
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three networks be enough work to compile."""
    monkeypatch.setattr(narrow, "WORTH", 0)


def check_members(task: TrainTask, tolerance: float = TOLERANCE) -> None:
    """Compare every member with the network trained alone."""
    assert narrow.usable(task)
    snapshots = list(TORCH.train(task))
    for member in range(MEMBERS):
        check(values(snapshots, member), train_alone(task, member, []), tolerance)


@needs_compiler
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_the_float64_oracle_agrees(activation: str) -> None:
    """This compares logits, loss, gradients and six steps of SGD."""
    task = make_task(activation=activation)
    assert narrow.usable(task)
    check_oracle(TORCH, task)


@needs_compiler
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"depth": 1},
        {"depth": 5, "optimizer": "rmsprop"},
        {"optimizer": "adam", "settings": "default"},
        {"loss": "squared", "schedule": "exponential(0.6)"},
        {"gradients_on": "batch"},
        {"record": (2,)},
    ],
)
def test_a_member_is_the_network_trained_alone(changes: dict[str, object]) -> None:
    check_members(make_task(**changes))  # type: ignore[arg-type]  # fields by name


@needs_compiler
@pytest.mark.usefixtures("small")
def test_double_precision_is_kept() -> None:
    check_members(make_task(precision="double"), DOUBLE_TOLERANCE)


@needs_compiler
@pytest.mark.usefixtures("small")
def test_a_wrong_slope_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above sees a slope that is off by a thousandth."""
    right = narrow._hidden

    def wrong(activation: str, precision: torch.dtype) -> narrow.Compiled:
        hidden = right(activation, precision)

        def slightly(*layer: torch.Tensor) -> tuple[torch.Tensor, ...]:
            value, slope = hidden(*layer)
            return value, slope * 1.001

        return slightly

    monkeypatch.setattr(narrow, "_hidden", wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_members(make_task())


@needs_compiler
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("start", [np.inf, np.nan, 1e30])
def test_a_diverging_member_disturbs_no_neighbour(start: float) -> None:
    task = make_task()
    harmless = list(TORCH.train(task))
    for kernel, bias in task.weights:
        kernel[1], bias[1] = start, start
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        diverged = list(TORCH.train(task))
    if not np.isfinite(start):
        assert not np.isfinite(diverged[-1].loss[1])
    assert all_bits(diverged, 1) != all_bits(harmless, 1)
    for member in (0, 2):
        assert all_bits(diverged, member) == all_bits(harmless, member)


@needs_compiler
@pytest.mark.usefixtures("small")
def test_a_member_has_the_same_bits_in_a_larger_stack() -> None:
    """Each network is a lane of a vector: plain training cannot promise the same."""
    task = make_task()
    few, many = list(TORCH.train(task)), list(TORCH.train(pick(task, [2, 0, 1] * 7)))
    for place, member in enumerate([2, 0, 1]):
        assert all_bits(few, member) == all_bits(many, place + 18)


@needs_compiler
@pytest.mark.usefixtures("small")
def test_one_member_alone_and_a_batch_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes of 1, for which torch may generate other code."""
    task = pick(dataclasses.replace(make_task(), batch=23), [1])  # 70 points: the last batch has 1
    compiled = list(TORCH.train(task))
    monkeypatch.setattr(narrow, "WORTH", np.inf)
    check(values(compiled, 0), values(list(TORCH.train(task)), 0))


# --- when it is used ------------------------------------------------------------------------------


@needs_compiler
def test_the_engine_compiles_what_is_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[type[Stack]] = []
    init = Stack.__init__

    def recording(self: Stack, task: TrainTask) -> None:
        taken.append(type(self))
        init(self, task)

    monkeypatch.setattr(Stack, "__init__", recording)
    next(iter(TORCH.train(make_task())))
    monkeypatch.setattr(narrow, "WORTH", 0)
    next(iter(TORCH.train(make_task())))
    assert taken == [Stack, narrow.Narrow]


@needs_compiler
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "task",
    [
        make_task("batch"),
        make_task("layer"),
        make_task(dropout=0.3),
        make_task(residual=0.5),
        make_task(loss="categorical"),
        make_task(clipping="norm(0.25)"),
    ],
)
def test_other_networks_are_trained_plainly(task: TrainTask) -> None:
    assert narrow.usable(make_task())
    assert not narrow.usable(task)


@needs_compiler
@pytest.mark.usefixtures("small")
def test_wide_networks_are_trained_plainly() -> None:
    task = make_task()
    wide = dataclasses.replace(task.architecture, width=narrow.WIDEST + 1)
    assert not narrow.usable(dataclasses.replace(task, architecture=wide))


def test_plans_expect_what_the_engine_does() -> None:
    planned = FRAMEWORKS["torch"].rates.training.compiled
    assert planned is not None
    assert (planned.width, planned.work) == (narrow.WIDEST, narrow.WORTH)


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    frameworks.compiler.cache_clear()
    yield
    frameworks.compiler.cache_clear()


@pytest.mark.usefixtures("small", "fresh_compiler")
@pytest.mark.parametrize("command", ["none", "false", "/nowhere/g++"])
def test_without_a_compiler_all_are_trained_plainly(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", command)
    assert frameworks.compiler() == ""
    assert not narrow.usable(make_task())
    assert len(list(TORCH.train(make_task()))) == 3


def test_a_file_that_was_half_written_is_removed_and_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrow, "cache_dir", lambda: str(tmp_path))
    files = [tmp_path / "one.so", tmp_path / "two.so"]
    for file in files:
        file.write_bytes(b"half")

    def compiled() -> Compiled:
        for file in files:
            if file.exists():
                raise ImportError("file too short", path=str(file))
        return lambda *arrays: arrays

    assert len(without_broken_files(compiled)(torch.zeros(1), torch.zeros(1))) == 2


def test_a_broken_file_outside_the_cache_stays(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.touch()

    def compiled() -> Compiled:
        raise ImportError("cannot import name", path=str(file))

    with pytest.raises(ImportError, match="cannot import name"):
        without_broken_files(compiled)
    assert file.exists()


def test_a_file_that_is_broken_again_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrow, "cache_dir", lambda: str(tmp_path))
    file = tmp_path / "one.so"

    def compiled() -> Compiled:
        file.touch()
        raise ImportError("file too short", path=str(file))

    with pytest.raises(ImportError, match="too short"):
        without_broken_files(compiled)

    def unknown() -> Compiled:
        raise ImportError("no such module")

    with pytest.raises(ImportError, match="no such module"):
        without_broken_files(unknown)
