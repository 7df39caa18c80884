"""The metrics of the study ``weighting``: one class has 50 times the weight of the other."""

from __future__ import annotations

from suite.metrics.metric import Metric

_SHARE = "share of the square that is classified as positive by the network trained"

METRICS: tuple[Metric, ...] = (
    Metric(
        "early_weight_effect",
        "share",
        f"{_SHARE} with weights, minus that by the one without, after 5 steps",
        tolerance=0.01,
    ),
    Metric(
        "late_weight_effect",
        "share",
        f"{_SHARE} with weights, minus that by the one without, after the last step",
        tolerance=0.01,
    ),
    Metric(
        "weight_effect_left", "1", "late_weight_effect over early_weight_effect", tolerance=0.02
    ),
    Metric(
        "weight_effect_predicted",
        "share",
        "late_weight_effect of the optimal rule for the law of the data",
        tolerance=1e-9,
    ),
    Metric(
        "fitted_share",
        "share",
        "share of the training points that the network trained with weights classifies correctly,"
        " after the last step",
        "higher",
        tolerance=0.005,
    ),
    Metric("positive_share", "share", f"{_SHARE} with weights"),
    Metric("positive_share_unweighted", "share", f"{_SHARE} without weights"),
    Metric(
        "positive_share_predicted",
        "share",
        "positive_share of the optimal rule, with the weight, for the law of the data",
    ),
)
