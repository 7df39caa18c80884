"""Twins of the study ``internal_shift``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.types import Array
from tests.studies.twins.run import Columns, Run

GRIDS = (
    {
        "activation": "relu",
        "initializer": ("he_normal", "xavier_normal"),
        "depth": 3,
        "width": 4,
        "optimizer": "sgd(0.1)",
        "normalization": "none",
    },
)


def _shift(*given: Any) -> tuple[Array, Array, Array]:
    """Return random losses and gradients; those of the second kernel's second network are NaN."""
    weights, steps = given[2], given[6]
    rng = np.random.default_rng(int(abs(float(weights[0][0].sum())) * 1e6))
    depth, width = len(weights) - 1, weights[1][0].shape[-1]
    loss = np.abs(rng.standard_normal(steps)) + 0.1
    before, after = rng.standard_normal((2, steps, depth - 1, width, width))
    if loss[0] < 0.4:
        loss[3] = np.nan
    if loss[0] > 1.2:
        before[1, 0] = 0.0
    return loss, before, after


PROBES = {"shift": _shift}


def _apart(before: Array, after: Array) -> tuple[float, float]:
    """Return |after - before| / |before| and the cosine between two gradients."""
    a, b = before.ravel().tolist(), after.ravel().tolist()
    size, other = (math.sqrt(sum(x * x for x in values)) for values in (a, b))
    if size == 0:
        return math.inf, math.nan
    moved = math.sqrt(sum((y - x) ** 2 for x, y in zip(a, b, strict=True)))
    return moved / size, sum(x * y for x, y in zip(a, b, strict=True)) / (size * other)


def _pairs(run: Run, k: int) -> Array:
    """Return distance and cosine of each step and layer, (steps, layers, 2)."""
    _, before, after = run.answers("shift")[k]
    return np.array(
        [
            [_apart(a, b) for a, b in zip(*step, strict=True)]
            for step in zip(before, after, strict=True)
        ]
    )


def finite(run: Run, k: int) -> bool:
    loss = run.answers("shift")[k][0]
    return bool(np.isfinite(loss).all() and np.isfinite(_pairs(run, k)[..., 0]).all())


def columns(run: Run) -> Columns:
    pairs = [_pairs(run, k) for k in range(len(run.members))]
    losses = [answer[0] for answer in run.answers("shift")]
    return {
        "runs": {
            "shift_distance": np.array([np.mean(p[..., 0]) for p in pairs]),
            "shift_cosine": np.array([np.mean(p[..., 1]) for p in pairs]),
            "first_step_loss": np.array([loss[0] for loss in losses]),
            "last_step_loss": np.array([loss[9] for loss in losses]),
        },
        "layers": {
            name: np.array(
                [[np.mean([step[n, i] for step in p]) for n in range(p.shape[1])] for p in pairs]
            )
            for i, name in enumerate(("shift_distance", "shift_cosine"))
        },
    }
