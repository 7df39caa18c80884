"""Twins of the study ``weighting``."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite.theory import shift as theory
from suite.types import Array
from tests.studies.twins.run import Columns, Run

GRIDS = ({"case": ("apart", "overlapping")},)
PLACES, WEIGHT, RECORD = 2000, 50.0, (5, 10, 20, 50, 100, 300)
CENTRES = {"apart": 2.0, "overlapping": 0.25}


def _train(
    optimizer: str,
    weights: Any,
    inputs: Array,
    labels: Array,
    importance: Array,
    points: Array,
    record: tuple[int, ...],
) -> Array:
    """Return random logits, more of them positive where the importance is larger; the last network
    has a NaN at last where the points are weighted."""
    rng = np.random.default_rng(int(importance.max()))
    share = np.linspace(0, 1, len(record))[:, None] + np.arange(len(inputs))[:, None, None]
    logits: Array = rng.standard_normal((len(inputs), len(record), points.shape[1]))
    logits = logits + 0.1 * share * (importance.max() > 1)
    if importance.max() > 1:
        logits[-1, -1, 4] = np.nan
    return logits


PROBES = {"train": _train}


def finite(run: Run, k: int) -> bool:
    return all(bool(np.isfinite(logits[k]).all()) for logits in run.answers("train"))


def _positive(logits: Array) -> float:
    """Return the share of the square that is classified as positive."""
    return float(sum(logit > 0 for logit in logits[:PLACES].tolist())) / PLACES


def columns(run: Run) -> Columns:
    weighted, plain = run.answers("train")
    (given, given_plain) = run.given("train")
    labels = given[3]
    np.testing.assert_array_equal(given[4], np.where(labels == 1, WEIGHT, 1.0))
    np.testing.assert_array_equal(given_plain[4], 1.0)
    np.testing.assert_array_equal(given[5][:, PLACES:], given[2])  # the square, then the inputs
    assert given[6] == RECORD

    def share(logits: Array) -> Array:
        return run.each(lambda k: [_positive(step) for step in logits[k]])

    effect = share(weighted) - share(plain)
    expected = run.each(
        lambda k: (
            theory.boundary_move(CENTRES[run.members[k].cell.text("case")], 0.5, WEIGHT, 3.0) / 6
        )
    )
    fitted = run.each(
        lambda k: (
            sum(
                (logit > 0) == (label == 1)
                for logit, label in zip(weighted[k, -1, PLACES:].tolist(), labels[k], strict=True)
            )
            / len(labels[k])
        )
    )
    return {
        "runs": {
            "early_weight_effect": effect[:, 0],
            "late_weight_effect": effect[:, -1],
            "weight_effect_left": effect[:, -1] / effect[:, 0],
            "weight_effect_predicted": expected,
            "fitted_share": fitted,
        },
        "steps": {
            "positive_share": share(weighted),
            "positive_share_unweighted": share(plain),
            "positive_share_predicted": np.array([[0.5 + x] * len(RECORD) for x in expected]),
        },
    }
