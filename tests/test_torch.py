"""PyTorch in stacks: each member is the network that a user of torch would train alone.

The twin is written here as a user writes it: modules, zero_grad, backward, step, one network and
one batch at a time.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import vmap

from suite import activations, frameworks
from suite.frameworks.torch import Torch, mask_seed
from suite.frameworks.torch import stack as stacks
from suite.frameworks.torch.layers import seeded
from suite.types import Architecture, Array, Snapshot, TrainTask

TORCH = Torch()
MEMBERS, POINTS, WIDTH, DEPTH, BATCH = 4, 70, 5, 3, 32  # batches of 32, 32 and 6
DROPOUT = 0.3
Values = dict[str, Array]

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.001, alpha=0.9, eps=1e-7),
    "adam": lambda p: torch.optim.Adam(p, lr=0.001, betas=(0.9, 0.999), eps=1e-7),
}
DEFAULTS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
}
NORMALIZATIONS: dict[tuple[str, str], Callable[[], nn.Module]] = {
    ("batch", "common"): lambda: nn.BatchNorm1d(WIDTH, eps=1e-5, momentum=0.1),
    ("batch", "default"): lambda: nn.BatchNorm1d(WIDTH),
    ("layer", "common"): lambda: nn.LayerNorm(WIDTH, eps=1e-5),
    ("layer", "default"): lambda: nn.LayerNorm(WIDTH),
}


def make_task(normalization: str = "none", dropout: float = 0.0, **changes: object) -> TrainTask:
    """Four members with data, weights, biases and batch orders of their own; two epochs."""
    rng = np.random.default_rng(1)
    model = Architecture(2, WIDTH, DEPTH, 1, "tanh", normalization, dropout)

    def points(count: int) -> tuple[Array, Array]:
        inputs = rng.normal(size=(MEMBERS, count, 2)).astype(np.float32)
        return inputs, (np.linalg.norm(inputs, axis=2) > 1.2).astype(np.float32)

    def normal(*shape: int) -> Array:
        return (0.7 * rng.normal(size=shape)).astype(np.float32)

    task = TrainTask(
        model,
        "sgd",
        "common",
        tuple((normal(MEMBERS, i, o), normal(MEMBERS, o)) for i, o in model.shapes),
        *points(POINTS),
        *points(20),
        order,
        BATCH,
        (0, 1, 2),
        (11, 12, 13, 14),
    )
    return dataclasses.replace(task, **changes)  # type: ignore[arg-type]


def order(epoch: int) -> Array:
    """Another order for each member and epoch."""
    rng = np.random.default_rng(epoch)
    return np.stack([rng.permutation(POINTS) for _ in range(MEMBERS)])


# --- the twin ------------------------------------------------------------------------------------


class Masked(nn.Module):
    """Dropout that multiplies by given masks instead of drawing them."""

    def __init__(self, masks: Iterator[Tensor]) -> None:
        super().__init__()
        self.masks = masks

    def forward(self, x: Tensor) -> Tensor:
        return x * next(self.masks) if self.training else x


def masks(task: TrainTask) -> list[Tensor]:
    """Every mask of a stack, (K, batch, width) each, by step and layer: the stack's own stream
    through the mapped dropout of ones."""
    dropout = vmap(nn.functional.dropout, (0, None), randomness="different")
    found = []
    for epoch in range(1, task.record[-1] + 1):
        with seeded(mask_seed(task.noise, epoch)):
            for start in range(0, POINTS, BATCH):
                ones = torch.ones(MEMBERS, min(BATCH, POINTS - start), WIDTH)
                found += [dropout(ones, task.architecture.dropout) for _ in range(DEPTH)]
    return found


def train_alone(task: TrainTask, member: int, replayed: list[Tensor]) -> Values:
    """One member trained alone by the plain loop: what ``values`` takes from a stack."""
    model = build(task, member, iter([mask[member] for mask in replayed]))
    make = (OPTIMIZERS if task.settings == "common" else DEFAULTS)[task.optimizer]
    optimizer = make(model.parameters())
    loss_function = nn.BCEWithLogitsLoss()
    inputs, labels = torch.tensor(task.inputs[member]), torch.tensor(task.labels[member])
    batch_loss, batch_correct = [], []
    for epoch in range(1, task.record[-1] + 1):
        chosen = torch.tensor(task.order(epoch)[member])
        for index in torch.split(chosen, BATCH):
            optimizer.zero_grad()
            logits = model(inputs[index])[:, 0]
            loss = loss_function(logits, labels[index])
            loss.backward()
            optimizer.step()
            batch_loss.append(loss.item())
            batch_correct.append(((logits > 0) == (labels[index] == 1)).sum().item())
    found = {"batch_loss": np.array(batch_loss), "batch_correct": np.array(batch_correct)}
    model.eval()
    for prefix, x, y in (
        ("", inputs, labels),
        (
            "heldout_",
            *map(torch.tensor, (task.heldout_inputs[member], task.heldout_labels[member])),
        ),
    ):
        logits = model(x)[:, 0]
        found[f"{prefix}logits"] = logits.detach().numpy()
        found[f"{prefix}loss"] = loss_function(logits, y).detach().numpy()
    model.train()
    for module in model:
        if isinstance(module, Masked):
            module.eval()
    model.zero_grad()
    loss_function(model(inputs)[:, 0], labels).backward()
    for layer, dense in enumerate(module for module in model if isinstance(module, nn.Linear)):
        assert dense.weight.grad is not None
        assert dense.bias.grad is not None
        found[f"kernel {layer}"] = dense.weight.detach().numpy().T
        found[f"bias {layer}"] = dense.bias.detach().numpy()
        found[f"gradient {layer}"] = np.vstack((dense.weight.grad.T, dense.bias.grad))
    return found


def build(task: TrainTask, member: int, stream: Iterator[Tensor]) -> nn.Sequential:
    """The network of one member, with its first weights."""
    modules: list[nn.Module] = []
    for layer, (kernel, bias) in enumerate(task.weights):
        dense = nn.Linear(*kernel.shape[1:])
        with torch.no_grad():
            dense.weight.copy_(torch.tensor(kernel[member].T))
            dense.bias.copy_(torch.tensor(bias[member]))
        modules.append(dense)
        if layer < DEPTH:
            if task.architecture.normalization != "none":
                modules.append(NORMALIZATIONS[task.architecture.normalization, task.settings]())
            modules.append(nn.Tanh())
            if task.architecture.dropout:
                modules.append(Masked(stream))
    return nn.Sequential(*modules)


def values(snapshots: list[Snapshot], member: int) -> Values:
    """What ``train_alone`` returns, from the snapshots of a stack."""
    last = snapshots[-1]
    found = {
        "batch_loss": np.concatenate([s.batch_loss for s in snapshots])[:, member],
        "batch_correct": np.concatenate([s.batch_correct for s in snapshots])[:, member],
        "logits": last.logits[member],
        "loss": last.loss[member],
        "heldout_logits": last.heldout_logits[member],
        "heldout_loss": last.heldout_loss[member],
    }
    for layer, ((kernel, bias), (by_kernel, by_bias)) in enumerate(
        zip(last.weights, last.gradients, strict=True)
    ):
        found[f"kernel {layer}"], found[f"bias {layer}"] = kernel[member], bias[member]
        found[f"gradient {layer}"] = np.vstack((by_kernel[member], by_bias[member]))
    return found


def check_members(task: TrainTask, without: tuple[str, ...] = ()) -> None:
    """Every member of the stack equals its twin.

    Rounding (6e-8) grew to 4e-6 of the largest entry of an array at most; 5e-5 leaves room for
    another machine, and a mistake as small as a momentum of 0.11 in batch norm makes 3e-2.
    """
    snapshots = list(TORCH.train(task))
    replayed = masks(task)
    for member in range(MEMBERS):
        found, alone = values(snapshots, member), train_alone(task, member, replayed)
        assert found.keys() == alone.keys()
        for name in found.keys() - set(without):
            scale = np.abs(alone[name]).max()
            np.testing.assert_allclose(
                found[name], alone[name], rtol=0, atol=5e-5 * scale, err_msg=f"{name} of {member}"
            )


@pytest.mark.parametrize("dropout", [0.0, DROPOUT])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_a_member_is_the_network_trained_alone(normalization: str, dropout: float) -> None:
    """With snapshots between the epochs, which must not move the running statistics."""
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
    moving average of the inference mode runs after it; training mode feels nothing."""
    hidden = tuple(f"bias {layer}" for layer in range(DEPTH))
    inference = ("logits", "loss", "heldout_logits", "heldout_loss")
    check_members(make_task("batch", optimizer=optimizer), without=hidden + inference)


