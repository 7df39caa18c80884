"""The task that the tests of the frameworks share, and the comparison of a stack's numbers.

Each framework's own test trains a member alone, as its user would; the comparison is the same for
all, so it knows no framework but the NumPy oracle.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np

from suite import frameworks
from suite.types import Architecture, Array, Framework, Snapshot, TrainTask

MEMBERS, POINTS, WIDTH, DEPTH, BATCH = 3, 70, 5, 3, 32  # batches of 32, 32 and 6
CLASSES = 3
DROPOUT = 0.3

TOLERANCE = 5e-5
"""For float32 against float32, as a share of the largest entry of an array. Rounding (6e-8) grew
to 1.1e-5 at most in these six steps, and this leaves room for another machine. A mistake as small
as a momentum of 0.11 in batch norm makes 3e-2."""

DOUBLE_TOLERANCE = 1e-12
"""For float64 against float64: as much more than its rounding (1e-16) as above. A float32 anywhere
on the way is off by 1e-8."""

ORACLE_TOLERANCE = 2e-5
"""For float32 against float64, likewise. Through four layers and some steps of SGD it stayed below
3e-6; a wrong loss or slope is off by 0.1."""

Values = dict[str, Array]
"""The results of one member, by name."""


def make_task(
    normalization: str = "none",
    dropout: float = 0.0,
    *,
    depth: int = DEPTH,
    activation: str = "tanh",
    residual: float = 0.0,
    loss: str = "binary",
    **changes: object,
) -> TrainTask:
    """Return a task of two epochs and three members, each with its own data, weights and order."""
    rng = np.random.default_rng(1)
    outputs = CLASSES if loss == "categorical" else 1
    model = Architecture(2, WIDTH, depth, outputs, activation, normalization, dropout, residual)

    def points(count: int) -> tuple[Array, Array]:
        inputs = rng.normal(size=(MEMBERS, count, 2)).astype(np.float32)
        radius = np.linalg.norm(inputs, axis=2)
        labels = {
            "binary": radius > 1.2,
            "categorical": np.digitize(radius, (0.8, 1.5)),
            "squared": radius,
        }
        return inputs, labels[loss].astype(np.float32)

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
        (11, 12, 13),
        loss,
    )
    return dataclasses.replace(task, **changes)  # type: ignore[arg-type]  # fields by name


def order(epoch: int) -> Array:
    """Return the batch order of an epoch, another one for each member."""
    rng = np.random.default_rng(epoch)
    return np.stack([rng.permutation(POINTS) for _ in range(MEMBERS)])


def pick(task: TrainTask, members: Sequence[int]) -> TrainTask:
    """Return the task of the given members only; a member may be repeated."""
    chosen = list(members)
    return dataclasses.replace(
        task,
        weights=tuple((kernel[chosen], bias[chosen]) for kernel, bias in task.weights),
        inputs=task.inputs[chosen],
        labels=task.labels[chosen],
        heldout_inputs=task.heldout_inputs[chosen],
        heldout_labels=task.heldout_labels[chosen],
        order=lambda epoch: task.order(epoch)[chosen],
        noise=tuple(task.noise[member] for member in chosen),
    )


def values(snapshots: Sequence[Snapshot], member: int) -> Values:
    """Return all batches of a member, and the rest of its last snapshot."""
    last = snapshots[-1]
    arrays = {
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
        arrays[f"kernel {layer}"], arrays[f"bias {layer}"] = kernel[member], bias[member]
        arrays[f"gradient {layer}"] = np.vstack((by_kernel[member], by_bias[member]))
    return arrays


def bits(arrays: Values) -> dict[str, bytes]:
    """Return arrays as bytes, which are equal only where no bit differs; a NaN equals itself."""
    return {name: value.tobytes() for name, value in arrays.items()}


def all_bits(snapshots: Sequence[Snapshot], member: int) -> list[dict[str, bytes]]:
    """Return everything in each of the snapshots about a member."""
    return [bits(values([snapshot], member)) for snapshot in snapshots]


def check(
    arrays: Values, expected: Values, tolerance: float = TOLERANCE, without: Collection[str] = ()
) -> None:
    """Assert that each array has the expected shape and agrees to a share of its largest entry."""
    assert arrays.keys() == expected.keys()
    for name in arrays.keys() - set(without):
        assert np.shape(arrays[name]) == np.shape(expected[name]), name
        bound = tolerance * np.abs(expected[name]).max(initial=0.0)
        np.testing.assert_allclose(arrays[name], expected[name], rtol=0, atol=bound, err_msg=name)


def check_oracle(framework: Framework, task: TrainTask) -> None:
    """Assert that every snapshot of every member agrees with the float64 oracle's."""
    snapshots = zip(framework.train(task), frameworks.load("numpy").train(task), strict=True)
    for ours, exact in snapshots:
        assert ours.epoch == exact.epoch
        for member in range(len(task.inputs)):
            check(values([ours], member), values([exact], member), ORACLE_TOLERANCE)
