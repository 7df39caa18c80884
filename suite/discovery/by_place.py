"""Findings in the tables over the seeds: by layer, step, start or another coordinate.

Such a table has the median of a cell's seeds at each place and the band from their 5 % to their
95 % quantile, not the seeds themselves. Two bands that lie apart by more than the metric's
tolerance are a finding if that is significant:

- two frameworks: were the seeds of both from one law, all but the twentieth beyond each band would
  have to be ordered by chance (rank sum of Mann and Whitney 1947, at its least favourable value);
- a prediction: were it the median, all but one seed of twenty would have to lie on one side of it
  (sign test).

The p-values of all places of all tables are judged together at the false discovery rate of
``suite compare``. A cell and metric is one finding, at the place of its largest difference.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr, binom, ndtr

from suite.comparing.metric_changes import RATE
from suite.discovery.by_seed import PREDICTED
from suite.discovery.kinds import FRAMEWORKS, PREDICTION
from suite.metrics import METRICS, Metric
from suite.planning.axes import nondefault_fields
from suite.results.compressed import locate
from suite.results.tables import HIGH, LOW, read_table
from suite.studies import STUDIES
from suite.types import Array, Study, TableSpec

_BINS = "bin"
"""The coordinate of histograms, whose bins hold what other metrics of the study measure."""


def in_tables(folder: Path, studies: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each cell and metric with a finding in a table over the seeds.

    Raise UserError for a table that cannot be read.
    """
    places = [
        rows
        for name in studies
        if name in STUDIES
        for spec in STUDIES[name].tables
        if spec.per == "seeds" and _BINS not in spec.coordinates
        for rows in _places(folder, STUDIES[name], spec)
    ]
    if not places:
        return []
    rows = pd.concat(places, ignore_index=True)
    # Here for the reason that comparing/metric_changes.py gives.
    from scipy.stats import false_discovery_control

    rows["adjusted"] = false_discovery_control(rows["p"].to_numpy(dtype=np.float64))
    rows = rows[(rows["adjusted"] <= RATE).to_numpy() & rows["apart"].to_numpy(dtype=bool)]
    found = []
    by_cell = ["kind", "study", "table", "cell", "metric", "a", "b"]
    for _, group in rows.groupby(by_cell, sort=False):
        largest = group.loc[group["size"].idxmax()].to_dict()
        differences = group["difference"].abs()
        sides = group[["a_value", "b_value"]].abs().max(axis=1)
        largest["most"] = differences.max(skipna=False)
        largest["most_relative"] = (differences / sides).max(skipna=False)
        more = len(group) - 1
        largest["at"] += f" and {more} more" if more else ""
        found.append({str(key): value for key, value in largest.items()})
    return found


def _places(folder: Path, study: Study, spec: TableSpec) -> Iterator[pd.DataFrame]:
    """Yield the comparisons of a table, a row for each cell, metric and place."""
    path = folder / study.name / f"{spec.name}.csv"
    if locate(path) is None:
        return
    frame = read_table(path)
    fields = [str(name) for name in frame.columns[: list(frame.columns).index("n")]]
    axes = [name for name in fields if name not in spec.coordinates]
    others = [name for name in fields if name != "framework"]
    named = [axis for axis in axes if axis != "framework"]
    pairs = {}
    if "framework" in axes:
        for a, b in combinations(frame["framework"].unique(), 2):
            sides = [frame[frame["framework"] == name] for name in (a, b)]
            pairs[a, b] = sides[0].merge(sides[1], on=others, suffixes=("_a", "_b"))
    for metric in (METRICS[name] for name in spec.metrics if name in frame and name in METRICS):
        if metric.name.endswith(PREDICTED):
            continue
        common = {"study": study.name, "table": spec.name, "metric": metric.name}
        common["unit"] = metric.unit
        for (a, b), both in pairs.items():
            rows = _compared(both, metric, metric.name, "_a", "_b", named, spec)
            yield rows.assign(kind=FRAMEWORKS, a=a, b=b, **common)
        predicted = f"{metric.name}{PREDICTED}"
        if predicted in frame:
            rows = _compared(frame, metric, predicted, "", "", axes, spec)
            yield rows.assign(kind=PREDICTION, a="prediction", b="measured", **common)


