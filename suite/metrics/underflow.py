"""The metrics of the study ``underflow``: how deep a gradient is told from zero."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "gradient_reach",
        "layers",
        "layers, counted from the last, whose gradient is not exactly 0 in every entry",
        "higher",
        None,
        0.5,
    ),
    Metric(
        "gradient_reach_predicted",
        "layers",
        "gradient_reach by theory: until the largest entry falls below smallest_number",
    ),
    Metric(
        "largest_gradient",
        "1",
        "largest magnitude in the gradient by a layer's"
        " pre-activations, over inputs and units; the cotangent is N(0, 1)",
    ),
    Metric("largest_gradient_predicted", "1", "largest_gradient by theory, in double precision"),
    Metric(
        "smallest_number",
        "1",
        "smallest positive number that the framework's products give, found by halving",
        tolerance=0.0,
    ),
)
