"""The metrics of the study ``optimizers``: distances of a framework's steps from two formulas."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

_ROUNDING = 1e-10
"""Rounding in double precision stays below it, so that it counts as no distance at all."""

METRICS: tuple[Metric, ...] = (
    Metric(
        "own_formula_distance",
        "1",
        "largest distance of a parameter, after any batch of any task, from the path of the"
        " framework's own documented formula, over the longest way of a parameter on that path",
        direction="lower",
        worst=math.inf,
        tolerance=_ROUNDING,
    ),
    Metric(
        "other_formula_distance",
        "1",
        "the same distance from the path of the other framework's documented formula under equal"
        " numbers (torch's formula for Keras and the NumPy oracle, Keras' for torch)",
        worst=math.inf,
        tolerance=_ROUNDING,
    ),
    Metric(
        "first_step_apart",
        "batches",
        "first batch, from 1, after which the parameters are more than 1e-10 from the path of the"
        " other framework's formula; 0 if they never are",
        worst=math.nan,
    ),
    Metric(
        "step_own_distance",
        "1",
        "distance from the path of the framework's own formula after a batch (largest of the"
        " tasks)",
        direction="lower",
        worst=math.inf,
        tolerance=_ROUNDING,
    ),
    Metric(
        "step_other_distance",
        "1",
        "distance from the path of the other framework's formula after a batch (largest of the"
        " tasks)",
        worst=math.inf,
        tolerance=_ROUNDING,
    ),
)
