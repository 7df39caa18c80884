"""The published two-circles tutorial on vanishing gradients, rerun two hundred times.

The study trains its six networks (hidden layers of 5; see ``prints``) on its own data set, point
for point, so that seeds differ only in start and batch order; the linear network that it calls
useless; and networks that it leaves out: Glorot's start, other learning rates, and a sigmoid
network that starts as the same function as a tanh network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from suite.catalogue import datasets
from suite.catalogue.frameworks import entry_of
from suite.probes.tutorial import UserLoop
from suite.studies.common import costs
from suite.studies.common.measurements import measurement
from suite.studies.common.protocol import accuracy, divergences, first_true, layer_columns
from suite.studies.tutorial.prints import WIDTH, comparison, printed
from suite.studies.tutorial.starts import start_gap, tutorial_task
from suite.studies.tutorial.trajectories import gradients, movement, spreads
from suite.types import (
    BLOCK,
    Array,
    Axes,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Snapshot,
    Stack,
    Study,
    Table,
    TableSpec,
    TrainTask,
    Weights,
    float64,
)

EPOCHS = 100
STACKED = 100
"""The number of seeds in one stack."""
FIT_SEEDS, FIT_EPOCHS = 2, 10
"""The number of seeds whose networks are also trained one by one, as a user would, and the epochs.
Later, rounding errors have grown: two trajectories of one network diverge after some hundred
steps."""

_LAYERS = ("weight_mean", "weight_std", "gradient_mean", "gradient_mean_abs", "gradient_std")
_EPOCHS = ("loss", "accuracy")


class Tutorial(Study):
    """The tutorial's networks and their variants.

    The cases are ``independent``, in which every layer is drawn by itself; ``shared_initializer``,
    in which all layers are drawn from one seed, as by the one initializer object that the tutorial
    passes to every layer; and ``as_tanh``, a sigmoid network that computes the same function as the
    tanh network of its draw.
    """

    name = "tutorial"
    position = 20
    question = "Do the numbers and explanations of the published two-circles tutorial hold up?"
    source = "the published two-circles tutorial on vanishing gradients, and its readers' comments"
    axes = ("framework", "activation", "initializer", "depth", "width", "optimizer", "case")
    everywhere = ("width",)
    within = ("initializer", "case")
    tables = (
        TableSpec(
            "runs",
            (
                "train_loss",
                "train_accuracy",
                "initial_loss",
                "initial_accuracy",
                "printed_accuracy",
                "accuracy_over_print",
                "within_print",
                "printed_again",
                "within_print_again",
                "printed_loss",
                "loss_over_print",
                "loss_within_print",
                "initial_spread",
                "final_spread",
                "movement_first",
                "movement_last",
                "movement_ratio",
                "std_rise_first",
                "std_rise_others",
                "std_rise_lead",
                "mean_moved_late",
                "gradient_std_first",
                "gradient_std_last",
                "gradient_std_typical",
                "gradient_decay",
                "signed_share_first",
                "signed_share_last",
                "gradient_left_first",
                "gradient_left_last",
                "start_gap",
            ),
        ),
        TableSpec("epochs", _EPOCHS, coordinates=("epoch",), per="seeds"),
        TableSpec("layers", _LAYERS, coordinates=("epoch", "layer"), per="seeds"),
        TableSpec("epochs_by_run", _EPOCHS, coordinates=("epoch",), seed_limit=10),
        TableSpec("layers_by_run", _LAYERS, coordinates=("epoch", "layer"), seed_limit=5),
        TableSpec(
            "fits",
            ("fit_deviation", "fit_loss", "fit_loss_gap", "fit_accuracy", "fit_accuracy_gap"),
            seed_limit=FIT_SEEDS,
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        many, some, few = {
            "quick": (BLOCK, BLOCK, 0),
            "standard": (200, 60, 40),
            "full": (200, 100, 200),
        }[profile]
        three = ("sigmoid", "tanh", "relu")
        grids = (
            _grid(three, many, cases=("independent", "shared_initializer")),
            _grid(("sigmoid", "relu"), many, 1, "adam", "xavier_uniform"),
            _grid(("sigmoid",), many, 3, "adam", "xavier_uniform"),
            _grid(("sigmoid",), many, cases=("as_tanh",)),
            _grid(three, some, initializer="xavier_uniform"),
        )
        if not few:
            return grids
        more = (
            _grid(("linear",), few, 1, "adam", "xavier_uniform"),
            # One network in six does not learn: 40 seeds may not decide whether most do.
            _grid(("sigmoid",), max(few, STACKED), optimizer="rmsprop(0.01)"),
            _grid(("sigmoid",), few, optimizer="rmsprop(0.03)"),
            _grid(("sigmoid",), few, optimizer="sgd"),
        )
        if profile == "standard":
            return (*grids, *more)
        return (
            *grids,
            *more,
            _grid(three, few, initializer="he_normal"),
            _grid(("sigmoid",), few, optimizer="rmsprop(0.003)"),
            _grid(("tanh", "relu"), few, optimizer="sgd"),
        )

    def unsupported(self, cell: Cell) -> str | None:
        if cell["case"] == "as_tanh" and cell["activation"] != "sigmoid":
            return "only a sigmoid network can compute the function of a tanh network"
        return None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (UserLoop.fit,) if _printed(cell) else ()

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        task = tutorial_task(stack, lab, tuple(range(EPOCHS + 1)))
        snapshots = list(lab.framework.train(task))
        layers = layer_columns(snapshots)
        runs = _run_columns(stack, lab, task, snapshots)
        runs |= gradients(layers) | spreads(layers)
        runs |= movement(snapshots[0].weights, snapshots[-1].weights)
        losses = np.concatenate([snapshot.batch_loss for snapshot in snapshots])
        by_layer = {name: layers[name] for name in _LAYERS}
        by_epoch = {
            "loss": np.stack([float64(snapshot.loss) for snapshot in snapshots], axis=1),
            "accuracy": np.stack([accuracy(s.logits, task.labels) for s in snapshots], axis=1),
        }
        epochs, places = np.array(task.record), np.arange(1, len(task.weights) + 1)
        tables = [Table("runs", {}, runs)]
        for suffix in ("", "_by_run"):
            tables.append(Table(f"epochs{suffix}", {"epoch": epochs}, by_epoch))
            tables.append(Table(f"layers{suffix}", {"epoch": epochs, "layer": places}, by_layer))
        fitted = any(map(_fitted, stack.members))
        by_fit = fits(stack, lab, task, snapshots[FIT_EPOCHS]) if fitted else {}
        tables.append(Table("fits", {}, by_fit))
        reasons = divergences(snapshots, first_true(~np.isfinite(losses)))
        return measurement(reasons, tables)

    def cost(self, stack: Stack) -> Cost:
        # The gradients of a snapshot are those of one batch, so that it costs a fifth of an epoch.
        training = costs.training(stack, datasets.POINTS, EPOCHS, EPOCHS // 5)
        alone = entry_of(stack.framework).rates.fit * sum(map(_fitted, stack.members))
        return replace(training, seconds=training.seconds + alone)

    def most_members(self, cell: Cell) -> int:
        return costs.most_members(cell, datasets.POINTS, EPOCHS)


def _grid(
    activations: tuple[str, ...],
    seeds: int,
    depth: int = 4,
    optimizer: str = "rmsprop",
    initializer: str = "normal(1)",
    cases: tuple[str, ...] = ("independent",),
) -> Grid:
    axes: Axes = {
        "activation": activations,
        "initializer": (initializer,),
        "depth": (depth,),
        "width": (WIDTH,),
        "optimizer": (optimizer,),
        "case": cases,
    }
    return Grid(axes, seeds, STACKED)


# --- what is measured --------------------------------------------------------------------------


def _run_columns(
    stack: Stack, lab: Lab, task: TrainTask, snapshots: list[Snapshot]
) -> dict[str, Array]:
    first, last = snapshots[0], snapshots[-1]
    right = accuracy(last.logits, task.labels)
    columns = {
        "train_loss": float64(last.loss),
        "train_accuracy": right,
        "initial_loss": float64(first.loss),
        "initial_accuracy": accuracy(first.logits, task.labels),
        "initial_spread": float64(first.logits).std(axis=1),
        "final_spread": float64(last.logits).std(axis=1),
        **comparison([member.cell for member in stack.members], right, last.loss),
    }
    gaps = [
        start_gap(member, lab, task, first.logits[row])
        if member.cell["case"] == "as_tanh"
        else np.nan
        for row, member in enumerate(stack.members)
    ]
    return columns if np.isnan(gaps).all() else columns | {"start_gap": np.array(gaps)}


def _fitted(member: Member) -> bool:
    """Return whether a member is also trained by itself: two seeds of the tutorial's networks."""
    return _printed(member.cell) and member.seed < FIT_SEEDS


