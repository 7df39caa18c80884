"""The metrics of the study ``lecture``, apart from those that ``propagation`` has too."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "std_error",
        "nats",
        "largest |ln(measured / predicted)| of the standard deviation of the activations, over the"
        " layers",
        "lower",
        math.inf,
        0.01,
    ),
    Metric(
        "activation_std", "1", "standard deviation of a layer's activations, over inputs and units"
    ),
    Metric("activation_std_predicted", "1", "activation_std predicted by theory"),
    Metric(
        "kernel_gradient",
        "1",
        "root mean square of the gradient with respect to a layer's kernel, summed over the batch",
    ),
    Metric("kernel_gradient_predicted", "1", "kernel_gradient predicted by theory"),
    Metric(
        "kernel_gradient_ratio",
        "1",
        "kernel_gradient of the first layer over that of the last",
        tolerance=0.01,
    ),
    Metric(
        "activation_share",
        "share",
        "share of a layer's activations in a bin of width 0.05: bin k is"
        " centred on 0.05 k, and the outermost bins (k = -40, 40) include all values beyond",
    ),
    Metric(
        "gradient_share",
        "share",
        "share of the entries of the gradient with respect to a layer's pre-activations in a bin of"
        " width 0.1: bin k is centred on 0.1 k, and the outermost bins (k = -40, 40) include all"
        " values beyond; the cotangent is N(0, 1)",
    ),
)
