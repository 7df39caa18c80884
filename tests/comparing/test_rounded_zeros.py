"""What is 0 in exact arithmetic is another rounded value on another machine, and no change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.comparing.kinds import CHANGED, SAME
from suite.comparing.metric_changes import metric_changes
from suite.metrics import METRICS
from suite.metrics.metric import ROUNDED_ZERO, ROUNDING
from suite.results.read_runs import read_runs
from suite.studies import STUDIES
from tests.support import ROOT

STANDARD = ROOT / "results" / "reference" / "standard"
LEFT = 9e-16
"""What another kernel of a BLAS library left where the reference has 0."""
COUNTED = {"0 or 1", "epochs", "steps", "layers", "hooks", "numbers", "units"}
"""Units of metrics that are whole numbers, which no rounding moves."""


@pytest.mark.parametrize(
    "path", sorted(STANDARD.glob("*/runs.csv*")), ids=lambda path: path.parent.name
)
def test_a_zero_may_be_rounded(path: Path) -> None:
    """Every metric of the reference that is 0, or nearly, in some cell."""
    study = path.parent.name
    frame = read_runs(STANDARD, study)
    for spec in STUDIES[study].tables[:1]:
        for name in set(spec.metrics) & set(frame.columns):
            values = frame[name].to_numpy(dtype=np.float64)
            values = values[np.isfinite(values)]
            whole = METRICS[name].unit in COUNTED or bool(np.all(values == np.round(values)))
            decades = METRICS[name].relative > ROUNDING  # their zeros are flushed small values
            if whole or decades or name in READ or not (values == 0).any():
                continue
            zeros = values[values == 0]
            assert METRICS[name].equal(zeros, zeros + LEFT).all(), name


PREDICTIONS = [
    metric.name
    for metric in METRICS
    if metric.name.endswith("_predicted")
    and any(metric.name in study.tables[0].metrics for study in STUDIES)
    and metric.unit not in COUNTED
]
READ = {"default_value"}
"""Read off an object and not computed."""


@pytest.mark.parametrize("name", PREDICTIONS)
def test_every_prediction_has_a_floor(name: str) -> None:
    """But for those whose values span decades: their small values are not zeros."""
    metric = METRICS[name]
    decades = metric.relative > ROUNDING or name == "signal_total_predicted"
    assert metric.tolerance >= ROUNDED_ZERO or decades


def test_predictions_of_another_machine() -> None:
    """At every seed the same prediction: 0 here, 3e-16 and 9e-16 there."""

    def runs(value: float) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "framework": "torch",
                "seed": np.arange(20),
                "status": "ok",
                "reason": "",
                "kernel_kurtosis_predicted": value,
            }
        )

    def kind(a: float, b: float) -> str:
        table = metric_changes({"initializers": (runs(a), runs(b))}).set_index("metric")
        return str(table.loc["kernel_kurtosis_predicted", "kind"])

    assert kind(0.0, 3e-16) == kind(9e-16, 0.0) == SAME
    assert kind(0.0, 1e-9) == CHANGED
