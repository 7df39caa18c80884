"""Does a small network learn two circles? Activation x initializer x depth, over seeds.

Each network of a stack has its own seed: its own 1,000 training points, its own held-out points,
its own start and its own batch order. Networks that share a program are trained as one batched
computation: all initializers of the grid, native and shared weights, times one block of seeds.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue import datasets
from suite.catalogue.activations import ACTIVATIONS
from suite.studies.common import costs
from suite.studies.common.describe import describe
from suite.studies.common.starts import NO_LAW, draw_layer
from suite.types import (
    Architecture,
    Array,
    Cell,
    Cost,
    Framework,
    Grid,
    Lab,
    Layer,
    Measurement,
    Snapshot,
    Stack,
    Table,
    TableSpec,
    TrainTask,
    Value,
    Weights,
    float64,
)

BATCH = 32
RECORD: tuple[int, ...] = (0, 1, 2, 5, 10, 20, 50, 100)
"""Epochs with a snapshot; training ends with the last."""
KEPT = 1024
"""Entries of the largest kernel whose draws a worker keeps: 4 kB each, 130 MB in all."""
LEARNED = 0.95
"""Share of right answers at which a network counts as having learned the task."""

_ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu")
_INITIALIZERS = ("default", "normal(0.05)", "normal(1)", "xavier_uniform", "xavier_normal",
                 "he_uniform", "he_normal", "lecun_normal", "orthogonal")  # fmt: skip
_Axes = dict[str, tuple[Value, ...]]
_MORE_INITIALIZERS = ("zeros", "constant(0.5)", "normal(0.01)", "lecun_uniform")


class Training:
    """The two-circles study; ``suite.types.Study`` says what each member means."""

    name = "training"
    question = (
        "Which activation, initializer and depth lets a network of width 5 learn two circles?"
    )
    source = "the published two-circles tutorial on vanishing gradients, widened to a grid"
    frameworks: tuple[str, ...] = ()
    axes = (
        "framework", "activation", "initializer", "depth", "width", "optimizer", "weights",
        "settings",
    )  # fmt: skip
    within = ("initializer", "weights")
    tables: tuple[TableSpec, ...] = (
        TableSpec(
            "runs",
            ("train_loss", "heldout_loss", "train_accuracy", "heldout_accuracy",
             "initial_accuracy", "first_epoch_95", "diverged_step"),
        ),
        TableSpec(
            "layers",
            tuple(
                f"{what}_{key}"
                for what in ("weight", "gradient")
                for key in ("mean", "std", "mean_abs", "rms")
            ),
            coordinates=("epoch", "layer"),
            per="seeds",
        ),
    )  # fmt: skip

    def grids(self, profile: str) -> tuple[Grid, ...]:
        head: _Axes = {
            "activation": ("sigmoid", "tanh", "relu"),
            "initializer": ("normal(1)", "xavier_uniform"),
            "depth": (4,),
            "width": (5,),
            "weights": ("native", "shared"),
        }
        if profile == "quick":
            # The tutorial's own start has the seeds that decide a comparison of noisy networks.
            return Grid(head), Grid({**head, "initializer": ("normal(1)",)}, seeds=40)
        headline = Grid(head, seeds=60)
        every: _Axes = {"activation": _ACTIVATIONS, "initializer": _INITIALIZERS, "width": (5,)}
        main = Grid({**every, "depth": (4,), "weights": ("native", "shared")})
        # Sixteen layers cost most: shared weights only where claims compare the frameworks.
        native = Grid({**every, "depth": (16,)})
        both = ("xavier_uniform", "orthogonal")
        shared = Grid({**every, "initializer": both, "depth": (16,), "weights": ("shared",)})
        part: _Axes = {
            "activation": ("sigmoid", "tanh", "relu"),
            "initializer": ("default", "normal(1)", "xavier_uniform", "he_normal"),
            "width": (5,),
        }
        shallow = Grid(
            {
                **every,
                "activation": ("linear", "sigmoid", "tanh", "relu"),
                "depth": (1,),
                "weights": ("native", "shared"),
            }
        )
        between = Grid({**part, "depth": (2, 8)})
        others = Grid({**part, "depth": (4,), "optimizer": ("adam", "sgd")})
        defaults = Grid(
            {
                **part,
                "depth": (4,),
                "optimizer": ("rmsprop", "adam", "sgd"),
                "settings": ("default",),
            }
        )
        standard = (main, shallow, headline, native, shared, between, others, defaults)
        if profile == "standard":
            return standard
        all_of_them: _Axes = {
            "activation": ACTIVATIONS.names,
            "initializer": _INITIALIZERS + _MORE_INITIALIZERS,
            "width": (5,),
            "weights": ("native", "shared"),
            "optimizer": ("rmsprop", "adam", "sgd"),
            "settings": ("common", "default"),
        }
        return (Grid({**all_of_them, "depth": (1, 2, 4, 8, 16)}, seeds=100), *standard)

    def unsupported(self, cell: Cell) -> str | None:
        if cell["initializer"] == "default" and cell["weights"] == "shared":
            return NO_LAW
        return None

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        task = circles_task(stack, lab, RECORD)
        snapshots = list(lab.framework.train(task))
        runs = _run_columns(snapshots, task)
        status, reason = outcome(snapshots, runs["diverged_step"])
        layers = Table(
            "layers",
            {"epoch": np.array(RECORD), "layer": np.arange(1, len(task.weights) + 1)},
            layer_columns(snapshots),
        )
        return Measurement(status, reason, (Table("runs", {}, runs), layers))

    def cost(self, stack: Stack) -> Cost:
        return costs.training(stack, datasets.POINTS, RECORD[-1], len(RECORD))


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


def _run_columns(snapshots: list[Snapshot], task: TrainTask) -> dict[str, Array]:
    first, last = snapshots[0], snapshots[-1]
    loss = np.concatenate([snapshot.batch_loss for snapshot in snapshots])
    correct = np.concatenate([snapshot.batch_correct for snapshot in snapshots])
    members, points = task.labels.shape
    by_epoch = float64(correct).reshape(task.record[-1], -1, members).sum(axis=1) / points
    return {
        "train_loss": float64(last.loss),
        "heldout_loss": float64(last.heldout_loss),
        "train_accuracy": accuracy(last.logits, task.labels),
        "heldout_accuracy": accuracy(last.heldout_logits, task.heldout_labels),
        "initial_accuracy": accuracy(first.logits, task.labels),
        "first_epoch_95": first_true(by_epoch >= LEARNED),
        "diverged_step": first_true(~np.isfinite(loss)),
    }


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
