"""How many layers a sigmoid network's gradient crosses before it is exactly zero.

No training. Gaussian inputs forward, a Gaussian cotangent back, in single and in double
precision, with the same kernels: double precision computes with the single-precision draw.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from suite.probes.signals import Signals
from suite.studies.common import costs
from suite.studies.propagation import INPUTS, batch, predict, start
from suite.types import (
    BLOCK,
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
    float64,
)

DEPTHS = {"single": 90, "double": 560}
"""More layers than the gradient crosses: sqrt(chi) is 0.236 a layer, so that denormal numbers
end after about 72 and 516 of them."""

_SETTLED = 30
"""Layers from which the fall per layer is read."""


class Underflow(Study):
    """Where a gradient ends; ``suite.types.Study`` says what each part means."""

    name = "underflow"
    position = 90
    question = "After how many layers is a vanishing gradient exactly zero?"
    source = "derived from the gradient map of Schoenholz et al. 2017 and the formats of IEEE 754"
    axes = ("framework", "activation", "initializer", "depth", "width", "weights", "precision")
    within: tuple[str, ...] = ()
    tables: tuple[TableSpec, ...] = (
        TableSpec("runs", ("gradient_reach", "gradient_reach_predicted", "smallest_number")),
        TableSpec(
            "layers",
            ("largest_gradient", "largest_gradient_predicted"),
            coordinates=("from_last",),
            per="seeds",
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = (_grid("single", 128, BLOCK),)
        standard = (*quick, _grid("double", 128, BLOCK))
        if profile == "full":
            return (*standard, _grid("single", 256, BLOCK), _grid("double", 256, BLOCK))
        return quick if profile == "quick" else standard

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (Signals.backward, Signals.smallest)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        backward = lab.framework.probe(Signals).backward
        cell = stack.members[0].cell
        precision = cell.text("precision")
        smallest = lab.framework.probe(Signals).smallest(precision)
        reached, largest = [], []
        for member in stack.members:
            weights = start(member, lab)
            gradient = backward(cell.text("activation"), weights, *batch(member, lab), precision)
            reached.append(reach(gradient))
            largest.append(np.abs(float64(gradient)).max(axis=(1, 2))[::-1])
        size = len(stack.members)
        logs, depth = predicted(cell), cell.count("depth")
        columns = {
            "gradient_reach": np.array(reached, dtype=np.float64),
            "gradient_reach_predicted": np.full(size, float((logs >= math.log(smallest)).sum())),
            "smallest_number": np.full(size, smallest),
        }
        layers = {
            "largest_gradient": np.array(largest),
            "largest_gradient_predicted": np.tile(np.exp(logs), (size, 1)),
        }
        tables = [
            Table("runs", {}, columns),
            Table("layers", {"from_last": np.arange(1, depth + 1)}, layers),
        ]
        return Measurement(["ok"] * size, [""] * size, tables)

    def cost(self, stack: Stack) -> Cost:
        return costs.propagation(stack, INPUTS, 0)


def _grid(precision: str, width: int, seeds: int) -> Grid:
    return Grid(
        {
            "activation": ("sigmoid",),
            "initializer": ("xavier_normal",),
            "depth": (DEPTHS[precision],),
            "width": (width,),
            "precision": (precision,),
        },
        seeds,
    )


def reach(gradient: Array) -> int:
    """Layers from the last, of (depth, samples, width), before the first that is all zeros."""
    alive = (gradient != 0).any(axis=(1, 2))[::-1]
    return int(len(alive) if alive.all() else np.argmin(alive))


@functools.lru_cache(maxsize=64)
def predicted(cell: Cell) -> Array:
    """ln of the largest entry of the gradient, (depth,), from the last layer to the first.

    That entry is taken as sqrt(2 ln n) root mean squares, as of n Gaussians (n entries a layer).
    Mean squares leave double precision before the entries do: a few layers from the input the
    forward map has settled, so that the gradient falls by one factor in each of the others, which
    is carried on.
    """
    entries, depth = INPUTS * cell.count("width"), cell.count("depth")
    logs = np.log(predict(cell).gradient_square[: -_SETTLED - 1 : -1]) / 2
    fall = logs[-2] - logs[-1]
    largest = logs[0] + math.log(2 * math.log(entries)) / 2
    return np.asarray(largest - fall * np.arange(depth))


STUDY = Underflow()
