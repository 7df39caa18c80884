"""Verdicts on made-up runs, and the defects that must change them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.claims.band import Band
from suite.claims.claim import Claim, Estimand
from suite.judging.intervals import LEVEL
from suite.judging.judge_claims import judge
from suite.judging.verdicts import Verdict
from suite.metrics import METRICS
from suite.types import Array

AXES = (
    "framework",
    "activation",
    "initializer",
    "depth",
    "width",
    "optimizer",
    "weights",
    "settings",
)
BASE = Claim(
    id="tanh-beats-sigmoid",
    statement="tanh beats sigmoid",
    source="made up",
    study="training",
    metric="heldout_accuracy",
    estimand="difference",
    of={"activation": ("tanh",), "initializer": ("normal(1)",), "depth": (4,), "width": (5,)},
    versus={
        "activation": ("sigmoid",),
        "initializer": ("normal(1)",),
        "depth": (4,),
        "width": (5,),
    },
    each=("framework",),
    band=Band(0.1, math.inf),
    expected="supported",
    because="",
    decides="quick",
    file="",
    text_hash="0123456789ab",
)
VALUE = replace(BASE, estimand="value", versus=None)
SEEDS = 20


def runs(value: Callable[..., Array], seeds: int = SEEDS, **axes: list[Any]) -> pd.DataFrame:
    """Return runs of every combination of ``axes``; ``value(rng, cell)`` is (seeds,) accuracies."""
    chosen: dict[str, list[Any]] = {
        "framework": ["torch"],
        "activation": ["sigmoid", "tanh"],
        "initializer": ["normal(1)"],
        "depth": [4],
        "width": [5],
        "optimizer": ["rmsprop"],
        "weights": ["native"],
        "settings": ["common"],
        **axes,
    }
    rng = np.random.default_rng(0)
    parts = []
    for combination in itertools.product(*(chosen[axis] for axis in AXES)):
        cell = dict(zip(AXES, combination, strict=True))
        part = pd.DataFrame({**cell, "seed": np.arange(seeds), "status": "ok", "reason": ""})
        parts.append(part.assign(heldout_accuracy=value(rng, cell, seeds)))
    return pd.concat(parts, ignore_index=True)


def learned(rng: np.random.Generator, cell: Mapping[str, Any], seeds: int) -> Array:
    """Return accuracies near 0.99 for tanh, near 0.6 for the others."""
    centre, spread = (0.99, 0.003) if cell["activation"] == "tanh" else (0.6, 0.05)
    return rng.normal(centre, spread, size=seeds)


def verdicts(claim: Claim, frame: pd.DataFrame, profile: str | None = "quick") -> list[Verdict]:
    return judge([claim], {"training": frame}, profile)


def verdict(claim: Claim, frame: pd.DataFrame, profile: str | None = "quick") -> Verdict:
    (result,) = verdicts(claim, frame, profile)
    return result


def rows_of(frame: pd.DataFrame, activation: str) -> Array:
    return (frame["activation"] == activation).to_numpy()


def turned(frame: pd.DataFrame, cells: Array, status: str, reason: str = "") -> pd.DataFrame:
    """Return the frame with some runs without values, and the status that says why."""
    lost: dict[str, Any] = {"status": status, "reason": reason, "heldout_accuracy": np.nan}
    return frame.assign(
        **{name: np.where(cells, value, frame[name]) for name, value in lost.items()}
    )


# --- the honest case, and what must turn it -----------------------------------------------------


def test_a_clear_difference_is_supported() -> None:
    result = verdict(BASE, runs(learned))
    assert (result.verdict, result.as_expected, result.reason) == ("supported", True, "")
    assert result.low > 0.1
    assert result.low < result.estimate < result.high
    assert (result.n, result.diverged, result.failed, result.missing) == (SEEDS, 0, 0, 0)
    assert (result.group, result.centre, result.level) == ("framework=torch", "median", LEVEL)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.3, math.inf, "undecided"),  # the interval ends where the band begins
        (math.nextafter(0.3, 1.0), math.inf, "refuted"),
        (-math.inf, 0.3, "undecided"),  # it begins where the band ends
        (-math.inf, math.nextafter(0.3, 0.0), "refuted"),
    ],
)
def test_an_interval_that_touches_the_band_is_not_refuted(
    low: float, high: float, expected: str
) -> None:
    """Half of the values are 0.3, the others on the far side of it from the band."""
    far = 0.2 if math.isinf(high) else 0.4

    def touching(rng: np.random.Generator, cell: Mapping[str, Any], seeds: int) -> Array:
        return np.where(np.arange(seeds) % 2, 0.3, far)

    result = verdict(replace(VALUE, band=Band(low, high)), runs(touching, activation=["tanh"]))
    assert {result.low, result.high} == {0.3, far}
    assert result.verdict == expected


@pytest.mark.parametrize(("low", "high"), [(0.3, math.inf), (-math.inf, 0.3), (0.3, 0.3)])
def test_the_edges_belong_to_the_band(low: float, high: float) -> None:
    def same(rng: np.random.Generator, cell: Mapping[str, Any], seeds: int) -> Array:
        return np.full(seeds, 0.3)

    result = verdict(replace(VALUE, band=Band(low, high)), runs(same, activation=["tanh"]))
    assert result.verdict == "supported"


def test_the_order_of_the_rows_decides_nothing() -> None:
    frame = runs(learned, framework=["torch", "tensorflow"], initializer=["normal(1)", "default"])
    frame.loc[rows_of(frame, "tanh") & (frame["seed"] == 3), "status"] = "diverged"
    expected = verdicts(replace(BASE, each=("framework",)), frame)
    shuffled = frame.sample(frac=1, random_state=1)
    result = {
        judged.group: judged for judged in verdicts(replace(BASE, each=("framework",)), shuffled)
    }
    assert [result[judged.group] for judged in expected] == expected


def test_swapped_cells_turn_the_verdict() -> None:
    frame = runs(learned)
    frame["activation"] = frame["activation"].map({"tanh": "sigmoid", "sigmoid": "tanh"})
    result = verdict(BASE, frame)
    assert (result.verdict, result.as_expected) == ("refuted", False)
    assert result.contradicts


def test_nothing_but_noise_is_undecided() -> None:
    frame = runs(lambda rng, cell, seeds: rng.normal(0.6, 0.05, size=seeds))
    result = verdict(replace(BASE, band=Band(0.0, math.inf)), frame)
    assert (result.verdict, result.as_expected) == ("undecided", None)
    assert "partly inside and partly outside the band" in result.reason


@pytest.mark.parametrize(("seeds", "expected"), [(16, "supported"), (15, "undecided")])
def test_one_seed_fewer_than_needed(seeds: int, expected: str) -> None:
    result = verdict(BASE, runs(learned, seeds))
    assert result.verdict == expected
    assert (result.reason == "") == (seeds == 16)
    if seeds == 15:
        assert result.reason == "15 seeds; a median needs 16 at this level"
        assert (result.low, result.high) == (-math.inf, math.inf)


def test_one_nan_is_enough() -> None:
    frame = runs(learned)
    frame.loc[rows_of(frame, "tanh") & (frame["seed"] == 7), "heldout_accuracy"] = np.nan
    result = verdict(BASE, frame)
    assert result.verdict == "undecided"
    assert result.reason == "heldout_accuracy is NaN for 1 of 20 seeds"
    assert (result.failed, result.missing) == (0, 0)


def test_a_column_of_nan_and_a_missing_column() -> None:
    result = verdict(BASE, runs(learned).assign(heldout_accuracy=np.nan))
    assert result.verdict == "undecided"
    assert "NaN for 20 of 20 seeds" in result.reason
    result = verdict(BASE, runs(learned).drop(columns="heldout_accuracy"))
    assert result.verdict == "undecided"
    assert result.reason == "this folder has no column heldout_accuracy, which all 40 runs lack"
    assert result.missing == 40


@pytest.mark.parametrize("status", ["failed", "missing"])
def test_runs_that_are_not_there_are_named(status: str) -> None:
    frame = runs(learned)
    frame = turned(frame, rows_of(frame, "sigmoid") & frame["seed"].isin([2, 3, 5, 8]), status)
    result = verdict(BASE, frame)
    assert result.verdict == "undecided"
    assert result.reason.startswith(f"4 {status}: framework=torch activation=sigmoid")
    assert result.reason.endswith("seed=5 and 1 more")
    assert (result.failed, result.missing) == ((4, 0) if status == "failed" else (0, 4))
    # The complete pairs are shown, though they decide nothing.
    assert result.n == 16
    assert result.low > 0.1


def test_rows_that_are_there_twice_decide_nothing() -> None:
    frame = runs(learned)
    result = verdict(BASE, pd.concat([frame, frame.tail(1)]))
    assert result.verdict == "undecided"
    assert result.reason.startswith("1 stored twice: framework=torch activation=tanh")


# --- divergence --------------------------------------------------------------------------------


def test_a_diverged_run_counts_with_the_worst_value() -> None:
    frame = runs(learned)
    lost = rows_of(frame, "tanh") & frame["seed"].isin([0, 1])
    frame.loc[lost, "status"] = "diverged"  # its measured accuracy stays, and must not count
    result = verdict(BASE, frame)
    assert result.diverged == 2
    assert result.verdict == "undecided"
    assert result.low < 0
    frame["status"] = np.where(rows_of(frame, "tanh"), "diverged", "ok")
    assert verdict(BASE, frame).verdict == "refuted"


@pytest.mark.parametrize(("estimand", "tie"), [("difference", 0.0), ("ratio", 1.0)])
@pytest.mark.parametrize("metric", ["heldout_accuracy", "heldout_loss"])
def test_both_diverged_is_a_tie(metric: str, estimand: Estimand, tie: float) -> None:
    """The same holds where the worst value is infinite or zero."""
    frame = runs(learned).assign(status="diverged").rename(columns={"heldout_accuracy": metric})
    result = verdict(replace(BASE, metric=metric, estimand=estimand), frame)
    assert (result.estimate, result.low, result.high) == (tie, tie, tie)
    assert (result.n, result.diverged) == (SEEDS, 2 * SEEDS)


def test_two_sides_that_diverged_in_part_are_undecided() -> None:
    """One cell of each side diverged, a different one: both means are infinite and tell nothing."""
    frame = runs(learned, weights=["native", "shared"]).rename(
        columns={"heldout_accuracy": "heldout_loss"}
    )
    assert BASE.versus is not None
    both = {"weights": ("native", "shared")}
    claim = replace(
        BASE,
        metric="heldout_loss",
        of={**BASE.of, **both},
        band=Band(-0.02, 0.02),
        versus={**BASE.versus, **both},
        reduce="mean",
    )
    lost = rows_of(frame, "tanh") == (frame["weights"] == "native").to_numpy()
    result = verdict(claim, frame.assign(status=np.where(lost, "diverged", "ok")))
    assert result.verdict == "undecided"
    assert result.reason == "heldout_loss is NaN for 20 of 20 seeds (40 runs diverged)"
    assert verdict(claim, frame.assign(status="diverged")).verdict == "supported"


def test_what_was_measured_before_training_counts_though_training_diverged() -> None:
    frame = runs(learned).rename(columns={"heldout_accuracy": "initial_accuracy"})
    result = verdict(replace(BASE, metric="initial_accuracy"), frame.assign(status="diverged"))
    assert (result.verdict, result.diverged) == ("supported", 2 * SEEDS)


def test_a_metric_without_a_worst_value_cannot_count_a_diverged_run() -> None:
    assert METRICS["weight_rms"].uncountable
    assert not METRICS["initial_accuracy"].uncountable
    frame = runs(learned).rename(columns={"heldout_accuracy": "weight_rms"})
    claim = replace(BASE, metric="weight_rms")
    assert verdict(claim, frame).verdict == "supported"
    frame.loc[0, "status"] = "diverged"
    result = verdict(claim, frame)
    assert result.verdict == "undecided"
    assert result.reason.startswith("1 diverged, and weight_rms has no worst value")


def test_never_is_a_value() -> None:
    """The first epoch with 95 % is infinite where there is none; two such networks tie."""
    frame = runs(learned).rename(columns={"heldout_accuracy": "first_epoch_95"})
    frame["first_epoch_95"] = np.where(rows_of(frame, "tanh"), 30.0, np.inf)
    claim = replace(BASE, metric="first_epoch_95", band=Band(-math.inf, -5.0))
    result = verdict(claim, frame)
    assert (result.verdict, result.estimate) == ("supported", -math.inf)
    result = verdict(claim, frame.assign(first_epoch_95=np.inf))
    assert (result.verdict, result.low, result.high) == ("refuted", 0.0, 0.0)


def test_equal_values_tie() -> None:
    frame = runs(learned).assign(heldout_accuracy=0.7)
    result = verdict(replace(BASE, band=Band(-0.02, 0.02)), frame)
    assert (result.verdict, result.low, result.high) == ("supported", 0.0, 0.0)
    assert math.isnan(result.pair_correlation)
    assert verdict(BASE, frame).verdict == "refuted"


# --- selection ---------------------------------------------------------------------------------


def test_one_verdict_for_each_value_and_no_mixing() -> None:
    def reversed_in_tensorflow(
        rng: np.random.Generator, cell: Mapping[str, Any], seeds: int
    ) -> Array:
        other = {"tanh": "sigmoid", "sigmoid": "tanh"}[cell["activation"]]
        swapped = cell if cell["framework"] == "torch" else {**cell, "activation": other}
        return learned(rng, swapped, seeds)

    frame = runs(reversed_in_tensorflow, framework=["torch", "tensorflow"])
    result = verdicts(BASE, frame)
    assert [(judged.group, judged.verdict) for judged in result] == [
        ("framework=torch", "supported"),
        ("framework=tensorflow", "refuted"),
    ]


def test_a_value_that_a_claim_names_does_not_vanish_with_its_runs() -> None:
    """``each`` splits the values of the folder where ``of`` leaves an axis open, and those that the
    claim names where it does not."""
    claim = replace(
        VALUE,
        of={**VALUE.of, "activation": ("relu", "tanh")},
        band=Band(0.9, math.inf),
        each=("framework", "activation"),
    )
    frame = runs(learned, framework=["torch", "tensorflow"])
    assert [(judged.group, judged.verdict) for judged in verdicts(claim, frame)] == [
        (f"framework={framework} activation={activation}", verdict)
        for framework in ("torch", "tensorflow")
        for activation, verdict in (("relu", "not judged"), ("tanh", "supported"))
    ]
    named = replace(claim, of={**claim.of, "framework": ("torch",)}, each=("activation",))
    assert [judged.group for judged in verdicts(named, frame[rows_of(frame, "sigmoid")])] == [
        "activation=relu",
        "activation=tanh",
    ]
    assert verdict(claim, frame.drop(columns="activation")).reason == (
        "the study has no axis activation in this folder"
    )


def test_an_axis_that_is_left_out_has_its_default() -> None:
    frame = runs(learned, optimizer=["rmsprop", "sgd"], weights=["native", "shared"])
    others = (frame["optimizer"] == "sgd") | (frame["weights"] == "shared")
    frame.loc[others, "heldout_accuracy"] = 0.0
    assert verdict(BASE, frame).verdict == "supported"
    assert BASE.versus is not None
    shared = {"weights": ("shared",)}
    other = replace(BASE, of={**BASE.of, **shared}, versus={**BASE.versus, **shared})
    assert verdict(other, frame).verdict == "refuted"


def test_a_folder_without_an_axis_that_the_claim_leaves_out() -> None:
    """The results come from a version without the axis."""
    assert verdict(BASE, runs(learned).drop(columns="optimizer")).verdict == "supported"


def test_what_is_not_in_the_folder_is_not_judged() -> None:
    (result,) = judge([BASE], {}, "quick")
    assert (result.verdict, result.reason) == ("not judged", "study training was not run")
    assert not result.broken_promise
    frame = runs(learned)
    for absent, reason in (
        (frame[rows_of(frame, "sigmoid")], "this folder has no such cell"),
        (frame[rows_of(frame, "tanh")], "this folder has no such cell"),
        (frame.drop(columns="depth"), "the study has no axis depth in this folder"),
    ):
        result = verdict(BASE, absent)
        assert (result.verdict, result.reason) == ("not judged", reason)
        assert math.isnan(result.estimate)


def test_a_claim_over_several_cells_needs_them_all() -> None:
    claim = replace(VALUE, of={**VALUE.of, "activation": ("tanh", "relu")}, reduce="mean")
    result = verdict(claim, runs(learned))
    assert result.verdict == "not judged"
    assert result.reason.startswith("this folder has no cell activation=relu initializer=normal(1)")


def test_unsupported_cells_are_left_out() -> None:
    frame = runs(learned, activation=["tanh", "relu"])
    frame = turned(frame, rows_of(frame, "relu"), "unsupported", "no law")
    claim = replace(
        VALUE,
        of={**VALUE.of, "activation": ("tanh", "relu")},
        reduce="min",
        band=Band(0.9, math.inf),
    )
    assert verdict(claim, frame).verdict == "supported"
    only = verdict(replace(VALUE, of={**VALUE.of, "activation": ("relu",)}), frame)
    assert only.verdict == "not judged"
    assert only.reason.endswith("(no law)")


def test_two_sides_that_would_hold_other_cells_are_not_compared() -> None:
    frame = runs(learned, initializer=["normal(1)", "default"])
    lost = rows_of(frame, "tanh") & (frame["initializer"] == "default")
    frame = turned(frame, lost, "unsupported", "no law")
    several = {"initializer": ("normal(1)", "default")}
    assert BASE.versus is not None
    claim = replace(
        BASE, of={**BASE.of, **several}, versus={**BASE.versus, **several}, reduce="mean"
    )
    result = verdict(claim, frame)
    assert result.verdict == "not judged"
    assert result.reason.startswith("unsupported: framework=torch activation=tanh")


# --- other estimands and centres ---------------------------------------------------------------


def test_a_share_of_seeds() -> None:
    frame = runs(lambda rng, cell, seeds: np.arange(seeds) / 10.0, activation=["tanh"])
    claim = replace(VALUE, estimand="share", centre="share", above=0.4, band=Band(0.25, math.inf))
    result = verdict(claim, frame)
    assert (result.estimate, result.n, result.verdict) == (15 / 20, 20, "supported")
    assert verdict(replace(claim, above=0.4, below=1.5), frame).estimate == 10 / 20
    assert verdict(replace(claim, above=None, below=0.4), frame).estimate == 4 / 20


def test_a_share_of_pairs_counts_those_in_order() -> None:
    frame = runs(learned)
    claim = replace(BASE, estimand="share", centre="share", above=0.0, band=Band(0.5, math.inf))
    result = verdict(claim, frame)
    assert (result.estimate, result.verdict) == (1.0, "supported")
    frame.loc[rows_of(frame, "tanh") & (frame["seed"] < 9), "heldout_accuracy"] = 0.0
    assert verdict(claim, frame).estimate == 11 / 20


def test_a_bounded_mean() -> None:
    frame = runs(learned)
    claim = replace(BASE, centre="mean", bounds=(0.0, 1.0), band=Band(-0.6, math.inf))
    result = verdict(claim, frame)
    pairs = frame["heldout_accuracy"].to_numpy().reshape(2, SEEDS)
    assert result.estimate == pytest.approx((pairs[1] - pairs[0]).mean())
    assert (result.centre, result.verdict) == ("mean", "supported")
    frame.loc[rows_of(frame, "tanh"), "heldout_accuracy"] += 5
    result = verdict(claim, frame)
    assert result.verdict == "undecided"
    assert result.reason == "heldout_accuracy leaves the declared bounds [0.0, 1.0]"


def test_a_bounded_difference_may_be_negative() -> None:
    """Two numbers from 0 to 1 differ by -1 to 1, whichever is larger."""
    claim = replace(BASE, centre="mean", bounds=(0.0, 1.0), band=Band(-math.inf, 0.6))
    turned = replace(claim, of=BASE.versus or {}, versus=BASE.of)
    result = verdict(turned, runs(learned))
    assert result.estimate < -0.3
    assert result.verdict == "supported"


def test_a_nan_keeps_a_share_undecided() -> None:
    """It lies neither above nor below, so that it must not be counted among those that do not."""
    claim = replace(VALUE, estimand="share", above=0.9, band=Band(0.5, 1.0))
    frame = runs(learned, activation=["tanh"])
    assert verdict(claim, frame).verdict == "supported"
    frame.loc[3, "heldout_accuracy"] = np.nan
    result = verdict(claim, frame)
    assert result.verdict == "undecided"
    assert math.isnan(result.estimate)


def test_an_exact_claim_needs_one_seed_and_holds_for_every_seed() -> None:
    claim = replace(VALUE, kind="exact", centre="every", band=Band(0.9, 1.0))
    frame = runs(lambda rng, cell, seeds: np.full(seeds, 0.95), activation=["tanh"])
    result = verdict(claim, frame[frame["seed"] == 0])
    assert (result.verdict, result.n, result.low, result.high) == ("supported", 1, 0.95, 0.95)
    assert math.isnan(result.level)
    assert verdict(claim, frame).verdict == "supported"
    frame.loc[3, "heldout_accuracy"] = 0.89
    result = verdict(claim, frame)
    assert (result.verdict, result.low, result.high) == ("refuted", 0.89, 0.95)
    frame.loc[3, "heldout_accuracy"] = np.nan
    assert verdict(claim, frame).verdict == "undecided"


def test_what_is_expected_and_what_is_promised() -> None:
    frame = runs(learned)
    assert verdict(replace(BASE, expected="refuted"), frame).contradicts
    open_claim = verdict(replace(BASE, expected="open"), frame)
    assert (open_claim.verdict, open_claim.as_expected) == ("supported", None)
    few = frame[frame["seed"] < 5]
    later = replace(BASE, decides="standard")
    assert verdict(BASE, few).broken_promise
    assert not verdict(later, few).broken_promise
    assert verdict(later, few, "full").broken_promise
    assert not verdict(BASE, few, None).promised  # a user's own seeds or axes promise nothing
