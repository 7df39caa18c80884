"""The data set of the tutorial's networks, and their initial weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suite import seeds
from suite.catalogue import datasets
from suite.studies.common.protocol import BATCH, batch_order
from suite.studies.common.starts import draw_layer, single, stacked
from suite.types import (
    Architecture,
    Array,
    Lab,
    Layer,
    Member,
    Stack,
    TrainTask,
    Weights,
    float64,
)

PUBLISHED = 42
"""The seed that the tutorial's listing sets in NumPy before it draws its points. The data set is
the published one, point for point, whatever the root seed: other points change the outcome of all
networks together, so that another data set would be another experiment."""


def tutorial_task(stack: Stack, lab: Lab, record: tuple[int, ...]) -> TrainTask:
    """Return the task of all members: the tutorial's data set, start and batch order by seed.

    ``record``: the epochs with a snapshot; its gradients are those of the next epoch's first batch.
    """
    first = stack.members[0].cell
    architecture = Architecture(
        2, first.count("width"), first.count("depth"), 1, first.text("activation")
    )
    inputs, labels = (
        np.broadcast_to(values, (len(stack.members), *values.shape))
        for values in datasets.two_circles(PUBLISHED)
    )
    drawn = sorted({member.seed for member in stack.members})
    position = np.array([drawn.index(member.seed) for member in stack.members])

    def order(epoch: int) -> Array:
        orders = [batch_order(lab.root, seed, epoch, labels.shape[1]) for seed in drawn]
        return np.asarray(np.stack(orders)[position])

    return TrainTask(
        architecture=architecture,
        optimizer=first.text("optimizer"),
        settings="common",
        weights=stacked(start(member, lab, architecture) for member in stack.members),
        inputs=inputs,
        labels=labels,
        # The tutorial has no held-out points, and a snapshot needs at least one.
        heldout_inputs=inputs[:, :1],
        heldout_labels=labels[:, :1],
        order=order,
        batch=BATCH,
        record=record,
        gradients_on="batch",
    )


def start(member: Member, lab: Lab, architecture: Architecture) -> Weights:
    """Return the initial kernel (fan_in, fan_out) and bias (fan_out,) of each layer of a
    network."""
    cell, shapes = member.cell, architecture.shapes
    name = cell.text("initializer")
    if cell["case"] == "shared_initializer":
        framework = lab.framework.name
        seed = seeds.integer(
            lab.root, "object", seed=member.seed, initializer=name, framework=framework
        )
        layers = [lab.framework.draw(name, *shape, seed) for shape in shapes]
        return tuple((single(kernel), single(bias)) for kernel, bias in layers)
    drawn = tuple(
        draw_layer(lab.framework, lab.root, name, "native", member.seed, position, *shape)
        for position, shape in enumerate(shapes, start=1)
    )
    return as_tanh(drawn) if cell["case"] == "as_tanh" else drawn


def as_tanh(weights: Weights) -> Weights:
    """Return the weights of the sigmoid network that computes the same as tanh with ``weights``.

    Since tanh(z) = 2 sigmoid(2 z) - 1, the weights and bias of the first layer are doubled. A later
    layer, whose inputs are h = 2 s - 1, has W h + b = 2 W s + (b - sum of W over its inputs),
    doubled once more if a sigmoid follows. The result is float32, as the weights are.
    """
    result: list[Layer] = []
    for position, (kernel, bias) in enumerate(weights, start=1):
        kernel, bias = float64(kernel), float64(bias)
        if position > 1:
            kernel, bias = 2 * kernel, bias - kernel.sum(axis=0)
        slope = 1 if position == len(weights) else 2
        result.append((single(slope * kernel), single(slope * bias)))
    return tuple(result)


def start_gap(member: Member, lab: Lab, task: TrainTask, logits: Array) -> float:
    """Return the largest deviation of logits (N,) from those of the tanh network of the member's
    draw."""
    cell = member.cell
    plain = replace(
        cell, values=tuple((a, "independent" if a == "case" else v) for a, v in cell.values)
    )
    *hidden, (kernel, bias) = start(replace(member, cell=plain), lab, task.architecture)
    points = task.inputs[0]
    cotangent = np.zeros((len(points), task.architecture.width))  # the gradients are not needed
    (signal,) = lab.oracle.propagate(("tanh",), tuple(hidden), points, cotangent)
    exact = (signal.activation[-1] @ float64(kernel) + bias)[:, 0]
    return float(np.abs(logits - exact).max())
