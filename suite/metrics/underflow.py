"""The metrics of the study ``underflow``: how many layers back a gradient stays nonzero."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "gradient_reach",
        "layers",
        "number of layers, counted from the last, whose gradient is not exactly 0 in every entry",
        "higher",
        None,
        0.5,
    ),
    Metric(
        "gradient_reach_predicted",
        "layers",
        "gradient_reach predicted by theory: layers with an entry of at least smallest_number",
    ),
    Metric(
        "largest_gradient",
        "1",
        "largest absolute entry of the gradient with respect to a layer's"
        " pre-activations, over inputs and units; the cotangent is N(0, 1)",
    ),
    Metric(
        "largest_gradient_predicted",
        "1",
        "largest_gradient predicted by theory, in double precision",
    ),
    Metric(
        "smallest_number",
        "1",
        "smallest positive number that the framework's multiplication returns, found by halving",
        tolerance=0.0,
    ),
)
