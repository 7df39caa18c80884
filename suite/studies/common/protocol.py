"""The training protocol that studies share: data, starts and batch order by seed, and outcomes.

The seed of a network determines its training points, its held-out points, its start and its batch
order.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue import datasets
from suite.studies.common.adjusting import adjusted
from suite.studies.common.describe import describe
from suite.studies.common.starts import draw_layer
from suite.types import (
    Architecture,
    Array,
    Cell,
    Framework,
    Lab,
    Layer,
    Snapshot,
    Stack,
    TrainTask,
    Weights,
)

BATCH = 32
CIRCLES = "circles"
"""The data set of ``circles_task``, and the default of the axis ``dataset``."""
CACHED_ENTRIES = 1024
"""Entries of the largest kernel whose draws a worker caches: 4 kB each, 130 MB in all."""

CACHED_POINTS = 2048
"""The most points of a data set whose batch orders a worker caches: 16 kB each, 67 MB in all."""


def circles_task(stack: Stack, lab: Lab, record: tuple[int, ...]) -> TrainTask:
    """Return the two-circles task of a stack: data, start and batch order by seed."""
    return seeded_task(stack, lab, record, network(stack.members[0].cell, CIRCLES), CIRCLES)


def network(cell: Cell, dataset: str) -> Architecture:
    """Return the plain network of a cell, with the inputs and outputs of a data set."""
    entry = datasets.DATASETS[dataset]
    width, depth = cell.count("width"), cell.count("depth")
    return Architecture(entry.features, width, depth, entry.outputs, cell.text("activation"))


def seeded_task(
    stack: Stack, lab: Lab, record: tuple[int, ...], architecture: Architecture, dataset: str
) -> TrainTask:
    """Return the task of training a stack on a data set: data, start and batch order by seed.

    The loss is that of the data set and a batch has ``BATCH`` points; use ``dataclasses.replace``
    for others.
    """
    first = stack.members[0].cell
    sample = datasets.DATASETS[dataset].sample
    drawn = sorted({member.seed for member in stack.members})
    position = np.array([drawn.index(member.seed) for member in stack.members])
    train = [sample(lab.root, seed, "train") for seed in drawn]
    heldout = [sample(lab.root, seed, "heldout") for seed in drawn]
    points = len(train[0][1])

    inputs = np.stack([inputs for inputs, _ in train])[position]

    def order(epoch: int) -> Array:
        orders = np.stack([batch_order(lab.root, seed, epoch, points) for seed in drawn])
        return np.asarray(orders[position])

    return TrainTask(
        architecture=architecture,
        optimizer=first.text("optimizer"),
        settings=first.text("settings"),
        weights=start(stack, lab, architecture, inputs),
        inputs=inputs,
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
        loss=datasets.DATASETS[dataset].loss,
    )


def batch_order(root: int, seed: int, epoch: int, points: int) -> Array:
    """Return the order of the points in one epoch, (points,) int64; the same in every cell."""
    draw = _cached_order if points <= CACHED_POINTS else _order
    return draw(root, seed, epoch, points)


def _order(root: int, seed: int, epoch: int, points: int) -> Array:
    order: Array = seeds.generator(root, "batches", seed=seed, epoch=epoch).permutation(points)
    return order


_cached_order = functools.lru_cache(maxsize=4096)(_order)


@functools.lru_cache(maxsize=2**15)
def _cached_layer(framework: Framework, root: int, *names: Any) -> Layer:
    """Draw a layer once for the life of the process.

    Activations and optimizers share their starts, and one small draw by Keras takes as long as
    training the network for an epoch.
    """
    layer = draw_layer(framework, root, *names)
    for array in layer:
        array.setflags(write=False)
    return layer


def start(
    stack: Stack, lab: Lab, architecture: Architecture, inputs: Array | None = None
) -> Weights:
    """Return the weights from which the members of a stack start, stacked layer by layer.

    ``inputs`` (K, N, features): the members' training points, for initializers that look at them.
    """

    def layer(position: int, shape: tuple[int, int]) -> Layer:
        draw = _cached_layer if shape[0] * shape[1] <= CACHED_ENTRIES else draw_layer
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

    drawn = tuple(layer(i, shape) for i, shape in enumerate(architecture.shapes, start=1))
    if inputs is None:
        return drawn
    names = [member.cell.text("initializer") for member in stack.members]
    return adjusted(drawn, names, architecture, inputs)


def divergences(snapshots: list[Snapshot], steps: Array) -> list[str]:
    """Return the reason of each member that diverged, and an empty text for the others.

    ``steps`` (K,): the first batch of a member whose loss is not finite, or inf.
    """

    def reason_of(step: float) -> str:
        first = f" (the loss of batch {step:.0f} first)" if np.isfinite(step) else ""
        return f"a loss, weight or gradient became inf or NaN{first}"

    finite = _finite(snapshots)
    return ["" if ok else reason_of(step) for ok, step in zip(finite, steps, strict=True)]


def _finite(snapshots: list[Snapshot]) -> Array:
    """Return, (K,), whether every loss, weight and gradient of every snapshot is finite."""
    finite = np.ones(len(snapshots[0].loss), dtype=bool)
    for snapshot in snapshots:
        finite &= np.isfinite(snapshot.loss) & np.isfinite(snapshot.heldout_loss)
        finite &= np.isfinite(snapshot.batch_loss).all(axis=0)
        for kernel, bias in (*snapshot.weights, *snapshot.gradients):
            finite &= np.isfinite(kernel).all(axis=(1, 2)) & np.isfinite(bias).all(axis=1)
    return finite


def accuracy(logits: Array, labels: Array) -> Array:
    """Return the share of points that are classified right, (K,); NaN where a logit is NaN.

    ``logits`` (K, N): on the right side of 0; (K, N, classes): whose class has the largest.
    """
    if logits.ndim == 3:
        right = (logits.argmax(axis=2) == labels).mean(axis=1)
        return np.where(np.isnan(logits).any(axis=(1, 2)), np.nan, right)
    right = ((logits > 0) == (labels > 0.5)).mean(axis=1)
    return np.where(np.isnan(logits).any(axis=1), np.nan, right)


def first_true(flags: Array) -> Array:
    """Return the first true row, from 1, of flags (rows, K): (K,), inf where there is none."""
    return np.where(flags.any(axis=0), 1.0 + flags.argmax(axis=0), np.inf)


def layer_columns(snapshots: list[Snapshot]) -> dict[str, Array]:
    """Return statistics of kernels and of their gradients: name -> (K, epochs, layers)."""

    def statistics(tensor: str, layers: Sequence[Weights]) -> Iterator[tuple[str, Array]]:
        rows = [[describe(kernel, (1, 2)) for kernel, _ in epoch] for epoch in layers]
        for key in rows[0][0]:
            columns = np.array([[layer[key] for layer in row] for row in rows])
            yield f"{tensor}_{key}", np.moveaxis(columns, -1, 0)

    return {
        **dict(statistics("weight", [snapshot.weights for snapshot in snapshots])),
        **dict(statistics("gradient", [snapshot.gradients for snapshot in snapshots])),
    }
