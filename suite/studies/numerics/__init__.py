"""How accurately single formulas are computed: activations, losses, softmax and normalization.

No network. Each formula is a function of one number and is measured at points over the whole
range of a floating-point type, value and slope, against results that are exact to far below that
type's rounding. What a framework's compiler makes of the formula stands beside it in profile full.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from suite.catalogue.activations import ACTIVATIONS
from suite.catalogue.floats import FLOATS, FloatType, points
from suite.probes.numerics import Formulas
from suite.studies.numerics import errors, formulas, reference
from suite.types import (
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Stack,
    Status,
    Study,
    Table,
    TableSpec,
)

SIDES = ("value", "slope")
SPECIAL = np.array([np.nan, -np.inf, np.inf])
_ACCURACY = (
    "ulps",
    "ulps_at",
    "usual_ulps",
    "usual_relative",
    "largest_lost",
    "lost_at",
    "nonfinite",
    "wrong_sign",
    "flushed",
)
_EVERY = (*ACTIVATIONS.names, *formulas.FORMULAS.names)


class Numerics(Study):
    """Errors of single formulas in units in the last place, for each floating-point type."""

    name = "numerics"
    position = 235
    gate = True
    question = "How accurately is each activation, loss and normalization computed, and where not?"
    source = "Goldberg 1991; Muller et al., Handbook of Floating-Point Arithmetic, 2018"
    axes = ("framework", "formula", "float_type", "execution")
    within = ("formula",)
    tables = (
        TableSpec(
            "runs",
            (
                *(f"{side}_{key}" for side in SIDES for key in _ACCURACY),
                "monotone_falls",
                "slope_gap",
                "special_errors",
            ),
        ),
        TableSpec("errors", tuple(f"{side}_error" for side in SIDES), coordinates=("from_x",)),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        def grid(types: tuple[str, ...], execution: str = "eager") -> Grid:
            axes = {"formula": _EVERY, "float_type": types, "execution": (execution,)}
            return Grid(axes, seeds=1)

        single = grid(("single",))
        every = grid(FLOATS.names)
        return {
            "quick": (single,),
            "standard": (single, every),
            "full": (single, every, grid(FLOATS.names, "compiled")),
        }[profile]

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (Formulas.evaluate,)

    def unsupported(self, cell: Cell) -> str | None:
        formula = formulas.resolve(cell.text("formula"))
        if cell["float_type"] == "double" and formula.exact is None:
            return "double precision needs the formula in arbitrary precision: none is declared"
        return formula.undeclared(cell.text("framework"))

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        shared = dict(stack.shared)
        kind = FLOATS[str(shared["float_type"])]
        x = points(kind)
        edges = bins(kind)
        rows: list[dict[str, float]] = []
        curves: list[dict[str, Array]] = []
        reasons: list[str] = []
        for member in stack.members:
            formula = formulas.resolve(member.cell.text("formula"))
            try:
                value, slope = lab.framework.probe(Formulas).evaluate(
                    formula.name, np.concatenate([x, SPECIAL]), kind.name, str(shared["execution"])
                )
            except Exception as error:  # a formula that a framework refuses fails alone
                reasons.append(" ".join(f"{type(error).__name__}: {error}".split())[:500])
                value = slope = np.full(len(x) + len(SPECIAL), np.nan)
            else:
                reasons.append("")
            row, curve = described(formula, kind, x, edges, value, slope)
            rows.append(row)
            curves.append(curve)
        tables = (
            Table("runs", {}, {key: np.array([row[key] for row in rows]) for key in rows[0]}),
            Table(
                "errors",
                {"from_x": edges},
                {key: np.stack([curve[key] for curve in curves]) for key in curves[0]},
            ),
        )
        status = [Status.FAILED if reason else Status.OK for reason in reasons]
        return Measurement(status, reasons, tables)

    def cost(self, stack: Stack) -> Cost:
        shared = dict(stack.shared)
        seconds = {"double": 1.5}.get(str(shared["float_type"]), 0.1)
        if shared["execution"] == "compiled":
            seconds += 4.0
        return Cost(1.0 + seconds * len(stack.members), 1.2e9)


def described(
    formula: formulas.Formula, kind: FloatType, x: Array, edges: Array, value: Array, slope: Array
) -> tuple[dict[str, float], dict[str, Array]]:
    """Return the columns of ``runs`` and of ``errors`` of one formula.

    ``x``: (n,) the points of the type. ``value`` and ``slope``: (n + 3,) at these points, at NaN
    and at the infinities. ``edges``: (bins,) the first points of the bins.
    """
    exact = reference.results(formula.name, kind.name)
    computed = {"value": value[: len(x)], "slope": slope[: len(x)]}
    row: dict[str, float] = {}
    curve: dict[str, Array] = {}
    for side in SIDES:
        skip = np.isin(x, formula.kinks) if side == "slope" else np.zeros(len(x), dtype=bool)
        accuracy = errors.accuracy(x, computed[side], exact[side], kind, skip)
        row |= {f"{side}_{key}": accuracy[key] for key in _ACCURACY}
        curve[f"{side}_error"] = errors.by_bin(x, computed[side], exact[side], kind, skip, edges)
    row["monotone_falls"] = errors.falls(computed["value"], exact["value"])
    row["slope_gap"] = errors.slope_gap(
        x, computed["value"], computed["slope"], formula.smooth(x), kind
    )
    row["special_errors"] = errors.special(value[len(x) :], exact["value"])
    return row, curve


def bins(kind: FloatType) -> Array:
    """Return the first points of the bins of the table ``errors``, ascending: (n,) float64.

    A bin is an octave of x, or a step of 1/4 up to 16; each bin ends where the next begins.
    """
    octaves = np.ldexp(1.0, np.arange(kind.lowest, kind.highest + 1, 2))
    outer = octaves[(octaves < 0.25) | (octaves > 16.0)]
    positive = np.concatenate(
        [outer[outer < 0.25], np.arange(0.25, 16.25, 0.25), outer[outer > 16]]
    )
    return np.concatenate([-positive[::-1], [0.0], positive])


STUDY = Numerics()
