"""Small networks trained on two circles, by activation, initializer and depth, over seeds.

The seed of a network determines its training points, its held-out points, its start and its batch
order. Networks that share a program are trained as one batched computation: all initializers
of the grid, native and shared weights, times one block of seeds.
"""

from __future__ import annotations

import numpy as np

from suite.catalogue import initializers
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.datasets import DATASETS
from suite.catalogue.optimizers import OPTIMIZERS
from suite.metrics.training import LEARNED
from suite.studies.common import costs
from suite.studies.common.measurements import measurement
from suite.studies.common.protocol import (
    accuracy,
    divergences,
    first_true,
    layer_columns,
    network,
    seeded_task,
)
from suite.studies.common.scores import SCORES, scored
from suite.studies.common.starts import without_law
from suite.types import (
    Array,
    Axes,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Snapshot,
    Stack,
    Study,
    Table,
    TableSpec,
    TrainTask,
    float64,
)

RECORD: tuple[int, ...] = (0, 1, 2, 5, 10, 20, 50, 100)
"""The epochs with a snapshot; training ends with the last of them."""

_ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu")
_INITIALIZERS = (
    "default",
    "normal(0.05)",
    "normal(1)",
    "xavier_uniform",
    "xavier_normal",
    "he_uniform",
    "he_normal",
    "lecun_normal",
    "orthogonal",
)


class Training(Study):
    """Networks of width 5 on the two circles: a grid of activations, initializers and depths, with
    more seeds for the headline claims."""

    name = "training"
    position = 10
    headline = True
    question = (
        "Which activation, initializer and depth lets a network of width 5 learn two circles?"
    )
    source = "the published two-circles tutorial on vanishing gradients, widened to a grid"
    axes = (
        "framework",
        "activation",
        "initializer",
        "depth",
        "width",
        "optimizer",
        "weights",
        "settings",
        "dataset",
    )
    everywhere = ("dataset",)
    starts_on_data = True
    within = ("initializer", "weights")
    tables: tuple[TableSpec, ...] = (
        TableSpec(
            "runs",
            (
                "train_loss",
                "heldout_loss",
                "train_accuracy",
                "heldout_accuracy",
                "initial_accuracy",
                "first_epoch_95",
                "diverged_step",
            ),
            brought=SCORES,
        ),
        TableSpec(
            "layers",
            tuple(
                f"{tensor}_{key}"
                for tensor in ("weight", "gradient")
                for key in ("mean", "std", "mean_abs", "rms")
            ),
            coordinates=("epoch", "layer"),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        head: Axes = {
            "activation": ("sigmoid", "tanh", "relu"),
            "initializer": ("normal(1)", "xavier_uniform"),
            "depth": (4,),
            "width": (5,),
            "weights": ("native", "shared"),
        }
        if profile == "quick":
            # Networks with the tutorial's own start are noisy: comparing them takes more seeds.
            return Grid(head), Grid({**head, "initializer": ("normal(1)",)}, seeds=40)
        headline = Grid(head, seeds=60)
        every: Axes = {"activation": _ACTIVATIONS, "initializer": _INITIALIZERS, "width": (5,)}
        main = Grid({**every, "depth": (4,), "weights": ("native", "shared")})
        # Sixteen layers cost most: they get shared weights only where claims compare frameworks.
        native = Grid({**every, "depth": (16,)})
        compared = ("xavier_uniform", "orthogonal")
        shared = Grid({**every, "initializer": compared, "depth": (16,), "weights": ("shared",)})
        part: Axes = {
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
        full: Axes = {
            "activation": ACTIVATIONS.names,
            "initializer": tuple(dict.fromkeys((*_INITIALIZERS, *initializers.every()))),
            "width": (5,),
            "weights": ("native", "shared"),
            "optimizer": OPTIMIZERS.names,
            "settings": ("common", "default"),
        }
        on_all = Grid({**part, "depth": (4, 16), "dataset": DATASETS.names})
        return (Grid({**full, "depth": (1, 2, 4, 8, 16)}, seeds=100), *standard, on_all)

    def unsupported(self, cell: Cell) -> str | None:
        return without_law(cell)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        cell = stack.members[0].cell
        dataset = cell.text("dataset")
        task = seeded_task(stack, lab, RECORD, network(cell, dataset), dataset)
        snapshots = list(lab.framework.train(task))
        runs = _run_columns(snapshots, task)
        steps = runs["diverged_step"]
        layers = Table(
            "layers",
            {"epoch": np.array(RECORD), "layer": np.arange(1, len(task.weights) + 1)},
            layer_columns(snapshots),
        )
        return measurement(
            divergences(snapshots, steps),
            (Table("runs", {}, scored(runs, dataset, task, snapshots)), layers),
        )

    def cost(self, stack: Stack) -> Cost:
        return costs.on_dataset(stack, RECORD[-1], len(RECORD))

    def most_members(self, cell: Cell) -> int:
        return costs.most_on_dataset(cell, len(RECORD))


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


STUDY = Training()
