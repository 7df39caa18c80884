"""The metrics of the study ``practice``, apart from those that ``training`` has too."""

from __future__ import annotations

from collections.abc import Mapping

from suite.metrics import digits, training
from suite.metrics.metric import Metric, Share

LEARNED: Mapping[str, float] = {"circles": training.LEARNED, "digits": digits.LEARNED}
"""Data set -> the held-out accuracy at which a network counts as having learned it."""

METRICS: tuple[Metric, ...] = (
    Metric(
        "learned",
        "1",
        "1 where the held-out accuracy after training is at least that from which a network counts"
        " as having learned its data set"
        f" ({', '.join(f'{least} on {name}' for name, least in LEARNED.items())}), else 0",
        "higher",
        0.0,
    ),
    Metric(
        "chosen_rate",
        "1",
        "learning rate that was chosen from three on seeds of its own; empty where the rate was"
        " given",
        worst=None,
    ),
)

SHARES: tuple[Share, ...] = (
    Share(
        "share_learned",
        "learned",
        1.0,
        ("practice",),
        "share of the networks that learn their data set; a diverged run did not learn",
    ),
)
