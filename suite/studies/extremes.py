"""Rare events in the frameworks' draws: the largest entry of each of many large kernels.

A median over seeds cannot see what happens in one kernel of a hundred, and one entry of 245,760
hardly moves a variance. Here each run draws one kernel in the framework's own layer and keeps the
size of its largest entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import initializers, laws
from suite.probes.initializers import LayerDraws
from suite.studies.common import costs
from suite.studies.common.measurements import completed
from suite.types import (
    BLOCK,
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
    UserError,
)

SHAPE = (384, 640)
"""The fans of the kernels: 245,760 entries, in which an event that befalls one of 2^24 single
draws, the spacing of uniform numbers in single precision, is found in 1.5 % of the kernels."""
DRAWN = 720
"""Seeds of the standard profile: 702 kernels without an event exclude a rate above 1.5 %."""
ODDS = 1e-9
"""The share of honest kernels that may exceed the limit of their law."""
SAMPLERS = ("normal(0.05)", "truncated_normal(0.05)", "xavier_uniform", "he_normal")
"""One initializer for each way to draw; ``he_normal`` is normal or truncated by framework."""


class Extremes(Study):
    """Initializers, with as many seeds as rare events need."""

    name = "extremes"
    position = 245
    question = "Does an initializer now and then draw an entry that its law excludes?"
    source = (
        "the frameworks' documentation; truncated normals of torch up to 2.11, which clamped an"
        " infinite value once in 2^24 draws"
    )
    axes = ("framework", "initializer")
    tables = (TableSpec("runs", ("kernel_largest", "kernel_largest_ratio")),)

    def grids(self, profile: str) -> tuple[Grid, ...]:
        if profile == "quick":
            return (Grid({"initializer": SAMPLERS}, BLOCK),)
        if profile == "standard":
            return (Grid({"initializer": SAMPLERS}, DRAWN),)
        return (Grid({"initializer": tuple(dict.fromkeys((*SAMPLERS, *drawn())))}, DRAWN),)

    def unsupported(self, cell: Cell) -> str | None:
        try:
            law = _law(cell)
        except UserError as error:
            return str(error)
        return "a constant kernel has no law to test" if isinstance(law, laws.Point) else None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (LayerDraws.draw,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        law, draw = _law(stack.members[0].cell), lab.framework.probe(LayerDraws).draw
        kernels = (
            draw("dense", SHAPE, member.cell.text("initializer"), draw_seed(member, lab))[0]
            for member in stack.members
        )
        largest = np.array([np.abs(kernel).max() for kernel in kernels], dtype=np.float64)
        columns = {
            "kernel_largest": largest / math.sqrt(law.variance(*SHAPE)),
            "kernel_largest_ratio": largest / limit(law, *SHAPE),
        }
        return completed(len(stack.members), Table("runs", {}, columns))

    def cost(self, stack: Stack) -> Cost:
        entries = math.prod(SHAPE)
        return Cost(0.05 + 3.0e-8 * entries * len(stack.members), costs.WORKER + 60 * entries)


def drawn() -> tuple[str, ...]:
    """Return the initializers of the catalogue that draw at random."""
    return tuple(name for name in initializers.every() if initializers.resolve(name).random)


def draw_seed(member: Member, lab: Lab) -> int:
    """Return the seed of the framework's draws in a run."""
    return seeds.integer(
        lab.root,
        "made",
        seed=member.seed,
        case=f"extremes {member.cell.text('initializer')}",
        framework=member.cell.text("framework"),
    )


def _law(cell: Cell) -> laws.Law:
    return initializers.resolve(cell.text("initializer")).law(cell.text("framework"))


def limit(law: laws.Law, fan_in: int, fan_out: int) -> float:
    """Return the absolute value that a share of ``ODDS`` of the kernels of a law exceed.

    Each of the entries may exceed it with a probability of ``ODDS`` over their number (the union
    bound, which holds for dependent entries too). That of a bounded law is its bound, to rounding.
    """
    from scipy.optimize import brentq

    tail = ODDS / (fan_in * fan_out) / 2.0  # on each side: the laws are symmetric
    deviation = math.sqrt(law.variance(fan_in, fan_out))

    def excess(size: float) -> float:
        return float(law.cdf(np.array(-size * deviation), fan_in, fan_out)) - tail

    # Half of a law lies below 0, and no law of the catalogue reaches 40 standard deviations.
    return deviation * float(brentq(excess, 0.0, 40.0, xtol=1e-12))


STUDY = Extremes()
