"""Findings in the tables of runs, by the paired comparison of ``suite compare``.

Two values of an axis are compared, or each measurement with its prediction, which takes the place
of the first side. A difference counts where ``suite.comparing.metric_changes`` calls it significant
and it exceeds the metric's tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from suite.comparing.kinds import CHANGED, IMPROVED, WORSENED
from suite.comparing.metric_changes import metric_changes
from suite.comparing.paired_runs import FINISHED, axes_of
from suite.discovery.kinds import EXECUTION, FRAMEWORKS, PREDICTION

PREDICTED = "_predicted"
"""The ending of the metric that a measurement of the same name is predicted to have."""
_TURNED = {"difference": "difference", "low": "high", "high": "low"}
"""Column -> the one that it becomes, times -1, when A and B change places."""
TINY = np.finfo(np.float64).tiny
_MOVED = (WORSENED, CHANGED, IMPROVED)
_SIDES = {"framework": FRAMEWORKS, "execution": EXECUTION}
"""Axis -> the kind of a difference between two of its values."""


def between_values(runs: Mapping[str, pd.DataFrame], planned: bool) -> Iterator[dict[str, Any]]:
    """Yield a row for each cell and metric in which two frameworks differ, or two executions.

    ``runs``: study -> its runs. ``planned``: the studies have the numbers of seeds that they plan,
    so that a difference in a single draw is one.
    """
    for axis, kind in _SIDES.items():
        values = list(dict.fromkeys(v for f in runs.values() if axis in f for v in f[axis]))
        for a, b in combinations(values, 2):
            pairs = {}
            for study, frame in runs.items():
                if axis in axes_of(frame):
                    sides = [frame[frame[axis] == value].drop(columns=axis) for value in (a, b)]
                    if all(map(len, sides)):
                        pairs[study] = sides[0], sides[1]
            yield from _rows(metric_changes(pairs, certain=planned), kind, str(a), str(b))


def from_predictions(runs: Mapping[str, pd.DataFrame], planned: bool) -> Iterator[dict[str, Any]]:
    """Yield a row for each cell and metric in which measurements differ from their prediction."""
    pairs = {}
    for study, frame in runs.items():
        fields = [*axes_of(frame), "seed", "status", "reason"]
        measured = [name for name in frame if f"{name}{PREDICTED}" in frame]
        if measured:
            predicted = {str(name): frame[f"{name}{PREDICTED}"] for name in measured}
            # Where there is no prediction, nothing is compared.
            compared = {name: frame[name].where(predicted[name].notna()) for name in predicted}
            # The sizes are in units of the spread of A, which a prediction need not have.
            pairs[study] = frame[fields].assign(**compared), frame[fields].assign(**predicted)
    changes = metric_changes(pairs, certain=planned)
    turned = {name: -changes[of] for name, of in _TURNED.items()}
    changes = changes.rename(columns={"a": "b", "b": "a"}).assign(**turned)
    yield from _rows(changes, PREDICTION, "prediction", "measured")


def _rows(changes: pd.DataFrame, kind: str, a: str, b: str) -> Iterator[dict[str, Any]]:
    moved = changes[changes["kind"].isin(_MOVED)]
    if kind == PREDICTION:
        moved = moved[moved["metric"] != FINISHED.name]
    for row in moved.to_dict("records"):
        # What the 95 % interval leaves no doubt of: its end that is nearer to 0.
        sure = min(abs(row["low"]), abs(row["high"])) if row["low"] * row["high"] > 0 else 0.0
        yield {
            "kind": kind,
            "study": row["study"],
            "table": "runs",
            "cell": row["cell"],
            "at": "",
            "metric": row["metric"],
            "unit": row["unit"],
            "a": a,
            "a_value": row["a"],
            "b": b,
            "b_value": row["b"],
            "difference": row["difference"],
            "n": row["n"],
            "adjusted": row["adjusted"],
            "size": row["size"],
            "most": sure,
            "most_relative": sure / max(abs(row["a"]), abs(row["b"]), TINY),
        }
