"""Twins of the study ``numerics``: each number by a loop over the points, in NumPy's own types."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from suite.catalogue.floats import FLOATS
from suite.studies.numerics import bins, formulas
from suite.types import Array
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = (
    {"formula": ("tanh", "silu", "relu", "squared_error"), "float_type": "single"},
    {"formula": ("sigmoid", "elu"), "float_type": "half"},
)
SEEDS = (0,)
TYPES: dict[str, Any] = {"single": np.float32, "half": np.float16}
STEP = 1 / 32


def _evaluate(formula: str, points: Array, float_type: str, execution: str) -> tuple[Array, Array]:
    """Return results with every kind of mistake, of another size for value and slope."""
    kind, entry = TYPES[float_type], formulas.resolve(formula)

    def rounded(exact: Array, error: float, turned: float) -> Array:
        with np.errstate(all="ignore"):
            off = exact * (1 + error * np.finfo(kind).eps * np.sin(3 * points))
            off = np.where((np.abs(points) > 1e-7) & (np.abs(points) < 1e-5), 0.0, off)
            off = np.where(points == turned, -off, off)
            off = np.where(points == -2.0, np.inf, off)
            off = np.where(np.abs(exact) < 2 * np.finfo(kind).smallest_normal, 0.0, off)
            return off.astype(kind).astype(np.float64)

    with np.errstate(all="ignore"):
        value, slope = entry.value(points), entry.slope(points)
    value, slope = rounded(value, 5.0, -0.5), rounded(slope, 9.0, 3.0)
    value[-2:] = [math.nan, value[-1]]
    return value, slope


PROBES = {"evaluate": _evaluate}


class _Result:
    """Computed and exact results of one side at the points that are judged, by a loop."""

    def __init__(self, kind: Any, x: Array, computed: Array, exact: Array, kinks: Any) -> None:
        self.info = np.finfo(kind)
        self.kind = kind
        self.points = list(zip(map(float, x), computed, exact, strict=True))
        self.kinks = kinks

    def judged(self) -> Iterator[tuple[float, float, float, float]]:
        """Yield x, the computed and the exact result, and the unit in the last place."""
        least = float(self.info.smallest_normal)
        for x, computed, exact in self.points:
            with np.errstate(over="ignore", under="ignore"):
                size = abs(float(self.kind(exact)))
            normal = (size == 0 or size >= least) and math.isfinite(size)
            if normal and (x == 0 or abs(x) >= least) and x not in self.kinks:
                unit = 2.0 ** (max(math.frexp(exact)[1] - 1, self.info.minexp) - self.info.nmant)
                yield x, computed, exact, unit

    def ulps(self) -> list[tuple[float, float]]:
        """Return x and the error in units in the last place of the exact result."""
        return [
            (x, abs(computed - exact) / unit if math.isfinite(computed) else math.inf)
            for x, computed, exact, unit in self.judged()
        ]

    def numbers(self) -> dict[str, float]:
        ulps, judged = self.ulps(), list(self.judged())
        largest = max(error for _, error in ulps)
        relative = [
            math.inf
            if not math.isfinite(computed)
            else 0.0
            if computed == exact
            else abs(computed - exact) / abs(exact)
            if exact
            else math.inf
            for x, computed, exact, _ in judged
            if 1e-8 <= abs(x) <= 10
        ]
        smallest, least = float(self.info.smallest_subnormal), float(self.info.smallest_normal)
        denormal = []
        for x, computed, exact in self.points:
            with np.errstate(under="ignore", over="ignore"):
                size = abs(float(self.kind(exact)))
            if smallest <= size < least and (x == 0 or abs(x) >= least) and x not in self.kinks:
                denormal.append(computed == 0)
        lost = [abs(float(self.kind(e))) for x, c, e, _ in judged if c == 0 and self.kind(e) != 0]
        return {
            "ulps": largest,
            "ulps_at": next(x for x, error in ulps if error == largest) if largest else 0.0,
            "usual_ulps": max(error for x, error in ulps if 1e-8 <= abs(x) <= 10),
            "usual_relative": max(relative),
            "largest_lost": max(lost, default=0.0),
            "nonfinite": min(
                (abs(x) for x, c, _, _ in judged if not math.isfinite(c)), default=math.inf
            ),
            "wrong_sign": float(sum(c * e < 0 for _, c, e, _ in judged)),
            "flushed": sum(denormal) / len(denormal) if denormal else 0.0,
        }


def _falls(computed: Array, exact: Array) -> float:
    up, down = np.all(exact[1:] >= exact[:-1]), np.all(exact[1:] <= exact[:-1])
    pairs = list(itertools.pairwise(computed))
    if up:
        return float(sum(after < before for before, after in pairs))
    return float(sum(after > before for before, after in pairs)) if down else 0.0


def _gap(x: Array, value: Array, slope: Array, smooth: Callable[[Array], Array]) -> float:
    place = {float(at): i for i, at in enumerate(x)}
    gaps = []
    for n in range(-511, 512):
        left, middle, right = (place[(n + shift) * STEP] for shift in (-1, 0, 1))
        if not smooth(np.array([n * STEP]))[0]:
            continue
        area = STEP / 3 * (slope[left] + 4 * slope[middle] + slope[right])
        gap = abs(value[right] - value[left] - area) / max(1, abs(value[middle]))
        gaps.append(math.inf if math.isnan(gap) else gap)
    return max(gaps)


def _special(special: Array, exact: Array) -> float:
    """All limits of these formulas are -1, 0, 1 or infinite."""
    wrong = 0 if math.isnan(special[0]) else 1
    for answer, end in zip(special[1:], exact[[0, -1]], strict=True):
        limit = math.copysign(math.inf, end) if abs(end) > 1e4 else round(end)
        wrong += answer != limit
    return float(wrong)


@np.errstate(all="ignore")
def _one(
    formula: str, float_type: str, points: Array, answers: tuple[Array, Array]
) -> tuple[dict[str, float], dict[str, Array]]:
    kind, entry = TYPES[float_type], formulas.resolve(formula)
    x, special = points[:-3], answers[0][-3:]
    exact = {"value": entry.value(x), "slope": entry.slope(x)}
    row: dict[str, float] = {}
    curve: dict[str, Array] = {}
    edges = bins(FLOATS[float_type])
    ends = [*edges[1:], math.inf]
    for side, computed in zip(("value", "slope"), answers, strict=True):
        kinks = entry.kinks if side == "slope" else ()
        result = _Result(kind, x, computed[:-3], exact[side], kinks)
        row |= {f"{side}_{name}": number for name, number in result.numbers().items()}
        ulps = result.ulps()
        curve[f"{side}_error"] = np.array(
            [
                max((error for at, error in ulps if low <= at < high), default=math.nan)
                for low, high in zip(edges, ends, strict=True)
            ]
        )
    value, slope = answers[0][:-3], answers[1][:-3]
    row["monotone_falls"] = _falls(value, exact["value"])
    row["slope_gap"] = _gap(x, value, slope, entry.smooth)
    row["special_errors"] = _special(special, exact["value"])
    return row, curve


def columns(run: Run) -> Columns:
    parts = [
        _one(formula, float_type, points, answer)
        for (formula, points, float_type, _), answer in zip(
            run.given("evaluate"), run.answers("evaluate"), strict=True
        )
    ]
    return {
        table: {name: np.array([part[place][name] for part in parts]) for name in parts[0][place]}
        for place, table in enumerate(("runs", "errors"))
    }
