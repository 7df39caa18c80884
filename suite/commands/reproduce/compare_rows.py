"""When a row that was measured again is the same as the stored one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from suite.metrics import METRICS
from suite.metrics.metric import Metric
from suite.planning.axes import AXES
from suite.results.not_measured import not_measured
from suite.studies import STUDIES
from suite.types import Array, Stack, Status, float64

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("outcome", "metric", "stored", "measured", "distance")
"""What ``compare`` says of a row: its outcome and, where it is not identical, the metric that is
farthest off (or ``status`` or ``reason``), its two values, and their distance in units of what
counts as the same."""


class Outcome(StrEnum):
    """What became of a row."""

    IDENTICAL = "identical"
    """The status, the reason and every number have the same bits."""
    WITHIN_TOLERANCE = "within tolerance"
    """The status is the same, and every metric is within its tolerance or rounding."""
    DIFFERENT = "different"
    """The status is another one, a metric is farther off, or one of the two did not measure it."""
    FAILED = "failed"
    """The row could not be measured again."""


def outcomes(
    stacks: Sequence[Stack],
    stored: Mapping[str, pd.DataFrame],
    measured: Mapping[str, pd.DataFrame],
    skipped: Sequence[str],
) -> pd.DataFrame:
    """Return a row for every run of the stacks: study, axes, seed and the ``COLUMNS``.

    ``stored`` and ``measured`` map a study to its runs. ``skipped`` metrics are not compared.
    """
    import pandas as pd

    parts = []
    for name, runs in measured.items():
        study = STUDIES[name]
        keys = [*study.axes, "seed"]
        members = [member for stack in stacks if stack.study == name for member in stack.members]
        expected = pd.DataFrame(
            [(*dict(member.cell.values).values(), member.seed) for member in members], columns=keys
        )
        before = expected.merge(stored[name], on=keys, how="left")
        now = expected.merge(runs, on=keys, how="left")
        metrics = [
            metric
            for metric in study.tables[0].every
            if metric in before.columns and metric in now.columns and metric not in skipped
        ]
        compared = compare(before, now, metrics)
        parts.append(pd.concat([expected.astype(object).assign(study=name), compared], axis=1))
    axes = [axis.name for axis in AXES if any(axis.name in part for part in parts)]
    return pd.concat(parts, ignore_index=True)[["study", *axes, "seed", *COLUMNS]]


def compare(stored: pd.DataFrame, measured: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the ``COLUMNS`` for each pair of rows.

    The frames have the same runs in the same order; a run that was not measured again has no
    status. Raises KeyError for a metric that is not in the registry.
    """
    import pandas as pd

    status = stored["status"].to_numpy(), measured["status"].fillna(Status.FAILED).to_numpy()
    reason = stored["reason"].to_numpy(), measured["reason"].fillna("was not measured").to_numpy()
    identical = (status[0] == status[1]) & (reason[0] == reason[1])
    close = status[0] == status[1]
    distance = np.zeros(len(stored))
    farthest = np.where(identical, "", "reason").astype(object)
    values = np.stack([np.where(identical, "", texts).astype(object) for texts in reason])
    for name in metrics:
        metric = METRICS[name]
        a, b = (
            float64(pd.to_numeric(frame[name], errors="coerce").to_numpy())
            for frame in (stored, measured)
        )
        one_empty = not_measured(a) != not_measured(b)
        identical &= (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
        identical &= ~one_empty
        close &= metric.equal(a, b) & ~one_empty
        off = np.where(one_empty, np.inf, _distance(a, b, metric))
        farther = off > distance
        distance[farther], farthest[farther] = off[farther], name
        for side, column in enumerate((a, b)):
            values[side, farther] = np.where(not_measured(column), "empty", column.astype(object))[
                farther
            ]
    other = status[0] != status[1]
    farthest[other], distance[other] = "status", np.inf
    values[0, other], values[1, other] = status[0][other], status[1][other]
    failed = status[1] == Status.FAILED
    values[1, failed] = reason[1][failed]
    outcome = np.select(
        [failed, identical, close],
        [Outcome.FAILED.value, Outcome.IDENTICAL.value, Outcome.WITHIN_TOLERANCE.value],
        Outcome.DIFFERENT.value,
    )
    content = (outcome, farthest, values[0], values[1], distance)
    return pd.DataFrame(dict(zip(COLUMNS, content, strict=True)))


def _distance(a: Array, b: Array, metric: Metric) -> Array:
    """Return the distances of two values in units of what counts as the same; 0 where equal."""
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.maximum(np.abs(a), np.abs(b))
        distance = np.abs(a - b) / metric.tolerated(size)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    # Between an infinite or missing value and a number there is no finite distance.
    return np.where(same, 0.0, np.where(np.isfinite(a) & np.isfinite(b), distance, np.inf))
