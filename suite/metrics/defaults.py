"""The metric of the study ``defaults``: whatever the number is that a user gets unasked."""

from __future__ import annotations

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "default_value",
        "as the case says",
        "the number that the framework uses when a user"
        " says nothing; `suite.studies.defaults` says for each case what it is",
    ),
)
