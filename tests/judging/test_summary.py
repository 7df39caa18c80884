"""The summary agrees with a slow loop over the cells, and with counts made by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from suite.judging import intervals
from suite.judging.summary import LEVEL, summarise
from suite.metrics import METRICS, SHARES
from suite.metrics.metric import Share
from suite.results.not_measured import EMPTY

AXES = ["framework", "activation", "depth"]
METRIC_NAMES = ["train_loss", "first_epoch_95", "weight_rms", "initial_accuracy"]
COUNTS = ["ok", "diverged", "unsupported", "failed", "missing"]


def runs() -> pd.DataFrame:
    """Return 12 cells of 1 to 23 seeds, in mixed order, with every status, ties and infinities."""
    rng = np.random.default_rng(0)
    cells = [
        (f, a, d) for f in ("torch", "tensorflow") for a in ("tanh", "relu") for d in (1, 4, 16)
    ]
    rows = [
        (*cell, seed, rng.choice(["ok"] * 5 + ["diverged", "failed", "missing"]), "")
        for cell, seeds in zip(cells, [1, 5, 6, 20, 21, 23, 13, 12, 2, 20, 20, 20], strict=True)
        for seed in range(seeds)
    ]
    frame = pd.DataFrame(rows, columns=[*AXES, "seed", "status", "reason"])
    losses = rng.lognormal(sigma=3, size=len(frame))
    epochs = np.where(rng.random(len(frame)) < 0.3, np.inf, rng.integers(1, 5, len(frame)))
    frame = frame.assign(
        train_loss=losses,
        first_epoch_95=epochs,
        weight_rms=rng.normal(size=len(frame)),
        initial_accuracy=rng.random(len(frame)),
    )
    frame.loc[frame["status"].isin(["failed", "missing"]), METRIC_NAMES] = np.nan
    return frame.sample(frac=1, random_state=1)


def test_each_row_is_what_a_loop_gives() -> None:
    frame = runs()
    table = summarise("training", frame, AXES)
    assert list(table.columns) == [
        "study",
        *AXES,
        "metric",
        "unit",
        "centre",
        "low",
        "high",
        "n",
        *COUNTS,
    ]
    expected = []
    for cell, part in frame.groupby(AXES, sort=False):
        for name in METRIC_NAMES:
            worst = METRICS[name].worst
            values = part.loc[part["status"] == "ok", name].tolist()
            lost = part.loc[part["status"] == "diverged", name].tolist()
            if worst is None:
                values += lost
            elif not math.isnan(worst):
                values += [worst] * len(lost)
            interval = intervals.median(np.array(values), LEVEL)
            limits = (interval.low, interval.high) if values else (math.nan, math.nan)
            counts = [int((part["status"] == status).sum()) for status in COUNTS]
            expected.append(
                [
                    "training",
                    *cell,
                    name,
                    METRICS[name].unit,
                    interval.estimate,
                    *limits,
                    interval.n,
                    *counts,
                ]
            )
    pd.testing.assert_frame_equal(
        table, pd.DataFrame(expected, columns=table.columns), check_exact=True, check_dtype=False
    )
    # The frame above has what it is meant to have: otherwise this test would say little.
    assert {0, 5} <= set(table["n"])
    assert np.isinf(table["high"]).any()
    assert np.isfinite(table["high"]).any()


def one_cell(values: list[float], status: str = "ok") -> pd.Series:
    frame = pd.DataFrame({"activation": "tanh", "seed": np.arange(len(values)), "status": status})
    return summarise("training", frame.assign(train_loss=values), ["activation"]).iloc[0]


def test_the_interval_holds_95_percent() -> None:
    """With 20 seeds the limits are the sixth and the fifteenth value: 2 P(Y <= 5) = 0.041 for
    Y ~ B(20, 1/2)."""
    row = one_cell([float(value) for value in range(20)])
    assert (row["centre"], row["low"], row["high"], row["n"]) == (9.5, 5.0, 14.0, 20)


def test_six_seeds_are_the_least_with_an_interval() -> None:
    assert (one_cell([1.0] * 6)["low"], one_cell([1.0] * 6)["high"]) == (1.0, 1.0)
    few = one_cell([1.0] * 5)
    assert (few["centre"], few["low"], few["high"]) == (1.0, -math.inf, math.inf)


def test_a_nan_is_unknown_and_not_left_out() -> None:
    row = one_cell([1.0] * 19 + [math.nan])
    assert math.isnan(row["centre"])
    assert (row["low"], row["high"], row["n"]) == (-math.inf, math.inf, 20)


def test_an_empty_field_does_not_count() -> None:
    row = one_cell([*map(float, range(6)), EMPTY])
    assert (row["n"], row["centre"]) == (6, 2.5)
    row = one_cell([EMPTY] * 6)
    assert row["n"] == 0


def test_nan_in_every_seed_is_a_result() -> None:
    row = one_cell([math.nan] * 20)
    assert math.isnan(row["centre"])
    assert (row["low"], row["high"], row["n"], row["ok"]) == (-math.inf, math.inf, 20, 20)


@pytest.mark.parametrize("status", ["unsupported", "failed", "missing"])
def test_runs_that_gave_nothing_are_counted_and_leave_a_row(status: str) -> None:
    row = one_cell([math.nan] * 20, status)
    assert row["n"] == 0
    assert row[["centre", "low", "high"]].isna().all()
    assert [row[name] for name in COUNTS] == [20 * (name == status) for name in COUNTS]


def test_a_study_without_metrics_is_refused() -> None:
    frame = pd.DataFrame({"activation": ["tanh"], "seed": [0], "status": ["ok"]})
    with pytest.raises(ValueError, match="have no metric"):
        summarise("training", frame, ["activation"])


SHARED = [(study, share) for share in SHARES for study in share.studies]


def test_every_study_that_trains_has_the_share_that_learns() -> None:
    assert {"training", "practice", "remedies", "rescue", "digits"} <= {
        study for study, _ in SHARED
    }


@pytest.mark.parametrize(("study", "share"), SHARED, ids=[f"{a}-{b.name}" for a, b in SHARED])
def test_a_share_has_its_interval(study: str, share: Share) -> None:
    """Seven of ten counted runs of one cell: a diverged run and a NaN did not reach it, a failed
    one and an empty field do not count."""
    reach = [share.least] * 6 + [1.0]
    values = [*reach, share.least - 1e-9, math.nan, 1.0, 1.0, EMPTY]
    status = ["ok"] * 9 + ["diverged", "failed", "ok"]
    frame = pd.DataFrame(
        {
            "framework": "torch",
            "seed": range(12),
            "status": status,
            "reason": "",
            share.metric: values,
        }
    )
    none = frame.assign(framework="tensorflow", status="failed")
    table = summarise(study, pd.concat([frame, none]), ["framework"])
    rows = table[table["metric"] == share.name].to_dict("records")
    assert [row["framework"] for row in rows] == ["torch", "tensorflow"]
    exact = binomtest(7, 10).proportion_ci(LEVEL, method="exact")
    assert (rows[0]["centre"], rows[0]["n"], rows[0]["unit"]) == (0.7, 10, "share")
    assert rows[0]["low"] == pytest.approx(exact.low, rel=1e-12)
    assert rows[0]["high"] == pytest.approx(exact.high, rel=1e-12)
    assert rows[1]["n"] == 0
    assert all(math.isnan(rows[1][name]) for name in ("centre", "low", "high"))


def test_other_studies_have_no_such_share() -> None:
    frame = runs().assign(heldout_accuracy=1.0)
    assert "learned_share" not in set(summarise("drift", frame, AXES)["metric"])
    assert "learned_share" in set(summarise("training", frame, AXES)["metric"])
