"""The drift of the frameworks in 100 epochs from the same start, and which formulas explain it.

Each framework trains on shared weights, data and batches, and is compared with a reference that
does the same: itself, started one unit in the last place away, or the float64 oracle with the
formulas of either framework. The first shows the effect of rounding alone, the difference between
the others that of a formula. Rounding errors make trajectories diverge, so a gap means something
only in comparison with the gap of the one-ulp start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.frameworks import Formulas, entry_of
from suite.catalogue.registry import ORACLE
from suite.probes.drift import FormulaTraining
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.protocol import accuracy, circles_task, first_true
from suite.studies.parity import NOT_SHARED, OFF, by_layer
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

POINTS = 500
"""The number of points: half of the two circles, 16 steps per epoch. A hundred epochs are enough to
learn them, and the frameworks' time is proportional to the steps."""
RECORD = (0, 1, 2, 5, 10, 20, 50, 100)
EARLY = 100
"""The number of steps after which trajectories that differ by rounding may diverge."""
ULP, OWN, OTHER, CLIPNORM = "one_ulp", "own_form", "other_form", "clipnorm_form"

EXCHANGED = tuple(
    map(optimizers.canonical, ("rmsprop(0.001,0.9,1e-14)", "rmsprop(0.001,0.9,0.000316)"))
)
"""RMSprop with an epsilon for which Keras' formula is nearly torch's with 1e-7, and one for which
torch's is nearly Keras': the square of 1e-7, and its root."""


