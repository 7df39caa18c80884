"""Twins of the study ``extremes``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from suite import seeds
from suite.types import Array
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = (
    {"initializer": "he_normal"},
    {"initializer": "xavier_uniform"},
)
SHAPE = (384, 640)


def _draw(kind: str, shape: tuple[int, ...], initializer: str, seed: int) -> tuple[Array, Array]:
    """Return a kernel whose largest entry is negative, in a place that depends on the seed."""
    rng = np.random.default_rng(seed)
    kernel = 0.01 * rng.standard_normal(shape)
    kernel[seed % shape[0], seed % shape[1]] = -0.3 - 0.1 * rng.random()
    return kernel.astype(np.float32), np.ones(shape[1])


PROBES = {"draw": _draw}


def columns(run: Run) -> Columns:
    name = run.members[0].cell.text("initializer")
    if name == "he_normal":
        # Of 10^9 kernels one may have an entry beyond the limit, on either side of 0.
        deviation = math.sqrt(2 / SHAPE[0])
        limit = deviation * float(stats.norm.isf(1e-9 / (SHAPE[0] * SHAPE[1]) / 2))
    else:
        deviation, limit = math.sqrt(2 / sum(SHAPE)), math.sqrt(6 / sum(SHAPE))
    for given, member in zip(run.given("draw"), run.members, strict=True):
        seed = seeds.integer(
            run.root, "made", seed=member.seed, case=f"extremes {name}", framework="numpy"
        )
        assert given == ("dense", SHAPE, name, seed)
    largest = np.array(
        [max(float(kernel.max()), -float(kernel.min())) for kernel, _ in run.answers("draw")]
    )
    return {
        "runs": {"kernel_largest": largest / deviation, "kernel_largest_ratio": largest / limit}
    }
