"""The first steps of each framework, compared with the NumPy float64 oracle.

From the same weights, points and hyperparameters, the study measures how far the logits, the loss
and the gradients before training and the weights after each of the first optimizer steps deviate
from the oracle. Two frameworks that agree with the oracle to rounding agree with each other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suite.catalogue import optimizers
from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.registry import ORACLE
from suite.studies.common import costs
from suite.studies.common.deviations import relative
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.protocol import circles_task, first_true
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
    Weights,
)

STEPS = 5
POINTS = 32
"""The number of points: one batch, so that an epoch is one step and each step can be compared."""
OFF = 1e-4
"""The relative deviation that is beyond rounding, in the metrics first_layer_off and
first_step_off."""
NOT_SHARED = "only weights drawn once in NumPy can be loaded into a framework and the oracle"
"""The reason for which a cell without shared weights is unsupported."""


class Parity(Study):
    """Five optimizer steps on one batch, for all activations and optimizers, from shared
    weights."""

    name = "parity"
    position = 100
    headline = True
    gate = True
    question = "From the same weights and batches, does each framework take the same steps?"
    source = "the frameworks' documentation: the same formulas under the same names"
    axes = (
        "framework",
        "activation",
        "initializer",
        "depth",
        "width",
        "optimizer",
        "weights",
        "settings",
    )
    within = ("initializer",)
    tables = (
        TableSpec(
            "runs",
            (
                "forward_error",
                "loss_error",
                "gradient_error",
                "step_error",
                "first_layer_off",
                "first_step_off",
            ),
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        fixed: Axes = {"width": (5,), "weights": ("shared",)}
        quick = Grid(
            {
                "activation": ("sigmoid", "tanh", "relu"),
                "initializer": ("xavier_uniform", "he_normal"),
                "depth": (4,),
                "optimizer": ("sgd",),
                **fixed,
            }
        )
        starts = ("xavier_uniform", "he_normal", "orthogonal")
        methods = ("rmsprop", "adam")
        if profile == "quick":
            relu: Axes = {"activation": ("relu",), "initializer": starts, "optimizer": methods}
            return (quick, Grid({**relu, "depth": (4,), **fixed}))
        every = Grid(
            {
                "activation": ACTIVATIONS.names,
                "initializer": starts,
                "depth": (1, 4),
                "optimizer": ("sgd",),
                **fixed,
            }
        )
        adaptive = Grid(
            {
                "activation": ("sigmoid", "tanh", "relu"),
                "initializer": starts,
                "depth": (4,),
                "optimizer": methods,
                **fixed,
            }
        )
        if profile == "standard":
            return (every, quick, adaptive)
        deep = Grid({**every.axes, "depth": (8, 16)})
        return (every, quick, adaptive, deep)

    def unsupported(self, cell: Cell) -> str | None:
        if cell["weights"] != "shared" or cell["initializer"] == "default":
            return NOT_SHARED
        if cell["settings"] != "common":
            return "the oracle has no defaults: only common settings can be compared"
        return optimizers.resolve(cell.text("optimizer")).undeclared(ORACLE)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        task = circles_task(stack, lab, tuple(range(STEPS + 1)))
        few = {
            name: getattr(task, name)[:, :POINTS]
            for name in ("inputs", "labels", "heldout_inputs", "heldout_labels")
        }
        order = np.tile(np.arange(POINTS), (len(stack.members), 1))
        task = replace(task, **few, order=lambda epoch: order, batch=POINTS)
        columns = deviations(list(lab.framework.train(task)), list(lab.oracle.train(task)))
        return measurement(
            reasons(
                np.isfinite(columns["step_error"]), "a deviation from the oracle is inf or NaN"
            ),
            [Table("runs", {}, columns)],
        )

    def cost(self, stack: Stack) -> Cost:
        return costs.training(stack, POINTS, STEPS, STEPS)


def deviations(measured: list[Snapshot], oracle: list[Snapshot]) -> dict[str, Array]:
    """Return the metrics of the study, each (K,), from snapshots at the steps 0, 1, 2, ..."""
    layers = np.array(by_layer(measured[0].gradients, oracle[0].gradients))
    steps = np.array(
        [
            np.max(by_layer(ours.weights, theirs.weights), axis=0)
            for ours, theirs in zip(measured[1:], oracle[1:], strict=True)
        ]
    )
    return {
        "forward_error": relative(measured[0].logits, oracle[0].logits),
        "loss_error": relative(measured[0].loss[:, None], oracle[0].loss[:, None]),
        "gradient_error": layers.max(axis=0),
        "step_error": steps.max(axis=0),
        "first_layer_off": _zero_when_never(layers),
        "first_step_off": _zero_when_never(steps),
    }


def by_layer(measured: Weights, oracle: Weights) -> list[Array]:
    """Return the larger deviation of kernel and bias of each layer, (K,) each."""
    return [
        np.maximum(relative(kernel, exact_kernel), relative(bias, exact_bias))
        for (kernel, bias), (exact_kernel, exact_bias) in zip(measured, oracle, strict=True)
    ]


def _zero_when_never(errors: Array) -> Array:
    """Return the first row, from 1, of errors (rows, K) that is beyond rounding: (K,), 0 if
    none."""
    first: Array = first_true(~(errors <= OFF))
    return np.where(np.isfinite(first), first, 0.0)


STUDY = Parity()
