"""The metrics of the study ``descent``."""

from __future__ import annotations

import math

from suite.metrics.metric import Metric

METRICS: tuple[Metric, ...] = (
    Metric(
        "first_loss",
        "1",
        "mean squared error of the demo's first 10 batches, each before its step",
        "lower",
        math.inf,
        0.02,
    ),
    Metric(
        "last_loss",
        "1",
        "mean squared error of the demo's last 10 batches, each before its step",
        "lower",
        math.inf,
        0.02,
    ),
    *(
        Metric(
            f"{when}_risk",
            "1",
            "expected squared error of the demo's network on new inputs"
            f" and targets, {text} training; no network can have less than 1",
            better,
            math.inf,
            0.01,
        )
        for when, text, better in (
            ("initial", "before", "neither"),
            ("final", "after", "lower"),
        )
    ),
    Metric(
        "clipped_share",
        "share",
        "share of the steps whose gradient has a norm above the threshold",
        tolerance=0.01,
    ),
    *(
        Metric(
            f"steps_to_millionth{end}",
            "steps",
            "number of steps after which the distance from the minimum has fallen to a"
            f" millionth{text}; inf if it does not within 8,000 steps",
            "lower",
            math.inf,
            1.0,
        )
        for end, text in (("", ""), ("_predicted", ", by the recurrence in double precision"))
    ),
    Metric("batch_loss", "1", "mean squared error of a batch before its step", "lower", math.inf),
    *(
        Metric(
            f"relative_distance{end}",
            "1",
            f"distance from the minimum over the distance at the start{text}",
            "lower",
            math.inf,
            tolerance=2.0**-24,
        )
        for end, text in (("", ""), ("_predicted", ", by the recurrence in double precision"))
    ),
)
