"""Networks that fail to train, and the remedies that are said to help: every pair, over seeds.

A failure is a network of 16 hidden layers whose start, by the theory of signal propagation, loses
the signal or lets it grow. A remedy changes one thing about it. The tables below define both; the
``case`` of a cell is its failure, and its other axes say what is trained.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from suite.catalogue.datasets import DATASETS
from suite.metrics.training import LEARNED
from suite.studies.common import costs
from suite.studies.common.measurements import measurement
from suite.studies.common.protocol import (
    accuracy,
    divergences,
    first_true,
    network,
    seeded_task,
)
from suite.studies.common.scores import SCORES, scored
from suite.types import (
    BLOCK,
    Array,
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
    Value,
    float64,
)

DEPTH, WIDTH = 16, 16
BATCH = 50
EPOCHS = 20
"""The number of epochs, of 20 batches each: 400 steps, twice as many as the median healthy network
needs for 0.95."""
TRAINED = 0.9
"""The held-out accuracy at which a network counts as trained; guessing gives 0.5, the best network
0.99."""
RATE = "sgd"
"""Plain gradient descent with learning rate 0.1: an optimizer that rescales each gradient would be
a remedy itself."""

_Axes = dict[str, Value]

FAILURES: dict[str, _Axes] = {
    # Gradients shrink by about 1/4 per layer, the slope of sigmoid at 0.
    "vanishing_sigmoid": {"activation": "sigmoid", "initializer": "xavier_normal"},
    # Mean squares shrink by fan_in Var(W) / 2 per layer: 1/6 in torch, 1/2 in Keras.
    "vanishing_default": {"activation": "relu", "initializer": "default"},
    # They shrink by 16 * 1e-4 / 2 = 0.0008 per layer: no signal reaches the output.
    "vanishing_small": {"activation": "relu", "initializer": "normal(0.01)"},
    # With twice He's weights mean squares grow by 4 per layer, forward and backward.
    "exploding_relu": {"activation": "relu", "initializer": "he_normal", "scale": 2.0},
    # tanh bounds the signal, and the gradient grows: chaos (Poole et al. 2016).
    "exploding_tanh": {"activation": "tanh", "initializer": "normal(1)"},
    # Not a failure: it shows the effect of the remedies on a network that trains without them.
    "healthy": {"activation": "relu", "initializer": "he_normal"},
}
REMEDIES: dict[str, _Axes] = {
    "none": {},
    "clip by norm": {"clipping": "norm(1)"},
    "clip by value": {"clipping": "value(0.1)"},
    "residual": {"residual": 1.0},
    "residual, scaled": {"residual": DEPTH**-0.5},
    "batch norm": {"normalization": "batch"},
    "layer norm": {"normalization": "layer"},
    "step decay": {"schedule": "step(5,0.5)"},
    "exponential decay": {"schedule": "exponential(0.9)"},
    "momentum": {"optimizer": "sgd(0.1,0.9)"},
    "Adam": {"optimizer": "adam"},
}
"""The remedies that are the same for every failure; ``OWN`` has those that depend on it."""
_HEALTHY: _Axes = {"case": "healthy", "initializer": "he_normal", "scale": 1.0}
"""The healthy networks, which are thus trained only once."""
OWN: dict[str, dict[str, _Axes]] = {
    "better start": {
        # A slope of 1/4 needs four times the weights that suit a slope of 1.
        "vanishing_sigmoid": {"scale": 4.0},
        **dict.fromkeys(("vanishing_default", "vanishing_small", "exploding_relu"), _HEALTHY),
        "exploding_tanh": {"initializer": "xavier_normal"},
    },
    "other activation": {
        "vanishing_sigmoid": {"activation": "tanh"},
        "vanishing_default": {"activation": "tanh"},
        "vanishing_small": {"activation": "tanh"},
        "exploding_relu": {"activation": "tanh"},
        "exploding_tanh": {"activation": "relu"},
        "healthy": {"activation": "tanh"},
    },
}
# Here the median of 20 seeds is uncertain, because some networks of a cell fail: more seeds.
_MORE_SEEDS = {("healthy", "none"): 4 * BLOCK} | dict.fromkeys(
    (
        ("vanishing_small", "batch norm"),
        ("vanishing_small", "residual"),
        ("vanishing_default", "residual"),
        ("vanishing_sigmoid", "none"),
        ("vanishing_sigmoid", "other activation"),
        ("exploding_relu", "layer norm"),
        ("exploding_tanh", "none"),
        ("exploding_tanh", "better start"),
    ),
    2 * BLOCK,
)
_QUICK = ("none", "clip by norm", "residual", "batch norm", "better start")


def cure(failure: str, remedy: str) -> _Axes | None:
    """Return the axes of a failure with a remedy, without defaults; None if it does not apply."""
    change = OWN[remedy].get(failure) if remedy in OWN else REMEDIES[remedy]
    if change is None:
        return None
    common: _Axes = {"case": failure, "depth": DEPTH, "width": WIDTH, "optimizer": RATE}
    return {**common, **FAILURES[failure], **change}


class Remedies(Study):
    """Every failure with every remedy on the two circles."""

    name = "remedies"
    position = 160
    question = "Which remedy turns an exploding or vanishing start into training?"
    source = (
        "the gradient article; Pascanu, Mikolov and Bengio 2013; Ioffe and Szegedy 2015;"
        " Ba, Kiros and Hinton 2016; He, Zhang, Ren and Sun 2016"
    )
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
        "normalization",
        "residual",
        "clipping",
        "schedule",
        "scale",
        "case",
    )
    everywhere = ("dataset", "depth", "width")
    subject = (
        "activation",
        "initializer",
        "optimizer",
        "normalization",
        "residual",
        "clipping",
        "schedule",
        "scale",
    )
    # Failures that share an activation are one program: deep networks take long to trace.
    starts_on_data = True
    within = ("case", "initializer", "scale", "weights")
    tables = (
        TableSpec(
            "runs",
            (
                "train_loss",
                "heldout_loss",
                "train_accuracy",
                "heldout_accuracy",
                "first_epoch_95",
                "diverged_step",
                "initial_gradient_norm",
                "first_gradient_norm",
            ),
            brought=SCORES,
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        names = _QUICK if profile == "quick" else (*REMEDIES, *OWN)
        failures = (
            ("vanishing_default", "vanishing_small", "exploding_relu", "healthy")
            if profile == "quick"
            else tuple(FAILURES)
        )
        seeds = 5 * BLOCK if profile == "full" else BLOCK
        grids = tuple(
            Grid(
                {axis: (value,) for axis, value in axes.items()},
                max(seeds, _MORE_SEEDS.get((failure, remedy), 0)),
            )
            for remedy in names
            for failure in failures
            if (axes := cure(failure, remedy)) is not None
        )
        if profile != "full":
            return grids
        every = tuple(Grid({**grid.axes, "dataset": DATASETS.names}, grid.seeds) for grid in grids)
        return (*grids, *every)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        task = remedied_task(stack, lab)
        snapshots = list(lab.framework.train(task))
        runs = _run_columns(snapshots, task)
        reasons = divergences(snapshots, runs["diverged_step"])
        dataset = stack.members[0].cell.text("dataset")
        return measurement(reasons, [Table("runs", {}, scored(runs, dataset, task, snapshots))])

    def cost(self, stack: Stack) -> Cost:
        return costs.on_dataset(stack, EPOCHS, 2)

    def most_members(self, cell: Cell) -> int:
        return costs.most_on_dataset(cell, 2)


@np.errstate(over="ignore", invalid="ignore")  # a scale beyond float32 is a diverged run
def remedied_task(stack: Stack, lab: Lab) -> TrainTask:
    """Return the task of training a stack on its data set, from its start times its scale."""
    first = stack.members[0].cell
    architecture = dataclasses.replace(
        network(first, first.text("dataset")),
        normalization=first.text("normalization"),
        residual=float(first["residual"]),
    )
    task = seeded_task(stack, lab, (0, EPOCHS), architecture, first.text("dataset"))
    factor = np.array([float(member.cell["scale"]) for member in stack.members], np.float32)
    return dataclasses.replace(
        task,
        weights=tuple((kernel * factor[:, None, None], bias) for kernel, bias in task.weights),
        batch=BATCH,
        clipping=first.text("clipping"),
        schedule=first.text("schedule"),
    )


def _run_columns(snapshots: list[Snapshot], task: TrainTask) -> dict[str, Array]:
    first, last = snapshots
    members, points = task.labels.shape
    by_epoch = float64(last.batch_correct).reshape(EPOCHS, -1, members).sum(axis=1) / points
    return {
        "train_loss": float64(last.loss),
        "heldout_loss": float64(last.heldout_loss),
        "train_accuracy": accuracy(last.logits, task.labels),
        "heldout_accuracy": accuracy(last.heldout_logits, task.heldout_labels),
        "first_epoch_95": first_true(by_epoch >= LEARNED),
        "diverged_step": first_true(~np.isfinite(last.batch_loss)),
        "initial_gradient_norm": norm([part for layer in first.gradients for part in layer]),
        "first_gradient_norm": norm([first.gradients[0][0]]),
    }


@np.errstate(over="ignore", invalid="ignore")
def norm(parts: list[Array]) -> Array:
    """Return the Euclidean norm, (K,), of all entries of arrays (K, ...) together."""
    squares = [(float64(part) ** 2).reshape(len(part), -1).sum(axis=1) for part in parts]
    total: Array = np.sqrt(functools.reduce(np.add, squares))
    return total


STUDY = Remedies()
