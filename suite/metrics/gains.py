"""The metrics of the study ``gains``: factors of the kernels and the signals that follow."""

from __future__ import annotations

import math

from suite.metrics.metric import ROUNDED_ZERO, Metric

_LATE = "in the second half of the layers, away from the influence of the start"

METRICS: tuple[Metric, ...] = (
    Metric("gain", "1", "factor of kernels whose fan_in Var(W) is 1", tolerance=ROUNDED_ZERO),
    Metric(
        "fixed_point",
        "1",
        "mean square of the pre-activations that the gain keeps, predicted by theory; NaN if there"
        " is none or if the gain keeps every one",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "fixed_point_response",
        "1",
        "d ln q' / d ln q at fixed_point, predicted by theory: it attracts below 1, repels above",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "fixed_point_chi",
        "1",
        "factor of the gradient's mean square per layer at fixed_point, predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "response",
        "1",
        "difference of ln(mean square) between the starts at 1.4 and 0.7 in the second layer, over"
        " that in the first layer; below 1 they approach each other",
        tolerance=0.01,
    ),
    Metric("response_predicted", "1", "response predicted by theory", tolerance=ROUNDED_ZERO),
    Metric(
        "separation",
        "1",
        "difference of ln(mean square) between the starts at 1.4 and 0.7 in the last layer, over"
        " that in the first layer",
        tolerance=0.01,
    ),
    Metric("separation_predicted", "1", "separation predicted by theory", tolerance=ROUNDED_ZERO),
    Metric(
        "late_forward_rate",
        "nats per layer",
        f"change of ln(mean square of the pre-activations) per layer {_LATE}; start at 1",
        tolerance=0.005,
    ),
    Metric(
        "late_forward_rate_predicted",
        "nats per layer",
        "late_forward_rate predicted by theory",
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
        "late_backward_rate predicted by theory, with the finite-width drift to leading order",
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
    Metric("last_square_predicted", "1", "last_square predicted by theory", tolerance=ROUNDED_ZERO),
    Metric(
        "square", "1", "mean square of a layer's pre-activations, geometric mean over the inputs"
    ),
    Metric("square_predicted", "1", "square predicted by theory"),
)
