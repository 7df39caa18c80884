"""Data frames that know the units of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from suite.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

units: Mapping[str, str] = MappingProxyType({metric.name: metric.unit for metric in METRICS})
"""Metric -> its unit, for all metrics."""


def with_units(frame: pd.DataFrame, **others: str) -> pd.DataFrame:
    """Return a frame whose ``attrs["units"]`` maps columns to units.

    ``others``: column -> unit, for columns that are no metrics. Columns that end with ``_low`` and
    ``_high`` are quantiles of a metric, and have its unit.
    """
    found = {}
    for column in map(str, frame.columns):
        metric = column.removesuffix("_low").removesuffix("_high")
        name = column if column in METRICS else metric
        if column in others or name in METRICS:
            found[column] = others.get(column) or METRICS[name].unit
    frame.attrs["units"] = found
    return frame
