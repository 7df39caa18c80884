"""Twins of the study ``fluctuation``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.theory import mean_field
from suite.types import Array
from tests.studies.twins.common import chosen
from tests.studies.twins.run import Columns, Run

GRIDS = ({"activation": "relu", "initializer": "he_normal", "depth": 4, "width": 2},)


def _through(activation: str, kernels: Array, biases: Array, hidden: Array) -> Array:
    """Return the relu of one layer. Networks of width 2 often die, which is what is counted."""
    return np.asarray(np.maximum(np.einsum("kpi,kio->kpo", hidden, kernels) + biases[:, None], 0))


PROBES = {"through": _through}


def _columns(run: Run, k: int) -> dict[str, Any]:
    cell = run.members[k].cell
    depth, width = cell.count("depth"), cell.count("width")
    layers = run.answers("through")[k * depth : (k + 1) * depth]
    rows = []
    for place, hidden in enumerate(layers, start=1):
        networks, inputs, _ = hidden.shape
        squares = np.mean(hidden**2, axis=2).tolist()  # by network and input
        logs = [
            [math.log(row[i]) for row in squares if row[i] > 0] for i in range(inputs)
        ]  # by input, of the networks that are alive for it
        dead = [all(value == 0 for value in row) for row in squares]
        dead_pairs = sum(value == 0 for row in squares for value in row)
        # He's kernels for relu: the mean square is kept, (0 + 1) / 2 times fan_in 2 / fan_in.
        mean, variance = mean_field.drift((0.0, 1.0), width)
        alive = (1 - 2.0**-width) ** place
        rows.append(
            {
                "log_square_variance": np.mean([np.var(x, ddof=1) for x in logs if len(x) > 1]),
                "log_square_variance_predicted": variance * place,
                "log_square_mean": np.mean([np.mean(x) for x in logs if x]),
                "log_square_mean_predicted": mean * place,
                "dead_share": sum(dead) / networks,
                "dead_input_share": dead_pairs / (networks * inputs),
                "dead_input_share_predicted": 1 - alive,
            }
        )
    return {name: [row[name] for row in rows] for name in rows[0]}


def columns(run: Run) -> Columns:
    rows = [_columns(run, k) for k in range(len(run.members))]
    layers = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    runs = {name: values[:, -1] for name, values in layers.items()}
    runs["dead_input_share_error"] = runs["dead_input_share"] - runs["dead_input_share_predicted"]
    return {"runs": chosen(runs, *run.study.tables[0].metrics), "layers": layers}
