"""The number of layers that the gradient of a sigmoid network crosses before it is exactly zero.

Nothing is trained. Gaussian inputs go forward and a Gaussian cotangent goes back, in single and in
double precision, with the same kernels: double precision uses the single-precision draw.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from suite.probes.signals import Signals
from suite.studies.common import costs
from suite.studies.common.measurements import completed
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
"""Depths that the gradient does not cross: sqrt(chi) is 0.236 per layer, so that denormal numbers
end after about 72 and 516 layers."""

_SETTLED = 30
"""The number of layers from which the factor per layer is determined."""


class Underflow(Study):
    """Sigmoid networks with Xavier's kernels, in single and in double precision."""

    name = "underflow"
    position = 90
    question = "After how many layers is a vanishing gradient exactly zero?"
    source = "derived from the gradient map of Schoenholz et al. 2017 and the formats of IEEE 754"
    axes = ("framework", "activation", "initializer", "depth", "width", "weights", "precision")
    tables = (
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
        return completed(size, *tables)

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
    """Count the layers, from the last, before the first whose gradient is zero throughout.

    ``gradient``: (depth, samples, width).
    """
    nonzero = (gradient != 0).any(axis=(1, 2))[::-1]
    return int(len(nonzero) if nonzero.all() else np.argmin(nonzero))


@functools.lru_cache(maxsize=64)
def predicted(cell: Cell) -> Array:
    """Return ln of the largest entry of the gradient, (depth,), from the last layer to the first.

    That entry is taken as sqrt(2 ln n) root mean squares, the largest of n Gaussians, where a layer
    has n entries. Mean squares leave double precision before the entries do. But a few layers from
    the input the forward map has settled, and the gradient falls by the same factor in every later
    layer, so the prediction extrapolates with that factor.
    """
    entries, depth = INPUTS * cell.count("width"), cell.count("depth")
    logs = np.log(predict(cell).gradient_square[: -_SETTLED - 1 : -1]) / 2
    decrease = logs[-2] - logs[-1]
    largest = logs[0] + math.log(2 * math.log(entries)) / 2
    return np.asarray(largest - decrease * np.arange(depth))


STUDY = Underflow()
