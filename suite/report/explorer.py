"""The data of the explorer: every cell of the studies with activations and initializers.

The script of the page shows them as maps of activation by initializer. It computes no statistic:
medians, shares and intervals are those of ``suite.judging.summary``, and the values of the seeds
are those of the tables of runs, in full, so that the rows behind a number can be taken from the
page.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from suite.catalogue.frameworks import FRAMEWORKS
from suite.judging.summary import summarise
from suite.metrics import METRICS, SHARES
from suite.planning import grids
from suite.planning.axes import AXES
from suite.planning.grids import Selection
from suite.report.explorer_curves import curves
from suite.results.compressed import locate
from suite.results.manifest import Manifest
from suite.results.not_measured import not_measured
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import STATUSES, Array, Study

ROWS, COLUMNS = "activation", "initializer"
"""The axes of a map. The studies with at least two values of each are explored."""
OUTCOMES = (
    "heldout_accuracy",
    "heldout_digit_accuracy",
    "train_loss",
    "digit_loss",
    "first_epoch_95",
    "first_step_half",
)
"""The metrics that are offered first, after the shares of networks that learn."""
MOST_METRICS = 7
"""The most metrics of a study that can be chosen; the tables of runs have the others."""
FIRST = ("practice", "training")
"""The studies that are offered first, the most useful one leading."""


def explorer(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Return what the explorer shows of a folder, as values for JSON.

    ``profile`` and ``root`` are those of the run. Each study has its ``axes`` with their values,
    the index of each cell's value on each axis (``cells``), the number of rows of each cell
    (``sizes``), and of each row its seed, status, reason and the value of each metric. Raise
    UserError for a table that cannot be read.
    """
    order = [name for name in FIRST if name in manifest.studies]
    order += [name for name in manifest.studies if name not in order]
    studies = (_study(folder, name, manifest) for name in order if name in STUDIES)
    return {
        "profile": manifest.profile,
        "root": manifest.root_seed,
        "statuses": [status.value for status in STATUSES],
        "studies": [study for study in studies if study is not None],
    }


def _study(folder: Path, name: str, manifest: Manifest) -> dict[str, Any] | None:
    """Return the cells of a study; None where it has no map or no run."""
    study = STUDIES[name]
    path = folder / name / "runs.csv"
    if not {"framework", ROWS, COLUMNS} <= set(study.axes) or locate(path) is None:
        return None
    frame = read_table(path, ["status", "reason"])
    if not {"framework", ROWS, COLUMNS, "seed"} <= set(frame.columns):
        return None
    axes = [axis for axis in AXES.names if axis in study.axes and axis in frame.columns]
    if len(frame) == 0 or min(frame[ROWS].nunique(), frame[COLUMNS].nunique()) < 2:
        return None
    metrics = [metric for metric in frame.columns if metric in METRICS]
    if not metrics:
        return None
    cell = frame.groupby(axes, sort=False).ngroup().to_numpy()
    frame = frame.iloc[np.argsort(cell, kind="stable")].reset_index(drop=True)
    cells = frame.drop_duplicates(axes)[axes].reset_index(drop=True)
    named = _named(study, manifest.profile, cells)
    reasons = {reason: n for n, reason in enumerate(dict.fromkeys(["", *_texts(frame["reason"])]))}
    statuses = [status.value for status in STATUSES]
    summary = summarise(name, frame, axes)
    shown = _ranked(name, metrics)
    return {
        "name": name,
        "question": study.question,
        "sides": not study.frameworks,
        "axes": [_axis(axis, cells[axis], axis in named) for axis in axes],
        "cells": [_codes(cells[axis]) for axis in axes],
        "sizes": np.bincount(cell, minlength=len(cells)).tolist(),
        "seeds": frame["seed"].tolist(),
        "status": [statuses.index(status) for status in frame["status"]],
        "reasons": list(reasons),
        "reason": [reasons[reason] for reason in _texts(frame["reason"])],
        "metrics": [_metric(metric, frame, summary) for metric in shown],
        "curves": curves(folder, study, cells),
    }