def test_each_member_has_its_own_masks() -> None:
    """And each step, layer and epoch too; they keep 1 - p of the units and scale them up."""
    task = make_task(dropout=DROPOUT)
    found = [mask[member].flatten()[:30].tolist() for mask in masks(task) for member in range(4)]
    assert len({tuple(row) for row in found}) == len(found) == 2 * 3 * DEPTH * MEMBERS
    everything = torch.cat([mask.flatten() for mask in masks(task)])
    assert set(everything.tolist()) == {0.0, float(np.float32(1 / (1 - DROPOUT)))}
    # 8,400 draws: a standard deviation of 0.005; p instead of 1 - p would be 0.4 away.
    assert abs((everything > 0).float().mean().item() - (1 - DROPOUT)) < 0.03


# --- neighbours, randomness, memory --------------------------------------------------------------


def flat(snapshots: list[Snapshot], member: int) -> list[bytes]:
    """Every number of one member as bytes."""
    found = []
    for s in snapshots:
        layers = [array for layer in (*s.weights, *s.gradients) for array in layer]
        found += [a[member] for a in (*layers, s.loss, s.heldout_loss, s.logits, s.heldout_logits)]
        found += [s.batch_loss[:, member], s.batch_correct[:, member]]
    return [np.ascontiguousarray(array).tobytes() for array in found]


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
    assert flat(diverged, 1) != flat(harmless, 1)
    if not np.isfinite(start):
        assert not np.isfinite(diverged[-1].loss[1])
    for member in (0, 2, 3):
        assert flat(diverged, member) == flat(harmless, member)


