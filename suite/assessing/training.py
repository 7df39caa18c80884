"""A small network trained for an epoch, as an item's contract asks of each framework."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from suite import frameworks
from suite.catalogue.registry import ORACLE
from suite.types import Architecture, Array, Framework, Snapshot, TrainTask, UserError

MEMBERS, POINTS, WIDTH, DEPTH = 2, 12, 4, 2
SHARE = 1e-3
"""The share of the largest entry by which gradients may differ from the float64 oracle's."""


def trained(
    framework: Framework,
    activation: str = "tanh",
    normalization: str = "none",
    optimizer: str = "sgd",
    *,
    moves: bool = False,
    exact: bool = True,
) -> Iterator[str]:
    """Yield why a small network cannot be trained, or how its gradients differ from the oracle's.

    It shows what calling a function alone does not: whether the framework's transforms of a whole
    stack, its gradients and its compiler go through the item. ``moves``: the weights must change.
    ``exact``: compare with the oracle, which has the form of Keras.
    """
    task = _task(activation, normalization, optimizer)
    try:
        snapshots = list(framework.train(task))
    except Exception as error:
        words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        yield f"a small network cannot be trained with it: {words}"
        return
    first, last = snapshots[0], snapshots[-1]
    if moves and np.array_equal(_flat(first.weights), _flat(last.weights)):
        yield f"its steps leave every weight of a small network as it is, {_flat(last.weights)[0]}"
        return
    try:
        with np.errstate(all="ignore"):
            right = list(frameworks.load(ORACLE).train(task)) if exact else []
    except UserError:
        right = []
    yield from _compared(snapshots, right)


def _compared(snapshots: list[Snapshot], exact: list[Snapshot]) -> Iterator[str]:
    for ours, theirs in zip(snapshots, exact or snapshots, strict=True):
        for what, mine, right in (
            ("gradients", _flat(ours.gradients), _flat(theirs.gradients)),
            ("weights", _flat(ours.weights), _flat(theirs.weights)),
        ):
            if not np.isfinite(right).all():
                return
            far = np.abs(mine - right) > SHARE * np.abs(right).max()
            if not np.isfinite(mine).all() or far.any():
                at = int(np.argmax(np.where(np.isfinite(mine), np.abs(mine - right), np.inf)))
                yield (
                    f"{what} of a small network after {ours.epoch} epochs: {mine[at]:.6g}, in"
                    f" double precision by the definition {right[at]:.6g}"
                )
                return


def _flat(layers: tuple[tuple[Array, Array], ...]) -> Array:
    return np.concatenate([part.ravel() for layer in layers for part in layer]).astype(float)


def _task(activation: str, normalization: str, optimizer: str) -> TrainTask:
    rng = np.random.default_rng(7)
    model = Architecture(2, WIDTH, DEPTH, 1, activation, normalization)
    inputs = rng.normal(size=(MEMBERS, POINTS, 2)).astype(np.float32)
    labels = (inputs.sum(axis=2) > 0).astype(np.float32)

    def weights(*shape: int) -> Array:
        return (0.7 * rng.normal(size=(MEMBERS, *shape))).astype(np.float32)

    return TrainTask(
        model,
        optimizer,
        "common",
        tuple((weights(i, o), weights(o)) for i, o in model.shapes),
        inputs,
        labels,
        inputs[:, :4],
        labels[:, :4],
        lambda epoch: np.tile(np.arange(POINTS), (MEMBERS, 1)),
        6,
        (0, 1),
        (1, 2),
    )
