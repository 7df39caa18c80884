"""The metrics of the study ``correlations``: two inputs of equal norm on their way through."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

_GRADIENTS = "cosine of two inputs' gradients by a layer's pre-activations, for one cotangent"

METRICS: tuple[Metric, ...] = (
    Metric(
        "correlation_offset",
        "1",
        "measured minus predicted correlation, mean over layers and starts",
        tolerance=0.005,
    ),
    Metric(
        "correlation_error",
        "1",
        "largest |measured - predicted| over layers and starts, of correlation",
        "lower",
        math.inf,
        0.005,
    ),
    Metric(
        "last_correlation",
        "1",
        "correlation in the last layer, from orthogonal inputs",
        tolerance=0.005,
    ),
    Metric("last_correlation_predicted", "1", "last_correlation by theory"),
    Metric(
        "correlation_length",
        "layers",
        "layers in which the distance of the correlation from"
        " 1 falls by e: least squares over the second half, from orthogonal inputs; measured"
        " where theory ends at 1 and its length fits six times into the depth",
        tolerance=0.05,
    ),
    Metric(
        "correlation_length_predicted",
        "layers",
        "correlation_length by theory, the limit -1 / ln(chi)",
    ),
    Metric(
        "first_gradient_cosine",
        "1",
        "gradient_cosine of the first layer, from orthogonal inputs",
        tolerance=0.005,
    ),
    Metric("first_gradient_cosine_predicted", "1", "first_gradient_cosine by theory"),
    Metric(
        "first_gradient_cosine_halved",
        "1",
        "what first_gradient_cosine would be if each layer halved it: 2^-depth",
    ),
    Metric(
        "correlation", "1", "cosine of two inputs' pre-activations in a layer, mean over the pairs"
    ),
    Metric("correlation_predicted", "1", "correlation by theory"),
    Metric("gradient_cosine", "1", f"{_GRADIENTS}, mean over the pairs"),
    Metric("gradient_cosine_predicted", "1", "gradient_cosine by theory"),
)
