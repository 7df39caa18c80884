"""The metrics of the study ``parity``: deviations from the float64 oracle, on shared weights."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "forward_error",
        "1",
        "largest deviation of a logit from the float64 oracle before"
        " training, relative to the largest logit",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "loss_error",
        "1",
        "relative deviation of the training loss from the float64 oracle before training",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "gradient_error",
        "1",
        "largest deviation of a gradient entry (kernels and biases)"
        " from the float64 oracle before training, relative to the largest entry of its"
        " tensor, largest over the layers",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "step_error",
        "1",
        "largest deviation of a weight or bias from the float64 oracle"
        " within the first optimizer steps, relative to the largest entry of its tensor,"
        " largest over layers and steps",
        "lower",
        math.inf,
        1e-5,
    ),
    Metric(
        "first_layer_off",
        "layers",
        "first layer, from 1, whose gradient deviates from"
        " the oracle by more than 1e-4 (relative, as in gradient_error); 0 if none does",
    ),
    Metric(
        "first_step_off",
        "steps",
        "first step, from 1, whose weights deviate from the oracle by"
        " more than 1e-4 (relative, as in step_error); 0 if none does",
    ),
)