def _printed(cell: Cell) -> bool:
    """Return whether the tutorial prints the accuracy of a cell's network."""
    return cell["case"] == "independent" and not np.isnan(printed(cell).accuracy)


def fits(stack: Stack, lab: Lab, task: TrainTask, stacked: Snapshot) -> dict[str, Array]:
    """Return the metrics of the table ``fits``, (K,) each; NaN for members not trained alone.

    ``stacked``: the snapshot of the stack after ``FIT_EPOCHS`` epochs.
    """
    fit = lab.framework.probe(UserLoop).fit
    short = replace(task, record=(0, FIT_EPOCHS))
    names = ("fit_deviation", "fit_loss", "fit_accuracy")
    alone = np.full((3, len(stack.members)), np.nan)
    for row, member in enumerate(stack.members):
        if _fitted(member):
            weights, loss, right = fit(short, row)
            alone[:, row] = _deviation(stacked.weights, weights, row), loss, right
    columns = dict(zip(names, alone, strict=True))
    columns["fit_loss_gap"] = float64(stacked.loss) - columns["fit_loss"]
    columns["fit_accuracy_gap"] = accuracy(stacked.logits, task.labels) - columns["fit_accuracy"]
    return columns


def _deviation(stacked: Weights, alone: Weights, row: int) -> float:
    """Return the largest deviation of an entry of one member, relative to the largest of its
    array."""
    pairs = [
        (float64(stacked_array[row]), float64(array))
        for stacked_layer, layer in zip(stacked, alone, strict=True)
        for stacked_array, array in zip(stacked_layer, layer, strict=True)
    ]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


STUDY = Tutorial()