def _compared(
    frame: pd.DataFrame,
    metric: Metric,
    first: str,
    end_a: str,
    end_b: str,
    axes: Sequence[str],
    spec: TableSpec,
) -> pd.DataFrame:
    """Return cell, place, values, size and p of each row of a table with two sides; cell and place
    where they lie apart.

    The columns of side A are ``first`` and those with ``_low`` and ``_high``, followed by
    ``end_a``; those of side B belong to the metric. The sides of a prediction share their seeds.
    """
    a = _band(frame, first, end_a)
    b = _band(frame, metric.name, end_b)
    seeds_a, seeds_b = (frame[f"n{end}"].to_numpy(dtype=np.float64) for end in (end_a, end_b))
    middle_a, middle_b = a["middle"], b["middle"]
    with np.errstate(invalid="ignore"):
        apart = (a["low"] > b["high"]) | (b["low"] > a["high"])
        apart &= ~metric.equal(middle_a, middle_b)
        difference = np.where(middle_a == middle_b, 0.0, middle_b - middle_a)
        spread = np.fmax(a["high"] - a["low"], b["high"] - b["low"])
    p = _separated(seeds_a, seeds_b) if end_a else _one_sided(seeds_b)
    with np.errstate(divide="ignore", invalid="ignore"):
        larger = np.fmax(np.abs(middle_a), np.abs(middle_b))
        least = metric.tolerated(np.where(np.isfinite(larger), larger, 0.0))
        unit = np.fmax(np.where(np.isfinite(spread), spread, 0.0), least)
        size = np.where(apart, np.abs(difference) / unit, 0.0)
    # Names take longer than all else here, and only rows that lie apart are ever shown.
    cells, places = (np.full(len(frame), "", dtype=object) for _ in range(2))
    name = functools.cache(lambda *values: nondefault_fields(dict(zip(axes, values, strict=True))))
    cells[apart] = [
        name(*values) for values in frame.loc[apart, [*axes]].itertuples(index=False, name=None)
    ]
    places[apart] = [
        " ".join(f"{key}={value}" for key, value in row.items())
        for row in frame.loc[apart, [*spec.coordinates]].to_dict("records")
    ]
    return pd.DataFrame(
        {
            "cell": cells,
            "at": places,
            "a_value": middle_a,
            "b_value": middle_b,
            "difference": difference,
            "n": np.minimum(seeds_a, seeds_b).astype(int),
            "p": np.where(apart, p, 1.0),
            "apart": apart,
            "size": size,
        }
    )


def _band(frame: pd.DataFrame, name: str, end: str) -> Mapping[str, Array]:
    """Return the median and the band of a metric, (rows,) each; empty fields as NaN."""
    return {
        key: frame[f"{name}{part}{end}"].to_numpy(dtype=np.float64, na_value=np.nan)
        for key, part in (("middle", ""), ("low", "_low"), ("high", "_high"))
    }


def _separated(n: Array, m: Array) -> Array:
    """Return the two-sided p-value of bands of n and m seeds that lie apart.

    At most LOW n seeds of one side lie below the band's edge and (1 - HIGH) m of the other above
    theirs. In the least favourable case each of these is out of order with all seeds of the other
    side; the Gaussian approximation of the rank sum's law is used, but never a p-value below that
    of complete separation.
    """
    disorder = np.floor(LOW * n) * m + np.floor((1 - HIGH) * m) * n
    deviation = np.sqrt(n * m * (n + m + 1) / 12)
    with np.errstate(divide="ignore", invalid="ignore"):
        gaussian = 2 * ndtr((disorder - n * m / 2) / deviation)
    return np.asarray(np.fmin(1.0, np.fmax(gaussian, 2 / binom(n + m, n))))


def _one_sided(n: Array) -> Array:
    """Return the two-sided p-value of n seeds of which at most LOW n lie beyond the prediction."""
    return np.asarray(np.fmin(1.0, 2 * bdtr(np.floor(LOW * n), n.astype(int), 0.5)))
