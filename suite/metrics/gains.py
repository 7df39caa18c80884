"""The metrics of the study ``gains``: factors of the kernels, and what becomes of the signal."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

_LATE = "in the second half of the layers, where the start is forgotten if it ever is"

METRICS: tuple[Metric, ...] = (
    Metric("gain", "1", "factor of kernels whose fan_in Var(W) is 1"),
    Metric(
        "fixed_point",
        "1",
        "mean square of the pre-activations that the gain keeps, by theory;"
        " NaN where there is none or every one is kept",
    ),
    Metric(
        "fixed_point_response",
        "1",
        "d ln q' / d ln q at fixed_point, by theory: attracting below 1, repelling above",
    ),
    Metric(
        "fixed_point_chi",
        "1",
        "factor of the gradient's mean square per layer at fixed_point, by theory",
    ),
    Metric(
        "response",
        "1",
        "ratio in nats of the second layer's mean squares, from starts at 1.4"
        " and 0.7, over that of the first layer's: below 1 they approach",
        tolerance=0.01,
    ),
    Metric("response_predicted", "1", "response by theory"),
    Metric(
        "separation",
        "1",
        "ratio in nats of the last layer's mean squares, from starts at 1.4"
        " and 0.7, over that of the first layer's",
        tolerance=0.01,
    ),
    Metric("separation_predicted", "1", "separation by theory"),
    Metric(
        "late_forward_rate",
        "nats per layer",
        f"change of ln(mean square of the pre-activations) per layer {_LATE}; start at 1",
        tolerance=0.005,
    ),
    Metric(
        "late_forward_rate_predicted",
        "nats per layer",
        "late_forward_rate by theory",
        tolerance=1e-9,
    ),
    Metric(
        "late_backward_rate",
        "nats per layer",
        "change of ln(mean square of the gradient) per"
        f" layer towards the input, {_LATE}; start at 1",
        tolerance=0.005,
    ),
    Metric(
        "late_backward_rate_predicted",
        "nats per layer",
        "late_backward_rate by theory, with the finite-width drift to leading order",
        tolerance=1e-9,
    ),
    Metric(
        "last_square",
        "1",
        "mean square of the last activations as the rule defines them,"
        " geometric mean over the inputs; start at 1",
        "neither",
        math.nan,
        0.01,
    ),
    Metric("last_square_predicted", "1", "last_square by theory"),
    Metric(
        "square", "1", "mean square of a layer's pre-activations, geometric mean over the inputs"
    ),
    Metric("square_predicted", "1", "square by theory"),
)
