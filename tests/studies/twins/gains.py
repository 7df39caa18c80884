"""Twins of the study ``gains``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.catalogue import activations
from suite.theory import gains as theory
from suite.theory import mean_field
from suite.types import Cell
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import finite_signal, log_square, one_by_one

_CELL = {"initializer": "lecun_normal", "depth": 6, "width": 8}
GRIDS: tuple[dict[str, Any], ...] = (
    {**_CELL, "activation": ("tanh", "relu"), "case": ("unit", "torch")},
    # The halves of seven layers are unequal.
    {**_CELL, "activation": "tanh", "case": ("unit", "lecun_tanh"), "depth": 7},
    {**_CELL, "activation": "relu", "case": "torch", "initializer": "normal(1e36)", "depth": 10},
)
STARTS, INPUTS = (0.7, 1.0, 1.4), 8
TORCH = {"tanh": 5 / 3, "relu": math.sqrt(2)}
"""torch's recommended gains, from its documentation."""


def _gain(cell: Cell) -> float:
    phi = activations.resolve(cell.text("activation"))
    return {
        "unit": lambda: 1 / math.sqrt(mean_field.moments(phi, 1.0).square),
        "torch": lambda: TORCH[cell.text("activation")],
        "lecun_tanh": lambda: 1.7159 * 2 / 3,
    }[cell.text("case")]()


def finite(run: Run, k: int) -> bool:
    return finite_signal(run.answers("propagate")[one_by_one(run, k)][0])


@np.errstate(all="ignore")
def _columns(run: Run, k: int) -> dict[str, Any]:
    cell = run.members[k].cell
    ((signal,), given) = (
        run.answers("propagate")[one_by_one(run, k)],
        run.given("propagate")[one_by_one(run, k)],
    )
    assert given[0] == (cell["activation"],)
    depth, width, half = cell.count("depth"), cell.count("width"), cell.count("depth") // 2
    phi, gain = activations.resolve(cell.text("activation")), _gain(cell)
    amplitude = 1.7159 if cell["case"] == "lecun_tanh" else 1.0
    parts = [slice(n * INPUTS, (n + 1) * INPUTS) for n in range(len(STARTS))]
    # By layer and start.
    logs = np.array([[log_square(layer[part]) for part in parts] for layer in signal.preactivation])
    middle = [log_square(layer[parts[1]]) for layer in signal.gradient]
    theories = np.array([theory.iterate(phi, gain, start, depth) for start in STARTS]).T
    theory_logs = np.log(theories)
    slopes = mean_field.half_slopes(phi)

    def step(layer: int) -> float:
        """Return the log of the factor of the gradient at a layer, from 1, with its drift."""
        moments = mean_field.moments(phi, theories[layer - 1, 1])
        drift = (
            mean_field.leading_drift(moments, width)
            if slopes is None
            else mean_field.drift(slopes, width)[0]
        )
        return math.log(gain**2 * moments.slope_square) + drift

    fixed = theory.fixed_point(phi, gain)
    known = not math.isnan(fixed)
    last = mean_field.moments(phi, theories[-1, 1]).square

    def late(values: Any) -> float:
        return float((values[-1] - values[half - 1]) / (depth - half))

    def apart(values: Any, layer: int) -> float:
        return float(values[layer, 2] - values[layer, 0])

    return {
        "gain": gain,
        "fixed_point": fixed,
        "fixed_point_response": theory.response(phi, fixed) if known else math.nan,
        "fixed_point_chi": (
            gain**2 * mean_field.moments(phi, fixed).slope_square if known else math.nan
        ),
        "response": apart(logs, 1) / apart(logs, 0),
        "response_predicted": apart(theory_logs, 1) / apart(theory_logs, 0),
        "separation": apart(logs, -1) / apart(logs, 0),
        "separation_predicted": apart(theory_logs, -1) / apart(theory_logs, 0),
        "late_forward_rate": late(logs[:, 1]),
        "late_forward_rate_predicted": late(theory_logs[:, 1]),
        "late_backward_rate": -late(middle),
        "late_backward_rate_predicted": np.mean([step(n) for n in range(half, depth)]),
        "last_square": amplitude**2 * math.exp(log_square(signal.activation[-1][parts[1]])),
        "last_square_predicted": amplitude**2 * last,
        "layers": (np.exp(logs), theories),
    }


def columns(run: Run) -> Columns:
    rows = [_columns(run, k) for k in range(len(run.members))]
    squares, exact = (np.array(part) for part in zip(*(r.pop("layers") for r in rows), strict=True))
    return {
        "runs": {name: np.array([row[name] for row in rows]) for name in rows[0]},
        "layers": {"square": squares, "square_predicted": exact},
    }
