"""Networks with a bad start that normalization may rescue: a bad scale, or a deep sigmoid.

The networks, data and protocol are those of the study ``training``, with batch or layer
normalization between the kernel and the activation of each hidden layer.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from suite.catalogue.datasets import DATASETS
from suite.catalogue.normalizations import NORMALIZATIONS
from suite.studies.common import costs
from suite.studies.common.measurements import measurement
from suite.studies.common.protocol import accuracy, divergences, first_true, network, seeded_task
from suite.studies.common.scores import SCORES, scored
from suite.types import (
    BLOCK,
    Axes,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Stack,
    Study,
    Table,
    TableSpec,
    Value,
    float64,
)

EPOCHS = 30
ALL = ("none", "batch", "layer")


class Rescue(Study):
    """tanh and sigmoid networks with bad weight scales, and deep sigmoid networks, by
    normalization."""

    name = "rescue"
    position = 190
    gate = True
    question = "Which bad starts does batch or layer normalization turn into training?"
    source = (
        "lecture notes, batch normalization; gradient article; Ioffe and Szegedy 2015;"
        " Ba, Kiros and Hinton 2016"
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
    )
    everywhere = ("dataset", "depth", "width")
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
                "initial_accuracy",
            ),
            brought=SCORES,
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        small = Grid(
            {
                "activation": ("tanh",),
                "initializer": ("normal(0.01)",),
                "depth": (4,),
                "width": (5,),
                "normalization": ALL,
            }
        )
        learned: Axes = {"activation": ("relu",), "initializer": ("he_normal",)}
        digits = Grid({**learned, "depth": (1,), "width": (16,), "dataset": ("digits",)})
        if profile == "quick":
            return (small, digits)
        every: tuple[Value, ...] = NORMALIZATIONS.names if profile == "full" else ALL
        seeds, more = (5 * BLOCK, 5 * BLOCK) if profile == "full" else (BLOCK, 2 * BLOCK)
        scales: Axes = {
            "activation": ("tanh",),
            "initializer": ("normal(0.01)", "normal(1)"),
            "depth": (4,),
            "width": (5,),
            "normalization": every,
        }
        large = {**scales, "activation": ("sigmoid",), "normalization": ("none", "batch")}
        sigmoid: Axes = {
            "activation": ("sigmoid",),
            "initializer": ("xavier_normal",),
            "width": (5,),
        }
        grids = (
            Grid(scales, seeds),
            Grid(large, seeds),
            Grid({**sigmoid, "depth": (8,), "normalization": every}, seeds),
            # A few of these learn late, or without normalization: the median needs more seeds.
            Grid({**sigmoid, "depth": (8,), "normalization": ("none", "batch")}, more),
            Grid({**sigmoid, "depth": (16,), "normalization": ("none", "layer")}, more),
            small,
        )
        if profile != "full":
            return (*grids, digits)
        return (
            *grids,
            digits,
            *(Grid({**grid.axes, "dataset": DATASETS.names}, seeds) for grid in grids),
        )

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        cell = stack.members[0].cell
        model = network(cell, cell.text("dataset"))
        model = dataclasses.replace(model, normalization=cell.text("normalization"))
        task = seeded_task(stack, lab, (0, EPOCHS), model, cell.text("dataset"))
        first, last = lab.framework.train(task)
        diverged = first_true(~np.isfinite(last.batch_loss))
        columns = {
            "train_loss": float64(last.loss),
            "heldout_loss": float64(last.heldout_loss),
            "train_accuracy": accuracy(last.logits, task.labels),
            "heldout_accuracy": accuracy(last.heldout_logits, task.heldout_labels),
            "initial_accuracy": accuracy(first.logits, task.labels),
        }
        runs = scored(columns, cell.text("dataset"), task, [first, last])
        return measurement(divergences([first, last], diverged), [Table("runs", {}, runs)])

    def cost(self, stack: Stack) -> Cost:
        plain = costs.on_dataset(stack, EPOCHS, 2)
        normalised = any(member.cell["normalization"] != "none" for member in stack.members)
        return dataclasses.replace(plain, seconds=plain.seconds * (1.4 if normalised else 0.8))

    def most_members(self, cell: Cell) -> int:
        return costs.most_on_dataset(cell, 2)


STUDY = Rescue()
