"""The internal covariate shift in networks with and without normalization.

It is measured as Santurkar, Tsipras, Ilyas and Madry (2018) do: how far the gradient of a layer
moves when only the layers below it make their training step. Training uses full batches of the two
circles and plain gradient descent, so that nothing else moves the gradient.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite.catalogue import datasets, normalizations
from suite.catalogue.frameworks import entry_of
from suite.probes.normalized import DeepNetworks
from suite.studies.common import costs
from suite.studies.common.measurements import measurement, reasons
from suite.studies.common.protocol import start
from suite.types import (
    BLOCK,
    Architecture,
    Array,
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

POINTS = 256
STEPS = 10
EPSILON = normalizations.EPSILON


class InternalShift(Study):
    """Gradients before and after the step of the layers below, by normalization."""

    name = "internal_shift"
    position = 200
    question = "Does batch normalization work by reducing internal covariate shift?"
    source = "gradient article; Ioffe and Szegedy 2015; against: Santurkar et al. 2018"
    axes = (
        "framework",
        "activation",
        "initializer",
        "depth",
        "width",
        "optimizer",
        "weights",
        "normalization",
    )
    everywhere = ("depth", "width")
    within = ("initializer", "weights")
    tables = (
        TableSpec("runs", ("shift_distance", "shift_cosine", "first_step_loss", "last_step_loss")),
        TableSpec(
            "layers",
            ("shift_distance", "shift_cosine"),
            coordinates=("layer",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        head = _grid(2 * BLOCK, normalization=("none", "batch"))
        if profile == "quick":
            return (head,)
        standard = (
            head,
            _grid(normalization=("layer",)),
            _grid(normalization=("none", "batch"), optimizer=("sgd(0.01)",)),
            _grid(normalization=("none", "batch"), activation=("tanh",)),
        )
        if profile == "standard":
            return standard
        return (
            _grid(
                5 * BLOCK,
                activation=("relu", "tanh", "sigmoid"),
                optimizer=("sgd(0.1)", "sgd(0.01)"),
                normalization=normalizations.NORMALIZATIONS.names,
            ),
            *standard,
        )

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (DeepNetworks.shift,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        cell = stack.members[0].cell
        model = Architecture(
            2, cell.count("width"), cell.count("depth"), 1, cell.text("activation")
        )
        weights = start(stack, lab, model)
        losses, distances, cosines = [], [], []
        for position, member in enumerate(stack.members):
            inputs, labels = datasets.circles(lab.root, member.seed, "train")
            loss, before, after = lab.framework.probe(DeepNetworks).shift(
                cell.text("activation"),
                cell.text("normalization"),
                tuple((kernel[position], bias[position]) for kernel, bias in weights),
                inputs[:POINTS],
                labels[:POINTS],
                cell.text("optimizer"),
                STEPS,
                EPSILON,
            )
            distance, cosine = moved(before, after)
            losses.append(loss)
            distances.append(distance)
            cosines.append(cosine)
        loss, distance, cosine = map(np.array, (losses, distances, cosines))
        finite: Array = np.logical_and(
            np.isfinite(loss).all(axis=1), np.isfinite(distance).all(axis=(1, 2))
        )
        runs = {
            "shift_distance": distance.mean(axis=(1, 2)),
            "shift_cosine": cosine.mean(axis=(1, 2)),
            "first_step_loss": loss[:, 0],
            "last_step_loss": loss[:, -1],
        }
        layers = {"shift_distance": distance.mean(axis=1), "shift_cosine": cosine.mean(axis=1)}
        return measurement(
            reasons(finite, "a loss or a gradient became inf, NaN or zero"),
            (
                Table("runs", {}, runs),
                Table("layers", {"layer": np.arange(2, model.depth + 1)}, layers),
            ),
        )

    def cost(self, stack: Stack) -> Cost:
        rate = entry_of(stack.framework).rates.shift
        return Cost(rate.program + rate.network * len(stack.members), costs.WORKER)


def _grid(seeds: int = BLOCK, /, **changes: tuple[Value, ...]) -> Grid:
    """Return a grid of relu networks with a learning rate of 0.1, with ``changes``."""
    axes: Axes = {
        "activation": ("relu",),
        "initializer": ("he_normal",),
        "depth": (6,),
        "width": (32,),
        "optimizer": ("sgd(0.1)",),
    }
    return Grid({**axes, **changes}, seeds)


def moved(before: Array, after: Array) -> tuple[Array, Array]:
    """Return |after - before| / |before| and the cosine between them, over the last two axes."""
    old, new = float64(before), float64(after)

    def norm(values: Array) -> Array:
        return np.asarray(np.sqrt((values**2).sum(axis=(-2, -1))))

    with np.errstate(divide="ignore", invalid="ignore"):
        distance = norm(new - old) / norm(old)
        cosine = (old * new).sum(axis=(-2, -1)) / (norm(old) * norm(new))
    return distance, cosine


STUDY = InternalShift()