def test_same_seed_same_bytes_and_another_seed_others() -> None:
    task = make_task("batch", DROPOUT)
    first, again = list(TORCH.train(task)), list(TORCH.train(task))
    other = list(TORCH.train(dataclasses.replace(task, noise=(11, 12, 13, 15))))
    for member in range(MEMBERS):
        assert flat(first, member) == flat(again, member)
        assert flat(first, member) != flat(other, member)


def test_the_global_generator_is_left_as_found() -> None:
    """Also while a training waits between two snapshots."""
    found = torch.get_rng_state()
    for _ in TORCH.train(make_task("batch", DROPOUT)):
        assert torch.equal(torch.get_rng_state(), found)


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
    """Three members a piece instead of all four. Batch norm sums in another order then."""
    task = make_task(normalization, record=(1,))
    (whole,) = TORCH.train(task)
    monkeypatch.setattr(stacks, "PIECE", 3 * POINTS * WIDTH * (DEPTH + 1))
    (pieces,) = TORCH.train(task)
    for member in range(MEMBERS):
        one, other = values([whole], member), values([pieces], member)
        for name in one:
            scale = np.abs(one[name]).max()
            np.testing.assert_allclose(other[name], one[name], rtol=0, atol=1e-5 * scale)


# --- the oracle ----------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", activations.ACTIVATIONS.names)
def test_the_float64_oracle_agrees(activation: str) -> None:
    """Logits, loss, gradients and three steps of SGD. float32 rounds to 6e-8; through four layers
    that stayed below 2e-6 of the largest entry."""
    model = Architecture(2, WIDTH, DEPTH, 1, activation)
    task = make_task(architecture=model, record=(0, 1))
    ours, oracle = list(TORCH.train(task)), list(frameworks.load("numpy").train(task))
    for snapshots in zip(ours, oracle, strict=True):
        for member in range(MEMBERS):
            found, exact = (values([snapshot], member) for snapshot in snapshots)
            for name in found:
                scale = np.abs(exact[name]).max(initial=0.0)
                np.testing.assert_allclose(
                    found[name], exact[name], rtol=0, atol=2e-5 * scale, err_msg=name
                )
