"""The numbers of the cells that a user named with ``--set``, as a run prints them at its end."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from suite import claims
from suite.metrics import SHARES
from suite.planning.grids import Plan
from suite.planning.parts import split
from suite.studies import STUDIES
from suite.text_tables import columns, number, wrapped

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 24
"""The most cells of a study that are printed; summary.csv has the others."""
MOST_REASONS = 5
"""The most reasons why cells have no number that are printed."""
MOST_METRICS = 3
"""The most metrics of a study that are printed."""


def text(
    plan: Plan, summary: pd.DataFrame, folder: Path, runs: Mapping[str, pd.DataFrame] | None = None
) -> str:
    """Return the main metrics of each cell, a table for each study, and the command that compares
    the values of a named axis.

    ``summary``: the rows of summary.csv. ``folder``: the results folder. ``runs``: study -> its
    runs, which say why a cell has no number.
    """
    tables = [
        "\n".join(
            filter(
                None,
                (
                    _table(plan, name, summary[summary["study"] == name]),
                    *_reasons(name, (runs or {}).get(name)),
                ),
            )
        )
        for name in plan.stacks
    ]
    return "\n\n".join([*filter(None, tables), f"compare them: {comparison(plan, folder)}"])


def main_metrics(study: str, rows: pd.DataFrame) -> list[str]:
    """Return the metrics of a study that say most: the shares of its runs that reach a value, then
    those that most claims are about; of the measured ones, at most ``MOST_METRICS``."""
    shares = [share.name for share in SHARES if study in share.studies]
    claimed = Counter(claim.metric for claim in claims.shipped() if claim.study == study)
    own = STUDIES[study].tables[0].metrics
    ranked = [*shares, *(name for name, _ in claimed.most_common()), *own]
    measured = set(rows.loc[rows["n"] > 0, "metric"])
    return [name for name in dict.fromkeys(ranked) if name in measured][:MOST_METRICS]


def comparison(plan: Plan, folder: Path) -> str:
    """Return the command that compares two values of an axis: the first that the user named with
    several values, or else the frameworks."""
    named = [(split(key)[1], values) for key, values in plan.selection.overrides.items()]
    several = [(axis, values) for axis, values in named if len(values) > 1]
    axis, values = next(iter(several), ("framework", plan.selection.frameworks))
    if len(values) < 2:
        return shlex.join(["suite", "compare", "OTHER", str(folder)])
    return shlex.join(["suite", "compare", str(folder), "--by", f"{axis}={values[0]},{values[1]}"])


def _table(plan: Plan, study: str, rows: pd.DataFrame) -> str:
    """Return the table of one study: a row for each cell, its median and 95 % interval; empty where
    nothing was measured."""
    metrics = main_metrics(study, rows)
    named = {split(key)[1] for key in plan.selection.overrides}
    varied = [axis for axis, values in plan.axes(study).items() if len(values) > 1]
    axes = varied or [axis for axis in STUDIES[study].axes if axis in named]
    if not metrics or not axes:
        return ""
    lines = [(*axes, "n", *metrics)]
    cells = rows.groupby(axes, sort=False, dropna=False)
    for key, cell in cells:
        by_metric = cell.drop_duplicates("metric").set_index("metric")
        fields = [_interval(by_metric, name) for name in metrics]
        lines.append((*map(str, key), str(int(by_metric["n"].max())), *fields))
    shown = columns(lines[: MOST_ROWS + 1])
    more = len(lines) - 1 - MOST_ROWS
    after = [f"and {more} cells more in summary.csv"] if more > 0 else []
    head = f"{study}: median over n seeds [95 % interval]"
    return "\n".join([head, *shown, *after])


def _reasons(study: str, runs: pd.DataFrame | None) -> list[str]:
    """Return why cells have no number: a line for each of the most frequent reasons."""
    if runs is None or "reason" not in runs.columns:
        return []
    ended = runs["status"].isin(("ok", "diverged"))
    lost = runs[~ended].fillna({"reason": ""})
    counts = Counter(zip(lost["status"], lost["reason"], strict=True))
    lines = []
    for (status, reason), count in counts.most_common(MOST_REASONS):
        why = f": {reason}" if reason else ""
        lines += wrapped(f"{count:,} run{'s' * (count > 1)} of {study} {status}{why}")
    if (more := len(counts) - MOST_REASONS) > 0:
        lines.append(f"and {more} more reasons in {study}/runs.csv")
    return lines


def _interval(by_metric: pd.DataFrame, name: str) -> str:
    if name not in by_metric.index or not by_metric["n"][name]:
        return ""
    centre, low, high = (number(by_metric[key][name]) for key in ("centre", "low", "high"))
    return f"{centre} [{low}, {high}]"
