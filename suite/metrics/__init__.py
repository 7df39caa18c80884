"""The metrics registry, which says what every number in the CSVs means.

Columns, units, worst values and ``results/README.md`` are derived from it. A study names its
metrics in its tables, and a claim may name only a metric of this registry. The metrics of a study
are ``METRICS`` of the file of its name, found by that name; a metric that a second study also
measures stays in the file of the first.
"""

from __future__ import annotations

import importlib
import pkgutil

from suite.catalogue.registry import Registry
from suite.metrics.metric import Metric

__all__ = ["METRICS", "Metric"]

METRICS: Registry[Metric] = Registry(
    "metric",
    (
        metric
        for module in pkgutil.iter_modules(__path__)
        if module.name != "metric"
        for metric in importlib.import_module(f"{__name__}.{module.name}").METRICS
    ),
)
