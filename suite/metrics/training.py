"""The metrics of the study ``training``."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric, Share

LEARNED = 0.95
"""The accuracy at which a network counts as having learned the task."""
_LOSS = "mean cross-entropy on logits (binary, or categorical for classes)"
_RIGHT = (
    "share of the points on the right side of logit 0, or with the largest logit for their class"
)
_STATISTICS = {
    "mean": "mean",
    "std": "standard deviation (population)",
    "mean_abs": "mean absolute value",
    "rms": "root mean square",
}

METRICS: tuple[Metric, ...] = (
    Metric(
        "train_loss",
        "nats",
        f"{_LOSS}, training set, after the last epoch",
        "lower",
        math.inf,
        0.02,
    ),
    Metric(
        "heldout_loss",
        "nats",
        f"{_LOSS}, held-out set, after the last epoch",
        "lower",
        math.inf,
        0.02,
    ),
    Metric(
        "train_accuracy",
        "share",
        f"{_RIGHT}, training set, after training",
        "higher",
        0.0,
        0.01,
    ),
    Metric(
        "heldout_accuracy",
        "share",
        f"{_RIGHT}, held-out set, after training",
        "higher",
        0.0,
        0.01,
    ),
    Metric(
        "initial_accuracy",
        "share",
        f"{_RIGHT}, training set, before training",
        worst=None,
        tolerance=0.01,
    ),
    Metric(
        "first_epoch_95",
        "epochs",
        "first epoch in whose batches, each counted before its update, at least 95 % of the points"
        " are classified correctly; inf if there is none",
        "lower",
        math.inf,
        2.0,
    ),
    Metric(
        "diverged_step",
        "steps",
        "first batch, from 1, whose loss is inf or NaN; inf if there is none",
        "higher",
        None,
        0.0,
    ),
    *(
        Metric(f"{tensor}_{key}", unit, f"{text} of a layer's {tensor} entries (without biases)")
        for tensor, unit in (("weight", "1"), ("gradient", "nats"))
        for key, text in _STATISTICS.items()
    ),
)

SHARES: tuple[Share, ...] = (
    Share(
        "learned_share",
        "heldout_accuracy",
        LEARNED,
        ("training", "remedies", "rescue"),
        f"share of the networks that learn: heldout_accuracy of {LEARNED} or more; a diverged run"
        " did not learn",
    ),
)
