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
from suite.metrics.metric import Metric, Share

__all__ = ["METRICS", "SHARES", "Metric", "Share"]

_FILES = [
    importlib.import_module(f"{__name__}.{module.name}")
    for module in pkgutil.iter_modules(__path__)
    if module.name != "metric"
]
METRICS: Registry[Metric] = Registry("metric", (m for file in _FILES for m in file.METRICS))
SHARES: Registry[Share] = Registry(
    "share", (share for file in _FILES for share in getattr(file, "SHARES", ()))
)
"""What the summary counts of a cell besides."""
