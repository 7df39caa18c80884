"""Twins of the study ``correlations``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.theory import pairs as theory
from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import finite_signal, one_by_one

_CELL = {"width": 8, "initializer": "lecun_normal"}
GRIDS: tuple[dict[str, Any], ...] = (
    {**_CELL, "activation": "tanh", "depth": 12, "case": ("order", "edge", "chaos")},
    # Deep enough for a correlation length.
    {**_CELL, "activation": "tanh", "depth": 40, "case": "order"},
    {**_CELL, "activation": "relu", "depth": 4, "case": "he"},
    {**_CELL, "activation": "relu", "depth": 10, "case": "he", "initializer": "normal(1e37)"},
)
VARIANCES = {"order": (1.0, 0.05), "edge": (1.76, 0.05), "chaos": (2.5, 0.05), "he": (2.0, 0.0)}
"""Case -> the variances of kernels, times fan_in, and of biases."""
STARTS, PAIRS = (0.0, 0.5, 0.9), 12


def finite(run: Run, k: int) -> bool:
    return finite_signal(run.answers("propagate")[one_by_one(run, k)][0])


@np.errstate(all="ignore")
def _cosines(layers: Any) -> Array:
    """Return the mean cosine of the pairs by layer and start."""

    def cosine(a: Array, b: Array) -> float:
        a, b = float64(a), float64(b)
        return float(a @ b / np.sqrt((a @ a) * (b @ b)))

    def mean(layer: Array, start: int) -> float:
        first = start * 2 * PAIRS
        return float(
            np.mean([cosine(layer[first + p], layer[first + PAIRS + p]) for p in range(PAIRS)])
        )

    return np.array([[mean(layer, n) for n in range(len(STARTS))] for layer in layers])


@np.errstate(all="ignore")
def _columns(run: Run, k: int) -> dict[str, Any]:
    cell = run.members[k].cell
    (signal,) = run.answers("propagate")[one_by_one(run, k)]
    assert run.given("propagate")[one_by_one(run, k)][0] == (cell["activation"],)
    depth, variances = cell.count("depth"), VARIANCES[cell.text("case")]
    phi = activations.resolve(cell.text("activation"))
    expected = [theory.predict(phi, depth, start, *variances) for start in STARTS]
    measured, gradients = _cosines(signal.preactivation), _cosines(signal.gradient)
    exact = np.array([pair.correlation for pair in expected]).T
    exact_gradients = np.array([pair.gradient_cosine for pair in expected]).T
    length = length_predicted = math.nan
    if variances[1] > 0:
        limit = theory.limit(phi, *variances)
        if limit.correlation == 1.0 and 6 * limit.length <= depth:
            length_predicted = limit.length
            late = np.log(1 - measured[depth // 2 :, 0])
            x = np.arange(len(late)) - np.mean(np.arange(len(late)))
            length = float(-(x @ x) / (x @ (late - late.mean())))
    return {
        "correlation_offset": (measured - exact).mean(),
        "correlation_error": np.abs(measured - exact).max(),
        "last_correlation": measured[-1, 0],
        "last_correlation_predicted": exact[-1, 0],
        "correlation_length": length,
        "correlation_length_predicted": length_predicted,
        "first_gradient_cosine": gradients[0, 0],
        "first_gradient_cosine_predicted": exact_gradients[0, 0],
        "first_gradient_cosine_halved": 0.5**depth,
        "pairs": {
            "correlation": measured,
            "correlation_predicted": exact,
            "gradient_cosine": gradients,
            "gradient_cosine_predicted": exact_gradients,
        },
    }


def columns(run: Run) -> Columns:
    rows = [_columns(run, k) for k in range(len(run.members))]
    pairs = [row.pop("pairs") for row in rows]
    return {
        "runs": {name: np.array([row[name] for row in rows]) for name in rows[0]},
        "pairs": {name: np.array([part[name] for part in pairs]) for name in pairs[0]},
    }
