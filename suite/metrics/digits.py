"""The metrics of the study ``digits``, apart from those that ``training`` has too."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric, Share

LEARNED = 0.9
"""The held-out accuracy at which a network counts as having learned the digits: guessing gives
0.1."""

_LOSS = "mean categorical cross-entropy of ten classes"

METRICS: tuple[Metric, ...] = (
    Metric(
        "digit_loss", "nats", f"{_LOSS}, training images, after training", "lower", math.inf, 0.02
    ),
    Metric(
        "heldout_digit_loss",
        "nats",
        f"{_LOSS}, held-out images, after training",
        "lower",
        math.inf,
        0.02,
    ),
    Metric(
        "digit_accuracy",
        "share",
        "share of the training images whose class has the largest logit, after training",
        "higher",
        0.0,
        0.01,
    ),
    Metric(
        "heldout_digit_accuracy",
        "share",
        "share of the held-out images whose class has the largest logit, after training",
        "higher",
        0.0,
        0.01,
    ),
    Metric(
        "first_step_half",
        "steps",
        "first step, from 1, at which the mean loss of the last 10"
        " batches is at most 0.5; inf if there is none",
        "lower",
        math.inf,
        2.0,
    ),
    Metric(
        "running_loss",
        "nats",
        f"{_LOSS}, mean over 10 batches, each before its step",
        "lower",
        math.inf,
    ),
)

SHARES: tuple[Share, ...] = (
    Share(
        "learned_digits_share",
        "heldout_digit_accuracy",
        LEARNED,
        ("digits",),
        f"share of the networks that learn: heldout_digit_accuracy of {LEARNED} or more; a diverged"
        " run did not learn",
    ),
)
