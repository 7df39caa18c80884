"""Twins of the study ``numerics``, in half precision, point by point."""

from __future__ import annotations

import bisect
import math
from typing import Any

import numpy as np

from suite.catalogue.floats import FLOATS, points
from suite.studies.numerics import bins, formulas
from suite.types import Array
from tests.studies.twins.run import Columns, Run

DRAWS = False
GRIDS = (
    {
        "formula": ("sigmoid", "relu", "tanh", "silu"),
        "float_type": "half",
        "execution": "eager",
    },
)
SMALLEST, LARGEST = 2.0**-14, 65_504.0
"""The smallest normal and the largest number of half precision."""


def _evaluate(formula: str, x: Array, kind: str, execution: str) -> tuple[Array, Array]:
    """Return the definition rounded, with mistakes: digits lost, numbers lost, signs and NaN."""
    entry = formulas.resolve(formula)
    with np.errstate(all="ignore"):
        value, slope = (
            np.asarray(f(x) * (1 + 3e-3 * np.cos(50 * x))).astype(np.float16).astype(np.float64)
            for f in (entry.value, entry.slope)
        )
    value[(x < -3) & (x > -4)] *= -1.0
    value[(x > 0) & (x < 0.01)] = 0.0
    slope[(x > 5) & (x < 6)] = np.inf
    slope[np.abs(x) < 1e-3] = 0.0
    value[x > 30_000] = np.nan
    return value, slope


PROBES = {"evaluate": _evaluate}


def _spacing(exact: float) -> float:
    """Return the unit in the last place of half precision at a number."""
    exponent = math.frexp(exact)[1] - 1 if exact else -14
    return 2.0 ** (max(exponent, -14) - 10)


@np.errstate(over="ignore")
def _half(number: float) -> float:
    return float(np.float16(number))


def _ulps(computed: float, exact: float) -> float:
    rounded = _half(exact)
    if math.isinf(rounded) and computed == rounded:
        return 0.0
    if not (math.isfinite(computed) and math.isfinite(rounded)):
        return math.inf
    return abs(computed - exact) / _spacing(exact)


def _relative(computed: float, exact: float) -> float:
    if computed == exact:
        return 0.0
    gap = abs(computed - exact) / abs(exact) if exact else math.inf
    return math.inf if math.isnan(gap) else gap


def _side(side: str, x: list[float], computed: list[float], exact: list[float], kinks: Any) -> Any:
    """Return the numbers of value or slope, and its largest error by bin."""
    edges = bins(FLOATS["half"]).tolist()
    numbers = dict.fromkeys(
        ("ulps", "ulps_at", "usual_ulps", "usual_relative", "largest_lost", "wrong_sign"), 0.0
    )
    numbers |= {"nonfinite": math.inf, "lost_at": math.nan}
    by_bin: list[float] = [math.nan] * len(edges)
    denormal: list[bool] = []
    for at, got, right in zip(x, computed, exact, strict=True):
        size = abs(_half(right))
        if (at and abs(at) < SMALLEST) or (side == "slope" and at in kinks):
            continue
        if 0 < size < SMALLEST:
            denormal.append(got == 0)
            continue
        if math.isinf(size):
            continue
        error = _ulps(got, right)
        if error > numbers["ulps"]:
            numbers |= {"ulps": error, "ulps_at": at}
        if 1e-8 <= abs(at) <= 10:
            numbers["usual_ulps"] = max(numbers["usual_ulps"], error)
            numbers["usual_relative"] = max(numbers["usual_relative"], _relative(got, right))
        if got == 0 and size > numbers["largest_lost"]:
            numbers |= {"largest_lost": size, "lost_at": at}
        if not math.isfinite(got):
            numbers["nonfinite"] = min(numbers["nonfinite"], abs(at))
        numbers["wrong_sign"] += got * right < 0
        place = bisect.bisect_right(edges, at) - 1
        if place >= 0:
            before = by_bin[place]
            by_bin[place] = error if math.isnan(before) else max(before, error)
    numbers["flushed"] = sum(denormal) / len(denormal) if denormal else 0.0
    return {f"{side}_{name}": number for name, number in numbers.items()}, by_bin


def _monotone_falls(value: list[float], exact: list[float]) -> float:
    moves = list(zip(np.diff(exact), np.diff(value), strict=True))
    if all(step >= 0 for step, _ in moves):
        return float(sum(move < 0 for _, move in moves))
    if all(step <= 0 for step, _ in moves):
        return float(sum(move > 0 for _, move in moves))
    return 0.0


def _slope_gap(x: list[float], value: list[float], slope: list[float], smooth: Any) -> float:
    """Compare the rise over two steps of 1/32 with Simpson's rule for the slope, up to 16."""
    place = {at: n for n, at in enumerate(x)}
    worst = 0.0
    for step in range(-511, 512):
        a, b, c = (place[(step + n) / 32] for n in (-1, 0, 1))
        if smooth[b]:
            area = (slope[a] + 4 * slope[b] + slope[c]) / 96
            gap = abs(value[c] - value[a] - area) / max(1.0, abs(value[b]))
            worst = max(worst, math.inf if math.isnan(gap) else gap)
    return worst


def _special(answers: list[float], exact: list[float]) -> float:
    wrong = 0 if math.isnan(answers[0]) else 1
    for answer, end in zip(answers[1:], (exact[0], exact[-1]), strict=True):
        limit = end if abs(end) < 1e4 else math.copysign(math.inf, end)
        near = math.isfinite(limit) and abs(answer - limit) <= 0.01 * max(1.0, abs(limit))
        wrong += not (answer == limit or near)
    return float(wrong)


def columns(run: Run) -> Columns:
    x = points(FLOATS["half"])
    rows, curves = [], []
    for given, answer, member in zip(
        run.given("evaluate"), run.answers("evaluate"), run.members, strict=True
    ):
        name = member.cell.text("formula")
        assert (given[0], given[2], given[3]) == (name, "half", "eager")
        np.testing.assert_array_equal(given[1], np.array([*x, math.nan, -math.inf, math.inf]))
        entry = formulas.resolve(name)
        exact = {"value": entry.value(x).tolist(), "slope": entry.slope(x).tolist()}
        computed = {side: part.tolist() for side, part in zip(exact, answer, strict=True)}
        row: dict[str, float] = {}
        curve: dict[str, list[float]] = {}
        for side in ("value", "slope"):
            numbers, by_bin = _side(
                side, x.tolist(), computed[side][: len(x)], exact[side], entry.kinks
            )
            row |= numbers
            curve[f"{side}_error"] = by_bin
        row["monotone_falls"] = _monotone_falls(computed["value"][: len(x)], exact["value"])
        row["slope_gap"] = _slope_gap(
            x.tolist(), computed["value"], computed["slope"], entry.smooth(x)
        )
        row["special_errors"] = _special(computed["value"][len(x) :], exact["value"])
        rows.append(row)
        curves.append(curve)
    return {
        "runs": {name: np.array([row[name] for row in rows]) for name in rows[0]},
        "errors": {name: np.array([curve[name] for curve in curves]) for name in curves[0]},
    }
