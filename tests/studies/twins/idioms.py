"""Twins of the study ``idioms``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from suite.types import Array, float64
from tests.studies.twins.run import Columns, Run

GRIDS: tuple[dict[str, Any], ...] = (
    {"case": "init_apply"},
    {"case": "call_norm"},
    {"case": "weight_name"},
    {"case": "net_lost_layer"},
    {"case": "column_loss"},
    {"case": "logits_as_probabilities"},
)
SHAPES = ((128, 256), (256, 128), (128, 128))


def _initialise(idiom: str, shapes: Any, seed: int) -> list[Array]:
    """Return uniform kernels within Xavier's limits, or nearly."""
    rng = np.random.default_rng([seed, len(idiom)])
    scale = 1.0 if idiom == "init_loop" else 0.95
    limits = [scale * math.sqrt(6 / sum(shape)) for shape in shapes]
    return [rng.uniform(-limit, limit, shape) for limit, shape in zip(limits, shapes, strict=True)]


def _compare(kind: str, inputs: Array, seed: int) -> tuple[Array, Array, int, int]:
    return inputs, inputs[::-1] * 1.5, 3, 1


def _attempt(case: str) -> tuple[float, str]:
    return (0.75, "") if case == "weight_name" else (math.nan, "AttributeError: no layer")


def _carried(case: str, seed: int) -> tuple[float, bool, str]:
    return (0.375, True, "") if case == "column_loss" else (math.nan, False, "RuntimeError: no")


PROBES = {
    "initialise": _initialise,
    "compare": _compare,
    "attempt": _attempt,
    "carried": _carried,
}


def columns(run: Run) -> Columns:
    case, size = run.members[0].cell.text("case"), len(run.members)
    if case == "weight_name":
        return {"runs": {"raised": np.zeros(size), "found_share": np.full(size, 0.75)}}
    if case == "column_loss":
        assert {given[0] for given in run.given("carried")} == {case}
        ported = np.full(size, 0.375)
        return {"runs": {"raised": np.zeros(size), "warned": np.ones(size), "ported_value": ported}}
    if case == "logits_as_probabilities":
        return {"runs": {"raised": np.ones(size), "warned": np.zeros(size)}}
    if case == "net_lost_layer":
        return {"runs": {"raised": np.ones(size)}}
    if case == "call_norm":
        assert {given[0] for given in run.given("compare")} == {"norm"}
        answers = run.answers("compare")
        return {
            "runs": {
                "call_difference": np.array([np.abs(float64(a) - b).max() for a, b, *_ in answers]),
                "called_hooks": np.full(size, 3.0),
                "forward_hooks": np.full(size, 1.0),
            }
        }
    difference, distance = [], []
    for k in range(size):
        (idiom, *_), (loop, *_) = run.given("initialise")[2 * k : 2 * k + 2]
        kernels, plain = run.answers("initialise")[2 * k : 2 * k + 2]
        assert (idiom, loop) == ("init_apply", "init_loop")
        pairs = zip(kernels, plain, strict=True)
        difference.append(max(float(np.abs(a - b).max()) for a, b in pairs))
        limits = [math.sqrt(6 / sum(shape)) for shape in SHAPES]
        places = np.sort(
            np.concatenate(
                [(np.ravel(k) / limit + 1) / 2 for k, limit in zip(kernels, limits, strict=True)]
            )
        )
        count = len(places)
        above = np.max(np.arange(1, count + 1) / count - places)
        below = np.max(places - np.arange(count) / count)
        distance.append(max(above, below))
    return {"runs": {"start_difference": np.array(difference), "start_ks": np.array(distance)}}
