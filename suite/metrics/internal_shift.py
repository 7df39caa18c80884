"""The metrics of the study ``internal_shift`` (Santurkar, Tsipras, Ilyas and Madry 2018)."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "shift_distance",
        "1",
        "norm of the change of the gradient with respect to a hidden layer's kernel"
        " when only the layers below it make their step, over the norm of the gradient (mean"
        " over the steps; in runs, over layers and steps)",
        "lower",
        math.inf,
        0.01,
    ),
    Metric(
        "shift_cosine",
        "1",
        "cosine between the gradient with respect to a hidden layer's kernel before and after the"
        " layers below it make their step (mean over the steps; in runs, over layers and steps);"
        " 1 if they do not turn the gradient",
        "higher",
        -1.0,
        0.01,
    ),
    Metric(
        "first_step_loss",
        "nats",
        "mean binary cross-entropy on all inputs before the first step",
        "lower",
        math.inf,
        0.02,
    ),
    Metric(
        "last_step_loss",
        "nats",
        "mean binary cross-entropy on all inputs before the last step",
        "lower",
        math.inf,
        0.02,
    ),
)
