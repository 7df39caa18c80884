"""Started alike, how far do the frameworks drift apart in 100 epochs, and what closes the gap?

Each framework trains on shared weights, data and batches, and is compared with a reference that
does the same: itself started one unit in the last place away, or the float64 oracle by the
formulas of either framework. What rounding alone does is the first; what a formula does is the
difference between the others. Trajectories of rounding errors part, so a gap is to be read beside
the gap of the one-ulp start and never by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.frameworks import FRAMEWORKS, Formulas
from suite.catalogue.registry import ORACLE
from suite.probes.drift import FormulaTraining
from suite.studies.common import costs
from suite.studies.common.protocol import accuracy, circles_task, first_true
from suite.studies.parity import OFF, by_layer
from suite.types import (
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

POINTS = 500
"""Half of the two circles' points: 16 steps an epoch. A hundred epochs are enough to learn them,
and the frameworks' time is that of their steps."""
RECORD = (0, 1, 2, 5, 10, 20, 50, 100)
EARLY = 100
"""Steps after which trajectories that differ by rounding may part."""
ULP, OWN, OTHER, CLIPNORM = "one_ulp", "own_form", "other_form", "clipnorm_form"

EXCHANGED = tuple(
    map(optimizers.canonical, ("rmsprop(0.001,0.9,1e-14)", "rmsprop(0.001,0.9,0.000316)"))
)
"""RMSprop with the epsilon that makes Keras' formula nearly torch's, and torch's nearly Keras':
the square of 1e-7, and its root."""
_Axes = dict[str, tuple[Value, ...]]


class Drift(Study):
    """The long comparison; ``suite.types.Study`` says what each member means."""

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
    within = ("case",)
    tables: tuple[TableSpec, ...] = (
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
        start: _Axes = {
            "initializer": ("xavier_uniform",),
            "width": (5,),
            "weights": ("shared",),
        }
        four: _Axes = {**start, "depth": (4,)}
        cases = (ULP, OWN, OTHER)
        quick = Grid({**four, "activation": ("tanh",), "optimizer": ("rmsprop",), "case": cases})
        if profile == "quick":
            return (quick,)
        head: _Axes = {**four, "activation": ("sigmoid", "tanh", "relu")}
        adaptive = Grid({**head, "optimizer": ("rmsprop", "adam"), "case": cases})
        plain = Grid({**head, "optimizer": ("sgd",), "case": (ULP, OWN)})
        # Here rounding grows to the size of the weights in some networks and in others not.
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
        deep: _Axes = {**start, "activation": ("gelu",), "depth": (16,), "case": (ULP,)}
        exchange = Grid({**deep, "optimizer": ("rmsprop", *EXCHANGED)})
        standard = (adaptive, plain, chaotic, clipped, exchange)
        if profile == "standard":
            return standard
        every: _Axes = {
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
            return "only weights drawn once in NumPy can be loaded into a framework and the oracle"
        if cell["settings"] != "common":
            return "the formulas have no defaults of their own: only common settings are compared"
        if cell["case"] == CLIPNORM and cell["clipping"] == "none":
            return "a convention of clipping needs something that is clipped"
        if cell["case"] in (OWN, OTHER) and FRAMEWORKS[cell.text("framework")].formulas is None:
            return "the formulas of this framework's optimizers are not written down in the suite"
        return optimizers.resolve(cell.text("optimizer")).undeclared(ORACLE)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        seeds = list(dict.fromkeys(member.seed for member in stack.members))
        alone = [next(m for m in stack.members if m.seed == seed) for seed in seeds]
        task = circles_task(replace(stack, members=tuple(alone)), lab, RECORD)
        task = replace(shortened(task), clipping=alone[0].cell.text("clipping"))
        both = list(lab.framework.train(beside_nudged(task)))
        trained = [_members(one, slice(len(seeds))) for one in both]
        nudged = [_members(one, slice(len(seeds), None)) for one in both]
        found = {}
        for case in dict.fromkeys(member.cell.text("case") for member in stack.members):
            reference = nudged
            if case != ULP:
                form = formula(case, lab.framework.name)
                reference = lab.oracle.probe(FormulaTraining).train(task, form)
            found[case] = gaps(trained, reference, task)
        finite = np.isfinite(np.array([one.loss for one in trained])).all(axis=0)
        place = [(m.cell.text("case"), seeds.index(m.seed)) for m in stack.members]
        fine = [finite[seed] for _, seed in place]

        def columns(table: int) -> dict[str, Array]:
            names = next(iter(found.values()))[table]
            return {
                name: np.array([found[case][table][name][seed] for case, seed in place])
                for name in names
            }

        return Measurement(
            ["ok" if one else "diverged" for one in fine],
            ["" if one else "the training loss became inf or NaN" for one in fine],
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


def formula(case: str, framework: str) -> str:
    """Whose formula a case refers to."""
    if case == CLIPNORM:
        return "clipnorm"
    forms: tuple[str, ...] = get_args(Formulas)
    own = FRAMEWORKS[framework].formulas
    return next(form for form in forms if (form == own) == (case == OWN))


def shortened(task: TrainTask) -> TrainTask:
    """The task on the first ``POINTS`` of its points, in the order that they have without the
    others."""
    return replace(
        task,
        inputs=task.inputs[:, :POINTS],
        labels=task.labels[:, :POINTS],
        order=lambda epoch: np.stack([row[row < POINTS] for row in task.order(epoch)]),
    )


def beside_nudged(task: TrainTask) -> TrainTask:
    """The members, then the same started one ulp away: every kernel entry is moved to the next
    float32 away from zero."""

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
    """The metrics of the tables, each (n,) or (n, epochs), from snapshots at ``task.record``."""
    ours, theirs = (
        float64(np.concatenate([one.batch_loss for one in snapshots]))
        for snapshots in (trained, reference)
    )
    off = np.abs(ours - theirs)
    layers = np.array(
        [by_layer(a.weights, b.weights) for a, b in zip(trained, reference, strict=True)]
    )  # (epochs, layers, n)
    beyond = ~(layers <= OFF)
    first = beyond.any(axis=1).argmax(axis=0)  # the epoch's place, where there is one
    where = np.take_along_axis(beyond, first[None, None], axis=0)[0]
    steps = len(off) // task.record[-1]
    last, last_reference = trained[-1], reference[-1]
    labels = task.heldout_labels
    right, right_reference = (accuracy(s.heldout_logits, labels) for s in (last, last_reference))
    runs = {
        "step_apart": first_true(~(off <= OFF * theirs)),
        "layer_apart": np.where(where.any(axis=0), 1.0 + where.argmax(axis=0), 0.0),
        "early_gap": off[:EARLY].max(axis=0),
        "weight_gap": layers[-1].max(axis=0),
        "loss_gap": np.abs(float64(last.loss) - last_reference.loss),
        "accuracy_gap": np.abs(right - right_reference),
        "train_loss": float64(last.loss),
        "heldout_accuracy": right,
    }
    growth = {
        "batch_gap": np.array(
            [off[(epoch - 1) * steps : epoch * steps].max(axis=0) for epoch in task.record[1:]]
        ).T,
        "weight_gap": layers[1:].max(axis=1).T,
    }
    return runs, growth


def _members(snapshot: Snapshot, chosen: slice) -> Snapshot:
    """What ``gaps`` needs, of some members."""
    return replace(
        snapshot,
        weights=tuple((k[chosen], b[chosen]) for k, b in snapshot.weights),
        loss=snapshot.loss[chosen],
        heldout_logits=snapshot.heldout_logits[chosen],
        batch_loss=snapshot.batch_loss[:, chosen],
    )


STUDY = Drift()
