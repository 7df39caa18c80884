"""Networks whose hidden units start equal, and how far their units become different.

The classes are a slab of a Gaussian cloud and the rest of the cloud on both sides of it: one hidden
unit cannot separate them, two can. Networks start from a constant, from a constant with noise, from
zeros, or from random biases or kernels. The study measures how much the units of a layer differ,
and what the network learns.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from suite import seeds
from suite.catalogue import activations
from suite.studies.common import costs
from suite.studies.common.deviations import ratio, relative
from suite.studies.common.measurements import measurement
from suite.studies.common.protocol import accuracy, batch_order, divergences, first_true
from suite.studies.common.starts import stacked
from suite.studies.symmetry.starts import CASES, INPUTS, POINTS, data, merge, orders, permute, start
from suite.studies.symmetry.units import largest, unit_spread, unit_weights
from suite.types import (
    Architecture,
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
    Weights,
    float64,
)

BATCH = 32
RECORD = (0, 1, 5, 10, 25, 50, 75, 100, 125, 150, 175, 200, 225, 250)
"""The epochs, of 8 steps, with a snapshot; training ends with the last, after 2,000 steps."""
BROKEN = 0.01
"""The relative spread of a layer's units above which they count as different."""
EPSILON = {"single": 2.0**-23, "double": 2.0**-52}
_NOISE = (0.0, 1e-6, 1e-4, 1e-2)


