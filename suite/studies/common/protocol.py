"""The training protocol that studies share: data, starts and batch order by seed, and outcomes.

Each network of a stack has its own seed: its own training points, its own held-out points, its
own start and its own batch order.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue import datasets
from suite.studies.common.describe import describe
from suite.studies.common.starts import draw_layer
from suite.types import (
    Architecture,
    Array,
    Framework,
    Lab,
    Layer,
    Snapshot,
    Stack,
    TrainTask,
    Weights,
)

BATCH = 32
KEPT = 1024
"""Entries of the largest kernel whose draws a worker keeps: 4 kB each, 130 MB in all."""
LEARNED = 0.95
"""Share of right answers at which a network counts as having learned the task."""


def circles_task(stack: Stack, lab: Lab, record: tuple[int, ...]) -> TrainTask:
    """The two-circles task for all members of a stack: data, start and batch order by seed."""
    first = stack.members[0].cell
    architecture = Architecture(
        2, first.count("width"), first.count("depth"), 1, first.text("activation")
    )
    return seeded_task(stack, lab, record, architecture, "circles")


def seeded_task(
    stack: Stack, lab: Lab, record: tuple[int, ...], architecture: Architecture, dataset: str
) -> TrainTask:
    """A task on a data set for all members of a stack: data, start and batch order by seed.

    Binary loss and batches of ``BATCH``; ``dataclasses.replace`` gives others.
    """
    first = stack.members[0].cell
    sample = datasets.DATASETS[dataset].sample
    drawn = sorted({member.seed for member in stack.members})
    position = np.array([drawn.index(member.seed) for member in stack.members])
    train = [sample(lab.root, seed, "train") for seed in drawn]
    heldout = [sample(lab.root, seed, "heldout") for seed in drawn]
    points = len(train[0][1])

    def order(epoch: int) -> Array:
        orders = np.stack([batch_order(lab.root, seed, epoch, points) for seed in drawn])
        return np.asarray(orders[position])

    return TrainTask(
        architecture=architecture,
        optimizer=first.text("optimizer"),
        settings=first.text("settings"),
        weights=start(stack, lab, architecture),
        inputs=np.stack([inputs for inputs, _ in train])[position],
        labels=np.stack([labels for _, labels in train])[position],
        heldout_inputs=np.stack([inputs for inputs, _ in heldout])[position],
        heldout_labels=np.stack([labels for _, labels in heldout])[position],
        order=order,
        batch=BATCH,
        record=record,
        noise=[
            seeds.integer(lab.root, "noise", seed=member.seed, cell=member.cell.identity)
            for member in stack.members
        ],
    )


@functools.lru_cache(maxsize=4096)
def batch_order(root: int, seed: int, epoch: int, points: int) -> Array:
    """The order of the points in one epoch: (points,) int64; the same in every cell."""
    order: Array = seeds.generator(root, "batches", seed=seed, epoch=epoch).permutation(points)
    return order


@functools.lru_cache(maxsize=2**15)
def _kept_layer(framework: Framework, root: int, *names: Any) -> Layer:
    """``draw_layer``, kept for the life of the process: activations and optimizers share their
    starts, and one small draw by Keras takes as long as training the network for an epoch."""
    layer = draw_layer(framework, root, *names)
    for array in layer:
        array.setflags(write=False)
    return layer


def start(stack: Stack, lab: Lab, architecture: Architecture) -> Weights:
    """The weights from which the members of a stack start, stacked layer by layer."""

    def layer(position: int, shape: tuple[int, int]) -> Layer:
        draw = _kept_layer if shape[0] * shape[1] <= KEPT else draw_layer
        drawn = [
            draw(
                lab.framework,
                lab.root,
                member.cell.text("initializer"),
                member.cell.text("weights"),
                member.seed,
                position,
                *shape,
            )
            for member in stack.members
        ]
        kernels, biases = zip(*drawn, strict=True)
        return np.stack(kernels).astype(np.float32), np.stack(biases).astype(np.float32)

    return tuple(layer(i, shape) for i, shape in enumerate(architecture.shapes, start=1))


def outcome(snapshots: list[Snapshot], steps: Array) -> tuple[list[str], list[str]]:
    """Status and reason of each member; ``steps`` (K,): its first batch with a loss that is not
    finite, or inf."""

    def why(step: float) -> str:
        where = f" (the loss of batch {step:.0f} first)" if np.isfinite(step) else ""
        return f"a loss, weight or gradient became inf or NaN{where}"

    fine = _finite(snapshots)
    reason = ["" if ended else why(step) for ended, step in zip(fine, steps, strict=True)]
    return ["ok" if ended else "diverged" for ended in fine], reason


def _finite(snapshots: list[Snapshot]) -> Array:
    """(K,) whether every loss, and every weight and gradient of every snapshot, is finite."""
    finite = np.ones(len(snapshots[0].loss), dtype=bool)
    for snapshot in snapshots:
        finite &= np.isfinite(snapshot.loss) & np.isfinite(snapshot.heldout_loss)
        finite &= np.isfinite(snapshot.batch_loss).all(axis=0)
        for kernel, bias in (*snapshot.weights, *snapshot.gradients):
            finite &= np.isfinite(kernel).all(axis=(1, 2)) & np.isfinite(bias).all(axis=1)
    return finite


def accuracy(logits: Array, labels: Array) -> Array:
    """(K,) share of points on the right side of logit 0; NaN where a logit is NaN."""
    right = ((logits > 0) == (labels > 0.5)).mean(axis=1)
    return np.where(np.isnan(logits).any(axis=1), np.nan, right)


def first_true(flags: Array) -> Array:
    """(K,) the first row, from 1, of (rows, K) flags that is set; inf where none is."""
    return np.where(flags.any(axis=0), 1.0 + flags.argmax(axis=0), np.inf)


def layer_columns(snapshots: list[Snapshot]) -> dict[str, Array]:
    """Statistics of kernels and of their gradients: name -> (K, epochs, layers)."""

    def statistics(what: str) -> Iterator[tuple[str, Array]]:
        rows = [
            [describe(kernel, (1, 2)) for kernel, _ in getattr(snapshot, attribute[what])]
            for snapshot in snapshots
        ]
        for key in rows[0][0]:
            columns = np.array([[layer[key] for layer in row] for row in rows])
            yield f"{what}_{key}", np.moveaxis(columns, -1, 0)

    attribute = {"weight": "weights", "gradient": "gradients"}
    return {name: column for what in attribute for name, column in statistics(what)}
