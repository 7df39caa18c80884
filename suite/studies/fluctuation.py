"""The differences between networks of one kind, and the share that is dead at initialisation.

Nothing is trained and biases are zero. A run is an ensemble of many networks, each with its own
kernels, on the same inputs. The inputs are on a circle in a random plane: ReLU networks without
biases scale with their input, so that the directions of a plane stand for all inputs of two
features.

An initializer draws the kernels of one layer of all networks in a single call: the laws of He and
LeCun depend on fan_in alone, so that the columns of a wide kernel are kernels of the same law.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import activations, initializers, laws
from suite.probes.signals import Signals
from suite.studies.common import costs
from suite.studies.common.measurements import completed
from suite.studies.common.starts import draw_layer
from suite.theory import mean_field
from suite.types import (
    BLOCK,
    Array,
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
    float64,
)

INPUTS = 32
"""The number of directions of the plane, evenly spaced."""


class Fluctuation(Study):
    """Ensembles of narrow relu networks with He's kernels, by width and depth."""

    name = "fluctuation"
    position = 80
    question = "How much do networks of one kind differ, and how many are dead at initialisation?"
    source = "Hanin 2018; Hanin and Rolnick 2018; Lu, Shin, Su and Karniadakis 2019"
    axes = ("framework", "activation", "initializer", "depth", "width")
    tables = (
        TableSpec(
            "runs",
            (
                "log_square_variance",
                "log_square_variance_predicted",
                "log_square_mean",
                "log_square_mean_predicted",
                "dead_share",
                "dead_input_share",
                "dead_input_share_predicted",
                "dead_input_share_error",
            ),
        ),
        TableSpec(
            "layers",
            (
                "log_square_variance",
                "log_square_variance_predicted",
                "log_square_mean",
                "log_square_mean_predicted",
                "dead_share",
                "dead_input_share",
                "dead_input_share_predicted",
            ),
            coordinates=("layer",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (_grid((2, 3, 5, 8), (8,)), _grid((32,), (8,)))
        if profile == "quick":
            return quick
        standard = (
            *quick,
            _grid((2, 3, 5, 8), (2, 32)),
            _grid((16, 32, 64), (8, 32)),
        )
        return standard if profile == "standard" else (*standard, _grid((128,), (8, 32, 64)))

    def unsupported(self, cell: Cell) -> str | None:
        initializer = initializers.resolve(cell.text("initializer"))
        if initializer.shared and _by_fan_in(initializer.law()):
            return None
        return (
            f"the law of {initializer.name} depends on more than fan_in, so one draw cannot serve"
            " all networks"
        )

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (Signals.through,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        observed = [{**_observe(_squares(m, lab)), **_predict(m.cell)} for m in stack.members]
        layers = {
            metric: np.array([columns[metric] for columns in observed])
            for metric in self.tables[1].metrics
        }
        runs = {metric: values[:, -1] for metric, values in layers.items()}
        runs["dead_input_share_error"] = (
            runs["dead_input_share"] - runs["dead_input_share_predicted"]
        )
        depth = stack.members[0].cell.count("depth")
        tables = [
            Table("runs", {}, runs),
            Table("layers", {"layer": np.arange(1, depth + 1)}, layers),
        ]
        return completed(len(observed), *tables)

    def cost(self, stack: Stack) -> Cost:
        cell = stack.members[0].cell
        width, depth = cell.count("width"), cell.count("depth")
        layer = networks(width) * width * (2e-8 * width + 1.5e-8 * INPUTS) + 2e-3
        return Cost(1.0 + len(stack.members) * depth * layer, costs.WORKER)


def _by_fan_in(law: laws.Law) -> bool:
    """Whether the entries are random and independent, with a variance that fan_out leaves alone."""
    dependent = isinstance(law, laws.Point | laws.Orthogonal)
    return not dependent and law.variance(3, 5) == law.variance(3, 7)


def networks(width: int) -> int:
    """Return the size of an ensemble that measures its variance and its dead share well enough."""
    if width <= 10:
        return 1000
    return 400 if width <= 32 else 200


def _grid(widths: tuple[int, ...], depths: tuple[int, ...]) -> Grid:
    return Grid(
        {
            "activation": ("relu",),
            "initializer": ("he_normal",),
            "depth": depths,
            "width": widths,
        },
        BLOCK,
    )


def circle(member: Member, lab: Lab) -> Array:
    """Return inputs of mean square 1 on a circle, (INPUTS, width) float32, for the ensemble."""
    width = member.cell.count("width")
    rng = seeds.generator(lab.root, "inputs", seed=member.seed, width=width)
    plane, _ = np.linalg.qr(rng.standard_normal((width, 2)))
    angles = 2 * math.pi * np.arange(INPUTS) / INPUTS
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    inputs: Array = math.sqrt(width) * around @ plane.T
    return inputs.astype(np.float32)


def _squares(member: Member, lab: Lab) -> Array:
    """Return the mean square of the activations of each layer, (depth, networks, inputs).

    One layer of all networks is drawn, used and discarded before the next.
    """
    cell = member.cell
    width, initializer = cell.count("width"), cell.text("initializer")
    count = networks(width)
    through = lab.framework.probe(Signals).through
    hidden = np.tile(circle(member, lab), (count, 1, 1))
    squares = []
    for layer in range(1, cell.count("depth") + 1):
        wide, _ = draw_layer(
            lab.framework, lab.root, initializer, "native", member.seed, layer, width, count * width
        )
        kernels = np.ascontiguousarray(wide.reshape(width, count, width).swapaxes(0, 1))
        biases = np.zeros((count, width), dtype=np.float32)
        hidden = through(cell.text("activation"), kernels, biases, hidden)
        squares.append(np.mean(float64(hidden) ** 2, axis=-1))
    return np.array(squares)


@np.errstate(divide="ignore", invalid="ignore")  # ln 0 of dead networks, which are left out
def _observe(squares: Array) -> dict[str, Array]:
    """Return the measured columns, (depth,) each, from the mean squares (depth, networks, inputs).

    The variance is the unbiased one over the networks that are alive for an input, averaged over
    the inputs; NaN where no input has two such networks.
    """
    alive = squares > 0
    logs = np.where(alive, np.log(squares), 0.0)
    count = alive.sum(axis=1)
    means = np.where(count > 0, logs.sum(axis=1) / count, np.nan)
    deviation = np.where(alive, logs - means[:, None], 0.0)
    variances = np.where(count > 1, (deviation**2).sum(axis=1) / (count - 1), np.nan)
    return {
        "log_square_variance": _mean(variances),
        "log_square_mean": _mean(means),
        "dead_share": 1.0 - alive.any(axis=2).mean(axis=1),
        "dead_input_share": 1.0 - alive.mean(axis=(1, 2)),
    }


def _mean(values: Array) -> Array:
    """Return the mean over the last axis of the values that are not NaN; NaN if there are none."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1))


@functools.lru_cache(maxsize=256)
def _predict(cell: Cell) -> dict[str, Array]:
    """Return the predicted columns: what a layer adds to the log of a network that is alive, times
    the number of layers, and the share of pairs of network and input that are dead so far.

    A unit of a relu network without biases is inactive for an input with probability 1/2, whatever
    the earlier layers are, because the law of the kernels is symmetric. A layer of ``width`` such
    units is dead with probability 2^-width.
    """
    width, depth = cell.count("width"), cell.count("depth")
    layers = np.arange(1, depth + 1)
    slopes = mean_field.half_slopes(activations.resolve(cell.text("activation")))
    mean = variance = dead = math.nan
    if slopes is not None:
        law = initializers.resolve(cell.text("initializer")).law(cell.text("framework"))
        mean, variance = (
            gaussian + correction
            for gaussian, correction in zip(
                mean_field.drift(slopes, width),
                mean_field.kurtosis_drift(slopes, width, law.kurtosis),
                strict=True,
            )
        )
        factor = width * law.variance(width, width)
        mean += math.log(factor * (slopes[0] ** 2 + slopes[1] ** 2) / 2)
        dead = 2.0**-width if slopes[0] == 0 else 0.0
    return {
        "log_square_mean_predicted": mean * layers,
        "log_square_variance_predicted": variance * layers,
        "dead_input_share_predicted": 1.0 - (1.0 - dead) ** layers,
    }


STUDY = Fluctuation()
