"""The metrics of the study ``fluctuation``: ensembles of networks with the same inputs."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "log_square_variance",
        "nats^2",
        "variance between the networks of an ensemble of"
        " ln(mean square of the last activations), where that is not 0; mean over the inputs",
        tolerance=0.02,
    ),
    Metric("log_square_variance_predicted", "nats^2", "log_square_variance by theory"),
    Metric(
        "log_square_mean",
        "nats",
        "mean over the networks of an ensemble of ln(mean square of"
        " the last activations), where that is not 0; mean over the inputs",
        tolerance=0.02,
    ),
    Metric("log_square_mean_predicted", "nats", "log_square_mean by theory"),
    Metric(
        "dead_share",
        "share",
        "networks of an ensemble whose activations in a layer (in runs:"
        " the last) are exactly 0 for all inputs of the ensemble, 32 directions of a plane",
        "lower",
        None,
        0.01,
    ),
    Metric(
        "dead_input_share",
        "share",
        "networks times inputs whose activations in a layer (in runs: the last) are exactly 0",
        "lower",
        None,
        0.01,
    ),
    Metric(
        "dead_input_share_predicted",
        "share",
        "dead_input_share by theory: 1 - (1 - 2^-width)^layers for relu; NaN where unknown",
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
