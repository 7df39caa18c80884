"""The metric of the study ``defaults``: a number that users get when they do not set it."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "default_value",
        "as the case says",
        "number that the framework uses when a user sets none; `suite.studies.defaults` says"
        " what it is for each case",
    ),
)