class Symmetry(Study):
    """Equal, nearly equal and random starts by width, optimizer, precision and dropout."""

    name = "symmetry"
    position = 150
    question = "Does a network whose hidden units start equal ever use more than one?"
    source = "the stability notes on breaking symmetry; the lecture notes on constant weights"
    axes = (
        "framework",
        "activation",
        "depth",
        "width",
        "optimizer",
        "dropout",
        "precision",
        "scale",
        "case",
    )
    everywhere = ("width",)
    within = ("case", "scale")
    tables = (
        TableSpec(
            "runs",
            (
                "unit_spread",
                "unit_spread_roundings",
                "units_equal",
                "broken_epoch",
                "input_spread",
                "unit_rank",
                "hidden_gradient",
                "output_bias_gradient",
                "largest_weight",
                "merged_gap",
                "one_unit_gap",
                "permuted_gap",
                "train_loss",
                "heldout_accuracy",
            ),
        ),
        TableSpec("epochs", ("unit_spread", "train_loss"), coordinates=("epoch",), per="seeds"),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        small: Axes = {
            "activation": ("tanh",),
            "depth": (1,),
            "width": (16,),
            "optimizer": ("sgd",),
        }
        constant: Axes = {"case": ("constant",), "scale": (0.0,)}
        noisy: Axes = {"case": ("constant",), "scale": _NOISE}
        others: Axes = {"case": tuple(case for case in CASES if case != "constant")}
        masked: Axes = {**small, "activation": ("tanh", "relu"), "dropout": (0.5,)}
        quick = (
            Grid({**small, **noisy}),
            Grid({**small, **others}),
            Grid({**masked, **constant, "activation": ("tanh",)}),
            Grid({**masked, "activation": ("tanh",), "case": ("zeros",)}),
        )
        if profile == "quick":
            return quick
        wide: Axes = {**small, "width": (5, 16, 17), "precision": ("single", "double")}
        faster: Axes = {
            **wide,
            "width": (17,),
            "optimizer": ("sgd(0.1,0.9)", "adam(0.01)", "rmsprop(0.01)"),
        }
        relu: Axes = {**small, "activation": ("relu",), "precision": ("double",)}
        standard = (
            Grid({**small, "activation": ("tanh", "relu"), **noisy}),
            Grid({**small, "activation": ("tanh", "relu"), **others}),
            *quick,
            Grid({**wide, **constant}),
            Grid({**faster, **constant}),
            Grid({**relu, "optimizer": ("sgd", "adam(0.01)"), **constant}),
            Grid({**masked, **constant}),
            # This accuracy is near 0.9: deciding on which side it lies takes more seeds.
            Grid({**masked, **constant, "activation": ("tanh",)}, seeds=40),
            Grid({**masked, "case": ("zeros",)}),
            Grid({**small, "activation": ("sigmoid",), "case": ("zeros",)}),
            Grid({**small, "depth": (2,), "width": (8,), "case": ("zeros",)}),
        )
        if profile == "standard":
            return standard
        every: Axes = {
            **small,
            "width": (2, 3, 5, 7, 16, 17, 31, 64, 100, 300, 1000),
            "precision": ("single", "double"),
            "optimizer": ("sgd", "sgd(0.1,0.9)", "adam(0.01)", "rmsprop(0.01)"),
        }
        return (*standard, Grid({**every, **constant}))

    def unsupported(self, cell: Cell) -> str | None:
        if float(cell["scale"]) < 0:
            return "the standard deviation of noise cannot be negative"
        return None

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        task = _task(stack, lab)
        snapshots = list(lab.framework.train(task))
        spreads = np.stack([unit_spread(snapshot.weights) for snapshot in snapshots], axis=1)
        runs = _run_columns(snapshots, task, spreads)
        runs["permuted_gap"] = permuted_gap(stack, lab, task.architecture, snapshots[-1].weights)
        width = task.architecture.width
        if task.precision == "double" and math.isqrt(width) ** 2 == width:
            runs["one_unit_gap"] = _one_unit_gap(lab, task, snapshots)
        loss = np.concatenate([snapshot.batch_loss for snapshot in snapshots])
        reasons = divergences(snapshots, first_true(~np.isfinite(loss)))
        epochs = {
            "unit_spread": spreads,
            "train_loss": np.stack([float64(snapshot.loss) for snapshot in snapshots], axis=1),
        }
        tables = (
            Table("runs", {}, runs),
            Table("epochs", {"epoch": np.array(RECORD)}, epochs),
        )
        return measurement(reasons, tables)

    def cost(self, stack: Stack) -> Cost:
        cost = costs.training(stack, POINTS, RECORD[-1], len(RECORD), INPUTS)
        # An epoch has a quarter of the steps to which the rates were fitted, on wider layers.
        return Cost(0.5 * cost.seconds, cost.bytes)

    def most_members(self, cell: Cell) -> int:
        return costs.most_members(cell, POINTS, len(RECORD), INPUTS)


def _task(stack: Stack, lab: Lab) -> TrainTask:
    """Return the task of a stack: data and batch order by seed, starts by case and seed."""
    first = stack.members[0].cell
    model = Architecture(
        INPUTS,
        first.count("width"),
        first.count("depth"),
        1,
        first.text("activation"),
        dropout=float(first["dropout"]),
    )
    precision = first.text("precision")
    dtype = np.float64 if precision == "double" else np.float32
    starts = stacked(start(lab.root, member, model) for member in stack.members)
    weights = tuple((kernel.astype(dtype), bias.astype(dtype)) for kernel, bias in starts)

    def points(split: str) -> tuple[Array, Array]:
        drawn = [data(lab.root, m.seed, m.cell.text("case"), split) for m in stack.members]
        return np.stack([inputs for inputs, _ in drawn]), np.stack([labels for _, labels in drawn])

    def order(epoch: int) -> Array:
        return np.stack([batch_order(lab.root, m.seed, epoch, POINTS) for m in stack.members])

    return TrainTask(
        model,
        first.text("optimizer"),
        "common",
        weights,
        *points("train"),
        *points("heldout"),
        order=order,
        batch=BATCH,
        record=RECORD,
        noise=[
            seeds.integer(lab.root, "noise", seed=member.seed, cell=member.cell.identity)
            for member in stack.members
        ],
        precision=precision,
    )


# --- the metrics -------------------------------------------------------------------------------


def _run_columns(snapshots: list[Snapshot], task: TrainTask, spreads: Array) -> dict[str, Any]:
    first, last = snapshots[0], snapshots[-1]
    kernel = float64(last.weights[0][0])
    units = unit_weights(last.weights)[0]
    values = np.linalg.svd(np.where(np.isfinite(units), units, 0.0), compute_uv=False)
    broken = spreads > BROKEN
    epochs = np.where(broken.any(axis=1), np.array(RECORD)[broken.argmax(axis=1)], np.inf)
    return {
        "unit_spread": spreads[:, -1],
        "unit_spread_roundings": spreads[:, 1] / EPSILON[task.precision],
        "units_equal": (spreads[:, -1] == 0).astype(np.float64),
        "broken_epoch": epochs,
        "input_spread": ratio(np.ptp(kernel, axis=1).max(axis=1), np.abs(units).max(axis=(1, 2))),
        "unit_rank": (values > 0.01 * values[:, :1]).sum(axis=1).astype(np.float64),
        "hidden_gradient": largest(first.gradients),
        "output_bias_gradient": np.abs(float64(first.gradients[-1][1])).max(axis=1),
        "largest_weight": largest(last.weights),
        "merged_gap": relative(merged_logits(task, last.weights), last.logits),
        "train_loss": float64(last.loss),
        "heldout_accuracy": accuracy(last.heldout_logits, task.heldout_labels),
    }


@np.errstate(invalid="ignore", over="ignore")
def merged_logits(task: TrainTask, weights: Weights) -> Array:
    """Return the training logits, (K, N), of the network in which each hidden layer is one unit."""
    function = activations.resolve(task.architecture.activation)
    hidden = float64(task.inputs)
    layers = merge(weights, 1.0)
    for kernel, bias in layers[:-1]:
        hidden = function.value(hidden @ kernel + bias[:, None, :])
    kernel, bias = layers[-1]
    return np.asarray((hidden @ kernel + bias[:, None, :])[:, :, 0])


def _one_unit_gap(lab: Lab, task: TrainTask, snapshots: list[Snapshot]) -> Array:
    """Return the metric ``one_unit_gap``, (K,): the same framework trains the width-1 network."""
    single = replace(
        task, architecture=replace(task.architecture, width=1), weights=merge(task.weights, 0.5)
    )
    gaps = [
        relative(merged.logits, snapshot.logits)
        for merged, snapshot in zip(lab.framework.train(single), snapshots, strict=True)
    ]
    return np.asarray(np.max(gaps, axis=0))


def permuted_gap(stack: Stack, lab: Lab, model: Architecture, weights: Weights) -> Array:
    """Return the metric ``permuted_gap``, (K,).

    NaN except for the case ``permuted`` of a seed whose case ``random`` is in the stack too.
    """
    rows = {(m.cell.text("case"), m.seed): k for k, m in enumerate(stack.members)}
    result = np.full(len(stack.members), np.nan)
    for k, member in enumerate(stack.members):
        partner = rows.get(("random", member.seed))
        if member.cell["case"] != "permuted" or partner is None:
            continue
        permuted = tuple((kernel[[k]], bias[[k]]) for kernel, bias in weights)
        random = tuple((kernel[[partner]], bias[[partner]]) for kernel, bias in weights)
        expected = permute(random, orders(lab.root, member, model))
        result[k] = max(
            float(relative(a, b)[0])
            for layer, expected_layer in zip(permuted, expected, strict=True)
            for a, b in zip(layer, expected_layer, strict=True)
        )
    return result


STUDY = Symmetry()
