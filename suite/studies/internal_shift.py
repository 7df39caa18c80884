"""Does batch normalization keep a layer's task steady while the layers below it learn?

"Internal covariate shift" as Santurkar, Tsipras, Ilyas and Madry (2018) measure it: how far the
gradient of a layer moves when the layers below it, and they alone, make their step of training.
Full batches of the two circles and plain gradient descent, so that nothing else moves it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite.catalogue import datasets, normalizations
from suite.catalogue.frameworks import FRAMEWORKS
from suite.probes.normalized import DeepNetworks
from suite.studies.common.protocol import start
from suite.types import (
    BLOCK,
    Architecture,
    Array,
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
    """Gradients before and after the step of the layers below; see ``suite.types.Study``."""

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
    within: tuple[str, ...] = ("initializer", "weights")
    tables: tuple[TableSpec, ...] = (
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
        pairs = zip(loss, distance, strict=True)
        finite = [np.isfinite(a).all() and np.isfinite(b).all() for a, b in pairs]
        columns = {
            "shift_distance": distance.mean(axis=(1, 2)),
            "shift_cosine": cosine.mean(axis=(1, 2)),
            "first_step_loss": loss[:, 0],
            "last_step_loss": loss[:, -1],
        }
        places = {"layer": np.arange(2, model.depth + 1)}
        by_layer = {"shift_distance": distance.mean(axis=1), "shift_cosine": cosine.mean(axis=1)}
        reason = ["" if fine else "a loss or a gradient became inf, NaN or zero" for fine in finite]
        status = ["ok" if fine else "diverged" for fine in finite]
        tables = (Table("runs", {}, columns), Table("layers", places, by_layer))
        return Measurement(status, reason, tables)

    def cost(self, stack: Stack) -> Cost:
        rate = FRAMEWORKS[stack.framework].rates.shift
        return Cost(rate.program + rate.network * len(stack.members), 1.2e9)


def _grid(seeds: int = BLOCK, /, **changes: tuple[Value, ...]) -> Grid:
    """Relu networks with a learning rate of 0.1, but for what is changed."""
    axes: dict[str, tuple[Value, ...]] = {
        "activation": ("relu",),
        "initializer": ("he_normal",),
        "depth": (6,),
        "width": (32,),
        "optimizer": ("sgd(0.1)",),
    }
    return Grid({**axes, **changes}, seeds)


def moved(before: Array, after: Array) -> tuple[Array, Array]:
    """|after - before| / |before| and the cosine between them, over the last two axes."""
    one, other = float64(before), float64(after)

    def norm(values: Array) -> Array:
        return np.asarray(np.sqrt((values**2).sum(axis=(-2, -1))))

    with np.errstate(divide="ignore", invalid="ignore"):
        distance = norm(other - one) / norm(one)
        cosine = (one * other).sum(axis=(-2, -1)) / (norm(one) * norm(other))
    return distance, cosine


STUDY = InternalShift()