class Drift(Study):
    """Long training on shared weights beside four references: one ulp away, the framework's own
    formulas, those of the other one, and Keras' convention of clipping."""

    name = "drift"
    position = 110
    question = "From the same start, how far do the frameworks drift apart, and why?"
    source = "the frameworks' source code; Goldberg 1991 on rounding"
    axes = (
        "framework",
        "activation",
        "initializer",
        "depth",
        "width",
        "optimizer",
        "weights",
        "settings",
        "clipping",
        "case",
    )
    everywhere = ("width",)
    within = ("case",)
    tables = (
        TableSpec(
            "runs",
            (
                "step_apart",
                "layer_apart",
                "early_gap",
                "weight_gap",
                "loss_gap",
                "accuracy_gap",
                "train_loss",
                "heldout_accuracy",
            ),
        ),
        TableSpec("growth", ("batch_gap", "weight_gap"), coordinates=("epoch",), per="seeds"),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        start: Axes = {
            "initializer": ("xavier_uniform",),
            "width": (5,),
            "weights": ("shared",),
        }
        four: Axes = {**start, "depth": (4,)}
        cases = (ULP, OWN, OTHER)
        quick = Grid({**four, "activation": ("tanh",), "optimizer": ("rmsprop",), "case": cases})
        if profile == "quick":
            return (quick,)
        head: Axes = {**four, "activation": ("sigmoid", "tanh", "relu")}
        adaptive = Grid({**head, "optimizer": ("rmsprop", "adam"), "case": cases})
        plain = Grid({**head, "optimizer": ("sgd",), "case": (ULP, OWN)})
        # Here rounding errors grow to the size of the weights in some networks only.
        chaotic = Grid({**head, "optimizer": ("sgd(0.1,0.9)",), "case": (ULP, OWN)}, seeds=40)
        clipped = Grid(
            {
                **four,
                "activation": ("tanh",),
                "optimizer": ("sgd",),
                "clipping": ("norm(0.1)",),
                "case": (*cases, CLIPNORM),
            }
        )
        deep: Axes = {**start, "activation": ("gelu",), "depth": (16,), "case": (ULP,)}
        exchange = Grid({**deep, "optimizer": ("rmsprop", *EXCHANGED)})
        standard = (adaptive, plain, chaotic, clipped, exchange)
        if profile == "standard":
            return standard
        every: Axes = {
            **start,
            "activation": ("linear", "sigmoid", "tanh", "relu", "elu", "gelu", "silu"),
            "depth": (1, 4, 16),
        }
        return (
            Grid({**every, "optimizer": ("rmsprop", "adam"), "case": cases}, seeds=60),
            Grid({**every, "optimizer": ("sgd", "sgd(0.1,0.9)"), "case": (ULP, OWN)}, seeds=60),
            replace(clipped, seeds=60),
            replace(exchange, seeds=60),
            *standard,
        )

    def unsupported(self, cell: Cell) -> str | None:
        if cell["weights"] != "shared" or cell["initializer"] == "default":
            return NOT_SHARED
        if cell["settings"] != "common":
            return "the formulas have no defaults: only common settings can be compared"
        if cell["case"] == CLIPNORM and cell["clipping"] == "none":
            return "a convention of clipping can be compared only where gradients are clipped"
        form = entry_of(cell.text("framework")).form(cell.text("optimizer"))
        if cell["case"] in (OWN, OTHER) and form is None:
            return "the formulas of this framework's optimizers are not written down in the suite"
        return optimizers.resolve(cell.text("optimizer")).undeclared(ORACLE)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        # All cases compare the same training: one member per seed is trained.
        seeds = list(dict.fromkeys(member.seed for member in stack.members))
        first_of = [next(m for m in stack.members if m.seed == seed) for seed in seeds]
        task = circles_task(replace(stack, members=tuple(first_of)), lab, RECORD)
        task = replace(shortened(task), clipping=first_of[0].cell.text("clipping"))
        snapshots = list(lab.framework.train(beside_nudged(task)))
        trained = [_members(snapshot, slice(len(seeds))) for snapshot in snapshots]
        nudged = [_members(snapshot, slice(len(seeds), None)) for snapshot in snapshots]
        gaps_of = {}
        for case in dict.fromkeys(member.cell.text("case") for member in stack.members):
            reference = nudged
            if case != ULP:
                form = formula(case, lab.framework.name, task.optimizer)
                reference = lab.oracle.probe(FormulaTraining).train(task, form)
            gaps_of[case] = gaps(trained, reference, task)
        finite = np.isfinite(np.array([snapshot.loss for snapshot in trained])).all(axis=0)
        rows = [(m.cell.text("case"), seeds.index(m.seed)) for m in stack.members]

        def columns(table: int) -> dict[str, Array]:
            names = next(iter(gaps_of.values()))[table]
            return {
                name: np.array([gaps_of[case][table][name][seed] for case, seed in rows])
                for name in names
            }

        return measurement(
            reasons((finite[seed] for _, seed in rows), "the training loss became inf or NaN"),
            (
                Table("runs", {}, columns(0)),
                Table("growth", {"epoch": np.array(RECORD[1:])}, columns(1)),
            ),
        )

    def cost(self, stack: Stack) -> Cost:
        cases = {member.cell["case"]: member for member in stack.members}
        seeds = {member.seed: member for member in stack.members}
        pair = replace(stack, members=(*seeds.values(), *seeds.values()))
        trained = costs.training(pair, POINTS, RECORD[-1], len(RECORD))
        single = replace(stack, framework="numpy", members=tuple(seeds.values()))
        formulas = costs.training(single, POINTS, RECORD[-1], len(RECORD))
        times = len(cases.keys() - {ULP})
        # Half the points of the training that set the rates.
        return Cost((trained.seconds + times * formulas.seconds) / 2, trained.bytes)

    def most_members(self, cell: Cell) -> int:
        return costs.most_members(cell, POINTS, len(RECORD))


def formula(case: str, framework: str, optimizer: str) -> str:
    """Return whose formula of an optimizer a case refers to."""
    if case == CLIPNORM:
        return "clipnorm"
    forms: tuple[str, ...] = get_args(Formulas)
    native = entry_of(framework).form(optimizer)
    return next(form for form in forms if (form == native) == (case == OWN))


def shortened(task: TrainTask) -> TrainTask:
    """Return the task on the first ``POINTS`` of its points, with the others left out of the
    order."""
    return replace(
        task,
        inputs=task.inputs[:, :POINTS],
        labels=task.labels[:, :POINTS],
        order=lambda epoch: np.stack([row[row < POINTS] for row in task.order(epoch)]),
    )


def beside_nudged(task: TrainTask) -> TrainTask:
    """Return the task of training the members and, after them, the same members started one ulp
    away: every kernel entry is moved to the next float32 away from zero."""

    def away(kernel: Array) -> Array:
        return np.nextafter(kernel, np.copysign(np.float32(np.inf), kernel))

    def twice(values: Array) -> Array:
        return np.concatenate([values, values])

    return replace(
        task,
        weights=tuple((np.concatenate([k, away(k)]), twice(b)) for k, b in task.weights),
        inputs=twice(task.inputs),
        labels=twice(task.labels),
        heldout_inputs=twice(task.heldout_inputs),
        heldout_labels=twice(task.heldout_labels),
        order=lambda epoch: twice(task.order(epoch)),
        noise=[*task.noise, *task.noise],
    )


def gaps(
    trained: list[Snapshot], reference: list[Snapshot], task: TrainTask
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the metrics of both tables, each (n,) or (n, epochs).

    The snapshots are those at ``task.record``.
    """
    loss, reference_loss = (
        float64(np.concatenate([snapshot.batch_loss for snapshot in snapshots]))
        for snapshots in (trained, reference)
    )
    difference = np.abs(loss - reference_loss)
    layers = np.array(
        [by_layer(a.weights, b.weights) for a, b in zip(trained, reference, strict=True)]
    )  # (epochs, layers, n)
    beyond = ~(layers <= OFF)
    first = beyond.any(axis=1).argmax(axis=0)  # the index of the epoch, if there is one
    layers_beyond = np.take_along_axis(beyond, first[None, None], axis=0)[0]
    steps = len(difference) // task.record[-1]
    last, last_reference = trained[-1], reference[-1]
    labels = task.heldout_labels
    right, right_reference = (accuracy(s.heldout_logits, labels) for s in (last, last_reference))
    runs = {
        "step_apart": first_true(~(difference <= OFF * reference_loss)),
        "layer_apart": np.where(layers_beyond.any(axis=0), 1.0 + layers_beyond.argmax(axis=0), 0.0),
        "early_gap": difference[:EARLY].max(axis=0),
        "weight_gap": layers[-1].max(axis=0),
        "loss_gap": np.abs(float64(last.loss) - last_reference.loss),
        "accuracy_gap": np.abs(right - right_reference),
        "train_loss": float64(last.loss),
        "heldout_accuracy": right,
    }
    growth = {
        "batch_gap": np.array(
            [
                difference[(epoch - 1) * steps : epoch * steps].max(axis=0)
                for epoch in task.record[1:]
            ]
        ).T,
        "weight_gap": layers[1:].max(axis=1).T,
    }
    return runs, growth


def _members(snapshot: Snapshot, chosen: slice) -> Snapshot:
    """Return a snapshot of some members, with what ``gaps`` needs."""
    return replace(
        snapshot,
        weights=tuple((k[chosen], b[chosen]) for k, b in snapshot.weights),
        loss=snapshot.loss[chosen],
        heldout_logits=snapshot.heldout_logits[chosen],
        batch_loss=snapshot.batch_loss[:, chosen],
    )


STUDY = Drift()
