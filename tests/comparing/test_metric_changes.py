"""Each kind of comparison, by hand and against a slow loop."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from suite.comparing.kinds import (
    CHANGED,
    IMPROVED,
    METRIC_KINDS,
    MISSING,
    NEW,
    NOT_COMPARABLE,
    SAME,
    UNCLEAR,
    WORSENED,
)
from suite.comparing.metric_changes import COLUMNS, metric_changes
from suite.comparing.paired_runs import FINISHED
from suite.judging import intervals
from suite.metrics import METRICS
from suite.types import Array

NEUTRAL, HIGHER, LOWER = "weight_rms", "heldout_accuracy", "train_loss"


def runs(values: Array, metric: str = LOWER, status: str = "ok", **axes: object) -> pd.DataFrame:
    """Return the runs of one cell, a seed for each value."""
    state = {"seed": np.arange(len(values)), "status": status, "reason": ""}
    return pd.DataFrame({"activation": "tanh", **axes, **state, metric: values})


def compared(a: pd.DataFrame, b: pd.DataFrame, certain: bool = False) -> pd.DataFrame:
    return metric_changes({"training": (a, b)}, certain=certain)


def kind(a: pd.DataFrame, b: pd.DataFrame, metric: str = LOWER, certain: bool = False) -> str:
    rows = compared(a, b, certain)
    (name,) = rows.loc[rows["metric"] == metric, "kind"]
    return str(name)


@pytest.fixture
def base() -> Array:
    """20 losses whose distances are far larger than the tolerance of 0.02."""
    return np.random.default_rng(0).normal(1.0, 0.3, 20)


@pytest.mark.parametrize(
    ("metric", "shift", "expected"),
    [
        (LOWER, 0.1, WORSENED),
        (LOWER, -0.1, IMPROVED),
        (HIGHER, 0.1, IMPROVED),
        (HIGHER, -0.1, WORSENED),
        (NEUTRAL, 0.1, CHANGED),
        (LOWER, 0.019, SAME),  # within the tolerance of 0.02
        (HIGHER, 0.0, SAME),
        (LOWER, math.inf, WORSENED),
        (LOWER, math.nan, WORSENED),  # a loss that became NaN is not better
        (HIGHER, math.nan, WORSENED),
        (NEUTRAL, math.nan, CHANGED),
    ],
)
def test_a_shift_in_every_seed(base: Array, metric: str, shift: float, expected: str) -> None:
    assert kind(runs(base, metric), runs(base + shift, metric), metric) == expected


def test_rounding_is_no_difference(base: Array) -> None:
    """No tolerance is declared for weight_rms, so 1e-5 of the value is allowed."""
    assert METRICS[NEUTRAL].tolerance == 0
    assert kind(runs(base, NEUTRAL), runs(base * (1 + 9e-6), NEUTRAL), NEUTRAL) == SAME
    assert kind(runs(base, NEUTRAL), runs(base * (1 + 1.1e-5), NEUTRAL), NEUTRAL) == CHANGED


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_few_large_differences_on_either_side_are_not_tolerated(base: Array, sign: float) -> None:
    """Five pairs of eight differ in one direction: too few for a direction, too many for none."""
    apart = base[:8] + sign * np.where(np.arange(8) < 5, 0.5, 0.0)
    assert kind(runs(base[:8]), runs(apart)) == UNCLEAR


def test_one_cell_of_many_needs_more_than_chance(base: Array) -> None:
    """Six pairs of six have p = 0.03: among fifty cells without a direction that is chance."""
    signs = np.where(np.arange(6) % 2, 0.5, -0.5)
    cells = [np.full(6, 0.5) if depth == 1 else signs for depth in range(1, 51)]
    a = pd.concat([runs(base[:6], depth=depth) for depth in range(1, 51)])
    b = pd.concat([runs(base[:6] + d, depth=depth) for depth, d in enumerate(cells, start=1)])
    rows = compared(a, b)
    rows = rows[rows["metric"] == LOWER]
    assert (rows["p"] < 0.05).sum() == 1
    assert set(rows["kind"]) == {UNCLEAR}


def test_beside_an_infinite_median_a_difference_is_not_tolerated() -> None:
    """14 of 20 networks came to an infinite loss, six to a smaller one: nothing is decided, and the
    median difference is not within a tolerance, which is a share of no infinite size."""
    a = np.full(20, 5.0)
    b = np.where(np.arange(20) < 14, math.inf, 1.0)
    assert kind(runs(a), runs(b)) == UNCLEAR


def test_equal_infinities_and_two_nan_are_the_same() -> None:
    both = runs(np.array([math.inf] * 10 + [1.0] * 10))
    assert kind(both, both) == SAME
    half = runs(np.array([math.nan] * 10 + [1.0] * 10))
    row = compared(half, half).set_index("metric").loc[LOWER]
    assert (row["kind"], row["n"], row["difference"]) == (SAME, 10, 0.0)


def test_what_was_never_measured_is_no_row() -> None:
    none = runs(np.full(20, math.nan))
    assert set(compared(none, none)["metric"]) == {FINISHED.name}


def test_a_few_seeds_that_part_are_unclear(base: Array) -> None:
    """5 of 20 pairs differ: all in one direction, two-sided, has a probability of 2 / 2^5 = 6 %."""
    other = base.copy()
    other[:5] += 1
    row = compared(runs(base), runs(other)).set_index("metric").loc[LOWER]
    assert row["p"] == pytest.approx(2 / 2**5)
    assert row["kind"] == SAME  # of the median difference: its interval is [0, 0]
    other[5:12] -= 1  # 5 above, 7 below
    other[12] += 1
    assert kind(runs(base), runs(other)) == UNCLEAR
    other = base.copy()
    other[:9] += 1  # 9 of 20 in one direction: the median difference is 0 still
    row = compared(runs(base), runs(other)).set_index("metric").loc[LOWER]
    assert (row["kind"], row["difference"], row["above"], row["below"]) == (WORSENED, 0.0, 9, 0)


def test_the_median_difference_may_be_the_same_though_pairs_are_not() -> None:
    """400 pairs differ by 0.05 on both sides; the interval of the median is within 0.02."""
    noise = np.random.default_rng(1).normal(0, 0.05, 400)
    row = compared(runs(np.ones(400)), runs(1 + noise)).set_index("metric").loc[LOWER]
    assert row["kind"] == SAME
    assert row["above"] + row["below"] > 200
    assert -0.02 < row["low"] < 0 < row["high"] < 0.02
    few = compared(runs(np.ones(20)), runs(1 + noise[:20])).set_index("metric").loc[LOWER]
    assert few["kind"] == UNCLEAR


def test_all_runs_diverge(base: Array) -> None:
    """Losses count as infinite; weight_rms has no worst value, so the share of ok runs shows it."""
    diverged = runs(np.full(20, math.nan), NEUTRAL, "diverged")
    rows = compared(runs(base, NEUTRAL), diverged).set_index("metric")
    assert rows.loc[FINISHED.name, "kind"] == WORSENED
    assert rows.loc[NEUTRAL, "kind"] == CHANGED
    row = compared(runs(base), runs(base, LOWER, "diverged")).set_index("metric").loc[LOWER]
    assert (row["kind"], row["b"]) == (WORSENED, math.inf)  # whatever was written down
    back = compared(diverged, runs(base, NEUTRAL)).set_index("metric")
    assert (back.loc[FINISHED.name, "kind"], back.loc[NEUTRAL, "kind"]) == (IMPROVED, CHANGED)
    assert set(compared(diverged, diverged)["kind"]) == {SAME}


def test_a_few_runs_that_diverge_are_not_called_the_same(base: Array) -> None:
    """The median difference of two shares of 0 or 1 is 0 until half of the runs are lost."""
    other = runs(base, NEUTRAL)
    other.loc[:4, "status"] = "diverged"
    row = compared(runs(base, NEUTRAL), other).set_index("metric").loc[FINISHED.name]
    assert (row["kind"], row["difference"], row["below"]) == (UNCLEAR, 0.0, 5)


def test_what_can_never_be_significant_dilutes_nothing() -> None:
    """6 of 6 pairs have p = 3 %; a hundred cells with one differing pair are not in the family."""
    ones = pd.concat([runs(np.ones(6), depth=depth) for depth in range(1, 101)], ignore_index=True)
    other = ones.copy()
    other.loc[::6, LOWER] = 2.0
    a, b = runs(np.ones(6), depth=101), runs(np.full(6, 2.0), depth=101)
    rows = compared(pd.concat([ones, a]), pd.concat([other, b]))
    assert rows["kind"].value_counts().to_dict() == {SAME: 101, UNCLEAR: 100, WORSENED: 1}
    assert rows["adjusted"].notna().sum() == 1


def test_failed_runs_leave_the_pair_out_and_are_told(base: Array) -> None:
    other = runs(base)
    other.loc[:6, "status"] = "failed"
    other.loc[:6, LOWER] = math.nan
    rows = compared(runs(base), other).set_index("metric")
    assert (rows.loc[LOWER, "kind"], rows.loc[LOWER, "n"]) == (SAME, 13)
    assert rows.loc[LOWER, "reason"] == "7 failed in B"
    assert rows.loc[FINISHED.name, "kind"] == WORSENED


def test_one_seed_tells_only_where_chance_has_no_part(base: Array) -> None:
    single, other = runs(base[:1]), runs(base[:1] + 1)
    assert kind(single, other, certain=False) == UNCLEAR
    assert kind(single, other, certain=True) == WORSENED
    assert kind(single, single, certain=True) == SAME
    assert kind(runs(base[:2]), runs(base[:2] + 1), certain=True) == UNCLEAR
    assert kind(single, runs(base + 1), certain=True) == kind(runs(base + 1), single) == UNCLEAR


def test_cells_and_metrics_of_one_side(base: Array) -> None:
    relu = runs(base, activation="relu").assign(heldout_loss=base)
    a = pd.concat([runs(base), runs(base, activation="gelu")], ignore_index=True)
    rows = compared(a.assign(train_accuracy=0.5), pd.concat([a.iloc[:20], relu]))
    kinds: dict[object, str] = rows.set_index(["cell", "metric"])["kind"].to_dict()
    assert kinds == {
        ("activation=tanh", "ok_share"): SAME,
        ("activation=tanh", LOWER): SAME,
        ("activation=tanh", "train_accuracy"): MISSING,
        **{("activation=gelu", name): MISSING for name in ("ok_share", LOWER, "train_accuracy")},
        **{("activation=relu", name): NEW for name in ("ok_share", LOWER, "heldout_loss")},
    }


def test_unsupported_is_no_cell(base: Array) -> None:
    lost = runs(np.full(20, math.nan), status="unsupported")
    assert set(compared(runs(base), lost)["kind"]) == {MISSING}
    assert compared(lost, lost).empty


def test_not_comparable(base: Array) -> None:
    a = runs(base).assign(made_up="text")
    rows = metric_changes({"training": (a, a)}, redefined={LOWER}).set_index("metric")
    assert rows["kind"].to_dict() == {
        FINISHED.name: SAME,
        LOWER: NOT_COMPARABLE,
        "made_up": NOT_COMPARABLE,
    }
    assert rows.loc[LOWER, "reason"] == "another definition"
    assert rows.loc["made_up", "reason"] == "this version has no such metric"


def test_an_axis_that_one_side_lacks_has_its_default(base: Array) -> None:
    assert kind(runs(base), runs(base, optimizer="rmsprop")) == SAME
    assert set(compared(runs(base), runs(base, optimizer="sgd"))["kind"]) == {MISSING, NEW}
    (row,) = compared(runs(base), runs(base, depth=4)).to_dict("records")
    assert (row["kind"], row["reason"]) == (NOT_COMPARABLE, "one side has no depth")


def test_seeds_of_one_side_are_left_out_and_told(base: Array) -> None:
    row = compared(runs(base), runs(base[:8])).set_index("metric").loc[LOWER]
    assert (row["n"], row["reason"]) == (8, "8 of 20 seeds are in both")


def test_numbers_agree_with_a_slow_loop() -> None:
    """Cells of different sizes, in mixed order, with ties and infinite values."""
    rng = np.random.default_rng(2)
    sides: list[pd.DataFrame] = []
    for _ in "ab":
        cells = [
            runs(rng.normal(1, 1, size), depth=depth).assign(heldout_loss=np.inf)
            for depth, size in enumerate((1, 5, 6, 20, 21, 60), 1)
        ]
        frame = pd.concat(cells, ignore_index=True)
        frame.loc[rng.random(len(frame)) < 0.3, LOWER] = 1.0
        frame.loc[rng.random(len(frame)) < 0.1, LOWER] = math.inf
        sides.append(frame.sample(frac=1, random_state=3))
    rows = compared(sides[0], sides[1]).query("metric == @LOWER").set_index("cell")
    assert len(rows) == 6
    for depth, part in sides[0].groupby("depth"):
        other = sides[1].query("depth == @depth").set_index("seed")[LOWER]
        of_a = part.set_index("seed")[LOWER]
        with np.errstate(invalid="ignore"):
            differences = [0.0 if of_a[s] == other[s] else other[s] - of_a[s] for s in of_a.index]
        interval = intervals.median(np.array(differences), 0.95)
        beyond = [d for d in differences if abs(d) > 0.02]
        row = rows.loc[f"activation=tanh depth={depth}"]
        assert (row["difference"], row["low"], row["high"], row["n"]) == (
            interval.estimate,
            interval.low,
            interval.high,
            interval.n,
        )
        above = sum(d > 0 for d in beyond)
        assert (row["above"], row["below"]) == (above, len(beyond) - above)
        if beyond:
            assert row["p"] == pytest.approx(binomtest(above, len(beyond)).pvalue, rel=1e-12)
        assert row["a"] == intervals.median(of_a.to_numpy(), 0.95).estimate


def test_the_largest_come_first(base: Array) -> None:
    """The unit is the interquartile range of A, or the tolerance where A does not vary."""
    shifts = {1: 0.3, 2: 3.0, 3: 0.6, 4: 0.0}
    a = pd.concat([runs(base, depth=depth) for depth in shifts], ignore_index=True)
    b = pd.concat([runs(base + shift, depth=depth) for depth, shift in shifts.items()])
    constant = runs(np.ones(20), depth=9)
    rows = compared(pd.concat([a, constant]), pd.concat([b, constant.assign(train_loss=1.1)]))
    order = rows.loc[rows["metric"] == LOWER, "cell"].str.partition("depth=")[2].tolist()
    assert order == ["2", "9", "3", "1", "4"]
    size = rows.loc[rows["metric"] == LOWER, "size"]
    assert size.iloc[0] == pytest.approx(3.0 / np.subtract(*np.quantile(base, [0.75, 0.25])))
    assert size.iloc[1] == pytest.approx(0.1 / 0.02)  # the tolerance, where A does not vary


def test_columns_and_kinds(base: Array) -> None:
    rows = compared(runs(base), runs(base + 1))
    assert tuple(rows.columns) == COLUMNS
    assert set(rows["kind"]) <= set(METRIC_KINDS)
    assert tuple(metric_changes({}).columns) == COLUMNS
