"""The metrics registry: what every number in the CSVs means.

Columns, units, worst values and ``results/README.md`` all derive from it. A study names its
metrics in its tables; a claim may only speak of a metric that stands here. Each study's metrics
have a file; a metric that a second study measures too stays in the file of the first.
"""

from __future__ import annotations

from suite.metrics import parity, propagation, training
from suite.metrics.metric import Metric
from suite.registry import Registry

__all__ = ["METRICS", "Metric"]

METRICS: Registry[Metric] = Registry(
    "metric",
    [
        *training.METRICS,
        *parity.METRICS,
        *propagation.METRICS,
    ],
)
