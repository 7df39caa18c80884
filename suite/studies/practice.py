"""Networks as people train them: Adam, SGD and RMSprop, widths 5 and 64, circles and digits.

The study ``training`` asks its questions with RMSprop in layers of 5. Here the optimizer, the
width, the data and the learning rate are those of a user, because the answers change with them. The
seed of a network determines its data, its start and its batch order, as in ``training``: a cell
that both studies have is the same experiment.

With the case ``chosen`` the learning rate of each cell is chosen from three, by the mean held-out
accuracy of networks whose seeds no profile and no user can select; those of the cell are trained
afterwards.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.datasets import DATASETS
from suite.metrics.practice import LEARNED
from suite.metrics.training import LEARNED as FITTED
from suite.planning.axes import LARGEST
from suite.studies.common import costs
from suite.studies.common.measurements import measurement
from suite.studies.common.protocol import (
    BATCH,
    accuracy,
    divergences,
    first_true,
    network,
    seeded_task,
)
from suite.studies.common.scores import SCORES, scored
from suite.studies.common.starts import without_law
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
    Stack,
    Study,
    Table,
    TableSpec,
    Value,
    float64,
)

NARROW, WIDE = 5, 64
"""The width of the study ``training``, and one that people use."""
EPOCHS = 100
"""The epochs of narrow networks on the circles: 3,200 steps, as in the study ``training``."""
WIDE_STEPS = 400
"""The least number of steps of all other networks: as many as in the studies ``remedies`` and
``digits``. A step of a wide network costs a hundred times as much."""
FACTORS = (1.0, 0.1, 10.0)
"""The factors of the learning rate from which one is chosen; of equals, the first."""
CHOOSING = tuple(range(LARGEST, LARGEST + 5))
"""The seeds on which a rate is chosen: a run has at most ``LARGEST`` seeds, which begin at 0."""

INITIALIZERS = ("default", "xavier_uniform", "he_normal", "orthogonal")
BLOCKS = 2 * BLOCK
"""The seeds of a cell whose share decides a claim. At the level of the suite, 20 of 20 seeds leave
shares above 0.59 possible, and 19 of 20 even one below a half; of 40 seeds, 33 exclude a half."""


class Practice(Study):
    """Adam, SGD and RMSprop by start, depth, width and data set, at a given or a chosen rate."""

    name = "practice"
    position = 12
    question = "Which start trains with the optimizers, widths and data that people use?"
    source = (
        "the frameworks' defaults; Kingma and Ba 2014; He, Zhang, Ren and Sun 2015; Hendrycks and"
        " Gimpel 2016"
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
        "case",
    )
    starts_on_data = True
    within = ("initializer", "weights")
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
                "learned",
                "chosen_rate",
            ),
            brought=SCORES,
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        starts = ("default", "he_normal")
        first = _grid(("gelu",), INITIALIZERS, (4,), NARROW, ("adam",), BLOCKS)
        if profile == "quick":
            return (Grid({**first.axes, "initializer": starts}, block=BLOCKS),)
        both = ("gelu", "relu")
        standard = (
            first,
            _grid(both, INITIALIZERS, (4, 16), NARROW, ("adam",), BLOCKS),
            _grid(both, INITIALIZERS, (4,), NARROW, ("sgd",), BLOCKS),
            _grid(("relu",), INITIALIZERS, (1, 2, 8), NARROW, ("adam", "sgd")),
            _grid(("tanh",), INITIALIZERS, (16,), NARROW, ("adam",)),
            _grid(("relu",), INITIALIZERS, (16,), NARROW, ("sgd",)),
            # About a quarter of these learn in torch: it takes more seeds to exclude a half.
            _grid(("gelu",), ("default",), (16,), NARROW, ("adam",), 2 * BLOCKS),
            _grid(("gelu",), starts, (16,), NARROW, ("rmsprop",), BLOCKS),
            _grid(("gelu",), starts, (16,), NARROW, ("rmsprop",), case=("chosen",)),
            _grid(("silu",), INITIALIZERS, (4, 16), NARROW, ("adam",)),
            _grid(both, (*starts, "xavier_uniform"), (4,), WIDE, ("adam",)),
            _grid(both, starts, (4,), WIDE, ("rmsprop", "sgd")),
            _grid(("relu",), starts, (16,), WIDE, ("adam",)),
            _grid(("gelu",), starts, (16,), WIDE, ("adam", "rmsprop")),
            _grid(("gelu",), starts, (4, 16), WIDE, ("adam",), dataset=("digits",)),
            _grid(("gelu",), starts, (4,), WIDE, ("rmsprop", "sgd"), dataset=("digits",)),
            # As users get them: no argument for the layer, none for the optimizer.
            _grid(
                ("relu",),
                ("default",),
                (4,),
                WIDE,
                ("adam", "rmsprop", "sgd"),
                dataset=("digits",),
                settings=("default",),
            ),
        )
        if profile == "standard":
            return standard
        every = ("relu", "gelu", "silu", "tanh")
        names = tuple(optimizers.OPTIMIZERS.names)
        wide = _grid(every, INITIALIZERS, (4, 16), WIDE, names, dataset=DATASETS.names)
        chosen = _grid(every, INITIALIZERS, (4, 16), NARROW, names, case=("chosen",))
        # What standard leaves to this profile: it takes more seeds to decide.
        more = (
            _grid(("gelu",), ("default",), (16,), NARROW, ("adam",), 4 * BLOCKS),
            _grid(("gelu",), starts, (16,), NARROW, ("rmsprop",), BLOCKS, case=("chosen",)),
            _grid(("gelu",), starts, (16,), WIDE, ("adam", "rmsprop"), BLOCKS),
            _grid(("gelu",), starts, (16,), WIDE, ("adam",), BLOCKS, dataset=("digits",)),
        )
        return (wide, *standard, chosen, *more)

    def unsupported(self, cell: Cell) -> str | None:
        if cell["case"] == "chosen" and cell["settings"] != "common":
            return "the frameworks' own settings have the frameworks' own learning rate"
        return without_law(cell)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        given = stack.members[0].cell
        if given["case"] == "chosen":
            rates = chosen_rates(stack, lab)
            names = {cell: with_rate(given.text("optimizer"), rate) for cell, rate in rates.items()}
        else:
            names = {member.cell: given.text("optimizer") for member in stack.members}
        columns: dict[str, Array] = {}
        reasons = np.full(len(stack.members), "", dtype=object)
        for name in dict.fromkeys(names.values()):
            place = [k for k, member in enumerate(stack.members) if names[member.cell] == name]
            part, why = _trained(stack, [stack.members[k] for k in place], name, lab)
            for metric, values in part.items():
                columns.setdefault(metric, np.full(len(stack.members), np.nan))[place] = values
            reasons[place] = why
        if given["case"] == "chosen":
            columns["chosen_rate"] = np.array([rates[member.cell] for member in stack.members])
        return measurement(list(reasons), [Table("runs", {}, columns)])

    def cost(self, stack: Stack) -> Cost:
        first = stack.members[0].cell
        plain = costs.on_dataset(stack, epochs_of(first), 2)
        more = 1 + len(FACTORS) if first["case"] == "chosen" else 1
        return dataclasses.replace(plain, seconds=more * plain.seconds)

    def most_members(self, cell: Cell) -> int:
        return costs.most_on_dataset(cell, 2)


def _grid(
    activations: tuple[str, ...],
    initializers: tuple[str, ...],
    depths: tuple[int, ...],
    width: int,
    names: tuple[str, ...],
    seeds: int = BLOCK,
    **more: tuple[Value, ...],
) -> Grid:
    axes: Axes = {
        "case": ("given",),
        "activation": activations,
        "initializer": initializers,
        "depth": depths,
        "width": (width,),
        "optimizer": names,
        **more,
    }
    return Grid(axes, seeds, BLOCKS)


def epochs_of(cell: Cell) -> int:
    """Return the number of epochs for which the networks of a cell are trained."""
    return epochs_of_values(cell.text("dataset"), cell.count("width"))


def epochs_of_values(dataset: str, width: int) -> int:
    """Return the number of epochs for which networks of a width are trained on a data set."""
    if dataset == "circles" and width <= NARROW:
        return EPOCHS
    batches = math.ceil(DATASETS[dataset].points / BATCH)
    return math.ceil(WIDE_STEPS / batches)


def with_rate(name: str, rate: float) -> str:
    """Return the name of an optimizer with another learning rate, in its canonical form."""
    optimizer = optimizers.resolve(name)
    values = {**optimizer.common, "learning_rate": rate}
    return optimizers.canonical(f"{optimizer.name}({','.join(map(repr, values.values()))})")


def chosen_rates(stack: Stack, lab: Lab) -> Mapping[Cell, float]:
    """Return the learning rate with which each cell of a stack does best on the seeds of
    ``CHOOSING``: by its mean held-out accuracy (R² for a number to predict), in which a diverged
    network counts 0."""
    cells = list(dict.fromkeys(member.cell for member in stack.members))
    members = [Member(cell, seed) for cell in cells for seed in CHOOSING]
    name = cells[0].text("optimizer")
    given = optimizers.resolve(name).common["learning_rate"]
    rates = [float(f"{factor * given:.12g}") for factor in FACTORS]
    means = []
    for rate in rates:
        columns, reasons = _trained(stack, members, with_rate(name, rate), lab)
        score = columns["heldout_accuracy" if "heldout_accuracy" in columns else "heldout_r2"]
        right = np.where(np.array(reasons) == "", score, 0.0)
        means.append(right.reshape(len(cells), len(CHOOSING)).mean(axis=1))
    best = np.argmax(means, axis=0)
    return {cell: rates[place] for cell, place in zip(cells, best, strict=True)}


def _trained(
    stack: Stack, members: Sequence[Member], optimizer: str, lab: Lab
) -> tuple[dict[str, Array], list[str]]:
    """Train some members of a stack; return their columns and the reasons of those that diverged.

    ``optimizer``: its name, with the learning rate.
    """
    cell = members[0].cell
    model = dataclasses.replace(
        network(cell, cell.text("dataset")),
        normalization=cell.text("normalization"),
        residual=float(cell["residual"]),
    )
    part, epochs = dataclasses.replace(stack, members=tuple(members)), epochs_of(cell)
    task = seeded_task(part, lab, (0, epochs), model, cell.text("dataset"))
    task = dataclasses.replace(task, optimizer=optimizer)
    snapshots = list(lab.framework.train(task))
    last, points = snapshots[-1], task.labels.shape[1]
    by_epoch = float64(last.batch_correct).reshape(epochs, -1, len(members)).sum(axis=1) / points
    columns = {
        "train_loss": float64(last.loss),
        "heldout_loss": float64(last.heldout_loss),
        "train_accuracy": accuracy(last.logits, task.labels),
        "heldout_accuracy": accuracy(last.heldout_logits, task.heldout_labels),
        "first_epoch_95": first_true(by_epoch >= FITTED),
        "diverged_step": first_true(~np.isfinite(last.batch_loss)),
    }
    if cell.text("dataset") in LEARNED:
        least = LEARNED[cell.text("dataset")]
        columns["learned"] = float64(columns["heldout_accuracy"] >= least)
    reasons = divergences(snapshots, columns["diverged_step"])
    return scored(columns, cell.text("dataset"), task, snapshots), reasons


STUDY = Practice()