def _texts(column: pd.Series[Any]) -> list[str]:
    return ["" if text is None or text != text else str(text) for text in column]


def _named(study: Study, profile: str, cells: pd.DataFrame) -> set[str]:
    """Return the axes that a command must name to reach one of the cells: those of which the
    profile, or the run, has other values than a single one."""
    planned = list(grids.cells(study, Selection(profile, FRAMEWORKS.names)))
    return {
        axis
        for axis in cells.columns
        if len({str(cell[axis]) for cell in planned} | set(cells[axis].map(str))) > 1
    }


def _axis(name: str, column: pd.Series[Any], named: bool) -> dict[str, Any]:
    """Return an axis and its values. ``named``: whether a command must name the value."""
    return {
        "name": name,
        "meaning": AXES[name].meaning,
        "values": [str(value) for value in _values(column)],
        "named": named,
    }


def _values(column: pd.Series[Any]) -> list[Any]:
    """Return the values of an axis: numbers ascending, names in the order of the cells."""
    values = list(column.unique())
    return sorted(values) if pd.api.types.is_numeric_dtype(column) else values


def _codes(column: pd.Series[Any]) -> list[int]:
    place = {value: n for n, value in enumerate(_values(column))}
    return [place[value] for value in column]


def _ranked(study: str, metrics: Sequence[str]) -> list[str]:
    """Return the shares and metrics of a study that can be chosen, at most ``MOST_METRICS``: the
    shares first, then the outcomes, then the others in the order of the table."""
    shares = [s.name for s in SHARES if study in s.studies and s.metric in metrics]
    counted = [s.metric for s in SHARES if s.name in shares]
    outcomes = [name for name in OUTCOMES if name in metrics]
    # The error of a prediction says nothing beside the measurement and the prediction.
    told = [f"{name.removesuffix('_predicted')}_error" for name in metrics if "_predicted" in name]
    others = [name for name in metrics if name not in told]
    return list(dict.fromkeys([*shares, *outcomes, *counted, *others]))[:MOST_METRICS]


def _metric(name: str, frame: pd.DataFrame, summary: pd.DataFrame) -> dict[str, Any]:
    """Return a metric's meaning, its summary in each cell, and its value in each row: the text of
    the table of runs, shorter where single precision has the same number. A share has the values
    of the metric that it counts."""
    share = SHARES[name] if name in SHARES.names else None
    counted = METRICS[name if share is None else share.metric]
    rows = summary[summary["metric"] == name]
    values = frame[counted.name].to_numpy(dtype=np.float64)
    single, texts = _shortest(values)
    return {
        "name": name,
        "unit": counted.unit if share is None else share.unit,
        "meaning": counted.meaning if share is None else share.meaning,
        "better": counted.direction,
        "counts": "" if share is None else share.metric,
        "least": None if share is None else share.least,
        "worst": None if counted.worst is None else _number(counted.worst),
        **{key: " ".join(map(_number, rows[key])) for key in ("centre", "low", "high")},
        "n": rows["n"].tolist(),
        "single": single,
        "values": " ".join(texts) if share is None else "",
    }


def _shortest(values: Array) -> tuple[bool, list[str]]:
    """Return whether single precision has all numbers, and their shortest texts; "-" for a field
    that is empty."""
    finite = values[np.isfinite(values)]
    with np.errstate(over="ignore", under="ignore"):
        narrow = values.astype(np.float32)
        single = bool((finite.astype(np.float32).astype(np.float64) == finite).all())
    empty = not_measured(values)
    text = partial(_number, single=single)
    shown = [text(value) for value in (narrow if single else values)]
    return single, ["-" if gap else word for gap, word in zip(empty, shown, strict=True)]


def _number(value: float, single: bool = False) -> str:
    """Return the shortest text that gives the number back, without a needless ``.0``."""
    word = str(np.float32(value)) if single else repr(float(value))
    return word.removesuffix(".0")
