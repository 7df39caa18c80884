"""The metrics registry: what every number in the CSVs means.

Columns, units, worst values and ``results/README.md`` all derive from it. A study names its
metrics in its tables; a claim may only speak of a metric that stands here. Each study's metrics
have a file; a metric that a second study measures too stays in the file of the first.
"""

from __future__ import annotations

from suite.catalogue.registry import Registry
from suite.metrics import (
    correlations,
    curves,
    defaults,
    descent,
    digits,
    drift,
    fluctuation,
    gains,
    idioms,
    initializers,
    internal_shift,
    lecture,
    normalization,
    normalized,
    parity,
    products,
    propagation,
    remedies,
    shift,
    spectrum,
    symmetry,
    training,
    tutorial,
    underflow,
    weighting,
)
from suite.metrics.metric import Metric

__all__ = ["METRICS", "Metric"]

METRICS: Registry[Metric] = Registry(
    "metric",
    [
        *training.METRICS,
        *parity.METRICS,
        *drift.METRICS,
        *propagation.METRICS,
        *remedies.METRICS,
        *normalization.METRICS,
        *normalized.METRICS,
        *internal_shift.METRICS,
        *descent.METRICS,
        *digits.METRICS,
        *products.METRICS,
        *shift.METRICS,
        *weighting.METRICS,
        *symmetry.METRICS,
        *tutorial.METRICS,
        *curves.METRICS,
        *initializers.METRICS,
        *defaults.METRICS,
        *idioms.METRICS,
        *lecture.METRICS,
        *correlations.METRICS,
        *spectrum.METRICS,
        *fluctuation.METRICS,
        *gains.METRICS,
        *underflow.METRICS,
    ],
)
