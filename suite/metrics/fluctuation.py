"""The metrics of the study ``fluctuation``: ensembles of networks with the same inputs."""

from __future__ import annotations

import math

from suite.metrics.metric import ROUNDED_ZERO, Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "log_square_variance",
        "nats^2",
        "variance of ln(mean square of the last activations) over the networks of an ensemble,"
        " without those where it is ln(0); mean over the inputs",
        tolerance=0.02,
    ),
    Metric(
        "log_square_variance_predicted",
        "nats^2",
        "log_square_variance predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "log_square_mean",
        "nats",
        "mean of ln(mean square of the last activations) over the networks of an ensemble, without"
        " those where it is ln(0); mean over the inputs",
        tolerance=0.02,
    ),
    Metric(
        "log_square_mean_predicted",
        "nats",
        "log_square_mean predicted by theory",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "dead_share",
        "share",
        "share of the networks of an ensemble whose activations in a layer (in runs:"
        " the last) are exactly 0 for all its inputs, 32 directions of a plane",
        "lower",
        None,
        0.01,
    ),
    Metric(
        "dead_input_share",
        "share",
        "share of the pairs of a network and an input whose activations in a layer (in runs: the"
        " last) are exactly 0",
        "lower",
        None,
        0.01,
    ),
    Metric(
        "dead_input_share_predicted",
        "share",
        "dead_input_share predicted by theory: 1 - (1 - 2^-width)^layers for relu; NaN if unknown",
        tolerance=ROUNDED_ZERO,
    ),
    Metric(
        "dead_input_share_error",
        "share",
        "dead_input_share minus its prediction",
        "neither",
        math.nan,
        0.01,
    ),
)
