"""When the networks of a figure count as having learned their data set.

The suite's own data sets have an accuracy to reach. On data of a user no accuracy is good or bad by
itself: where 97 of 100 points are of one class, a guess reaches 0.97. There a network has learned
when it removes half of the errors of a guess.
"""

from __future__ import annotations

import pandas as pd

from suite.catalogue.datasets import DATASETS
from suite.metrics import SHARES
from suite.metrics.metric import Share

OWN = "file:"
"""What the name of a user's data set begins with."""


def is_own(dataset: str) -> bool:
    """Return whether a data set is a user's."""
    return dataset.startswith(OWN)


def share_of(dataset: str, usual: str = "learned_share") -> Share:
    """Return what counts the networks that learn a data set; ``usual``: on the suite's own."""
    return SHARES["share_skilled" if is_own(dataset) else usual]


def learned(runs: pd.DataFrame, dataset: str) -> pd.Series[bool]:
    """Return which runs on one data set learned it; a diverged run did not."""
    share = share_of(dataset)
    return (runs[share.metric] >= share.least) & (runs["status"] == "ok")


def criterion(dataset: str) -> str:
    """Return which networks learn a data set, as in "networks whose ..."."""
    share = share_of(dataset)
    if is_own(dataset):
        return (
            f"that remove half of the errors of a guess, held-out ({share.metric} of {share.least})"
        )
    return f"whose held-out accuracy reaches {share.least}"


def chance(dataset: str) -> float:
    """Return the accuracy of a guess among the classes of one of the suite's data sets."""
    return 1 / max(DATASETS[dataset].outputs, 2) if dataset in DATASETS else 0.5
