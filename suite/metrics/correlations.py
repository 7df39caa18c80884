"""The metrics of the study ``correlations``: two inputs of equal norm, layer by layer."""

from __future__ import annotations

import math

from suite.metrics.metric import ROUNDED_ZERO, Metric

_GRADIENTS = (
    "cosine of two inputs' gradients with respect to a layer's pre-activations, for one cotangent"
)

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
        "largest |measured - predicted correlation| over layers and starts",
        "lower",
        math.inf,
        0.005,
    ),
    Metric(
        "last_correlation",
        "1",
        "correlation in the last layer, for orthogonal inputs",
        tolerance=0.005,
    ),
    Metric(
        "last_correlation_predicted",
        "1",
        "last_correlation predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "correlation_length",
        "layers",
        "number of layers in which the distance of the correlation from 1 falls by a factor of e,"
        " by least squares over the second half of the layers, for orthogonal inputs; measured if"
        " the limit in theory is 1 and the depth is at least six times the length in theory",
        tolerance=0.05,
    ),
    Metric(
        "correlation_length_predicted",
        "layers",
        "correlation_length predicted by theory for great depth, -1 / ln(chi)",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "first_gradient_cosine",
        "1",
        "gradient_cosine of the first layer, for orthogonal inputs",
        tolerance=0.005,
    ),
    Metric(
        "first_gradient_cosine_predicted",
        "1",
        "first_gradient_cosine predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "first_gradient_cosine_halved",
        "1",
        "first_gradient_cosine if every layer halved it: 2^-depth",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "correlation", "1", "cosine of two inputs' pre-activations in a layer, mean over the pairs"
    ),
    Metric("correlation_predicted", "1", "correlation predicted by theory"),
    Metric("gradient_cosine", "1", f"{_GRADIENTS}, mean over the pairs"),
    Metric("gradient_cosine_predicted", "1", "gradient_cosine predicted by theory"),
)
