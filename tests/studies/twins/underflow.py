"""Twins of the study ``underflow``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.types import Array
from tests.studies.twins.run import Columns, Run
from tests.studies.twins.signals import predicted

_CELL = {"activation": "sigmoid", "initializer": "xavier_normal", "depth": 90, "width": 6}
GRIDS: tuple[dict[str, Any], ...] = (
    {**_CELL, "precision": "single"},
    {**_CELL, "precision": "double"},
)


def _backward(activation: str, weights: Any, inputs: Array, cotangent: Array, kind: str) -> Array:
    """Return gradients that fall towards the input, by another factor for each network, and are
    exactly 0 in the first layers. In a layer with gradients, some are 0 too."""
    rng = np.random.default_rng(int(abs(float(inputs.sum())) * 1e4))
    depth, zero = len(weights), int(rng.integers(1, 20))
    gradients = (
        rng.standard_normal((depth, *inputs.shape)) * 0.5 ** np.arange(depth)[::-1, None, None]
    )
    gradients[:zero] = 0.0
    gradients[:, 0] = 0.0
    return gradients


PROBES = {"backward": _backward}


def _reach(gradients: Array) -> int:
    count = 0
    for layer in gradients[::-1]:
        if not np.any(layer):
            break
        count += 1
    return count


def columns(run: Run) -> Columns:
    cell, answers = run.members[0].cell, run.answers("backward")
    assert all(given[4] == cell["precision"] for given in run.given("backward"))
    depth, size = cell.count("depth"), len(run.members)
    smallest = 2.0**-149 if cell["precision"] == "single" else 2.0**-1074
    # From the last layer; a settled factor continues the first thirty layers.
    squares = predicted(cell).gradient_square[::-1]
    step = math.log(squares[29] / squares[28]) / 2
    entries = 16 * cell.count("width")
    largest = math.log(squares[0]) / 2 + math.log(2 * math.log(entries)) / 2
    logs = [largest + n * step for n in range(depth)]
    reach = sum(log >= math.log(smallest) for log in logs)
    return {
        "runs": {
            "gradient_reach": np.array([_reach(answer) for answer in answers]),
            "gradient_reach_predicted": np.full(size, reach),
            "smallest_number": np.full(size, smallest),
        },
        "layers": {
            "largest_gradient": np.array(
                [[np.max(np.abs(layer)) for layer in answer[::-1]] for answer in answers]
            ),
            "largest_gradient_predicted": np.array([[math.exp(log) for log in logs]] * size),
        },
    }
