"""The metrics of networks on data that a user has brought, beside those of ``training``."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric, Share

HALF = 0.5
"""The share of the errors of a guess that a network removes when it counts as having learned."""
_GUESS = "the most frequent class of the training part"
_STUDIES = ("training", "practice", "remedies", "rescue")

METRICS: tuple[Metric, ...] = (
    Metric(
        "majority_share",
        "share",
        f"share of the held-out points that are of {_GUESS}: the accuracy of a guess that needs no"
        " input",
        worst=None,
        tolerance=0.0,
    ),
    Metric(
        "heldout_skill",
        "share",
        "1 - errors of the network / errors of the guess, held-out set, after training: 0 is as"
        f" good as guessing {_GUESS}, 1 is without error; for a number to predict it is heldout_r2",
        "higher",
        -math.inf,
        0.02,
    ),
    Metric(
        "train_r2",
        "1",
        "1 - mean squared error / mean squared distance from the mean of the training part,"
        " training set, after training",
        "higher",
        -math.inf,
        0.02,
    ),
    Metric(
        "heldout_r2",
        "1",
        "1 - mean squared error / mean squared distance from the mean of the training part,"
        " held-out set, after training",
        "higher",
        -math.inf,
        0.02,
    ),
    Metric(
        "first_epoch_half",
        "epochs",
        f"first epoch whose batches, each counted before its update, have at most {HALF} of the"
        " errors of the guess (for a number to predict: of its variance); inf if there is none",
        "lower",
        math.inf,
        2.0,
    ),
)

SHARES: tuple[Share, ...] = (
    Share(
        "share_skilled",
        "heldout_skill",
        HALF,
        _STUDIES,
        f"share of the networks that learn data of a user: heldout_skill of {HALF} or more; a"
        " diverged run did not learn",
    ),
)
