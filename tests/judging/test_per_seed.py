"""One number for each seed: reduction over cells, pairs by seed, slopes, ratios."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.judging.per_seed import Side, difference, per_seed, ratio
from suite.types import Array

SEEDS = 20
AXES = ("activation", "depth")


def claim(**fields: Any) -> Claim:
    """Return a claim with the fields that determine the numbers."""
    plain: dict[str, Any] = {
        "id": "a-claim",
        "statement": "",
        "source": "",
        "study": "training",
        "metric": "heldout_loss",
        "estimand": "value",
        "of": {},
        "band": Band(0.0, 1.0),
        "expected": "supported",
        "because": "",
        "decides": "quick",
        "file": "",
        "text_hash": "",
    }
    return Claim(**(plain | fields))


def runs(
    activations: tuple[str, ...], depths: tuple[int, ...] = (4,), start: int = 0
) -> pd.DataFrame:
    """Return runs with standard normal losses, in mixed order."""
    cells = itertools.product(activations, depths, range(SEEDS))
    frame = pd.DataFrame(cells, columns=[*AXES, "seed"])
    rng = np.random.default_rng(start)
    frame = frame.assign(status="ok", heldout_loss=rng.normal(size=len(frame)))
    frame.index += start
    return frame.sample(frac=1, random_state=0)


def samples(claim: Claim, frames: Sequence[pd.DataFrame]) -> tuple[Array, float]:
    """Return the numbers of sides that are given as data frames."""

    def side(frame: pd.DataFrame) -> Side:
        def column(name: str | None) -> Array | None:
            return None if name is None else frame[name].to_numpy()

        return Side(
            cell=frame.groupby(list(AXES)).ngroup().to_numpy(),
            seed=frame["seed"].to_numpy(),
            measured=frame["status"].isin(["ok", "diverged"]).to_numpy(),
            diverged=frame["status"].eq("diverged").to_numpy(),
            metric=frame[claim.metric].to_numpy(),
            prediction=column(claim.prediction),
            along=column(claim.along),
        )

    numbers = per_seed(claim, [side(frame) for frame in frames])
    return numbers.value, numbers.pair_correlation


def table(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Return the losses as a table of seeds x values of an axis."""
    return frame.pivot(index="seed", columns=axis, values="heldout_loss")


@pytest.mark.parametrize("reduce", ["mean", "median", "min", "max"])
def test_cells_are_reduced_for_each_seed(reduce: str) -> None:
    frame = runs(("tanh", "relu", "elu"))
    numbers, correlation = samples(claim(reduce=reduce), [frame])
    assert numbers == pytest.approx(table(frame, "activation").agg(reduce, axis=1).to_numpy())
    assert math.isnan(correlation)


@pytest.mark.parametrize("reduce", ["mean", "median", "min", "max"])
def test_a_nan_in_one_cell_is_not_passed_over(reduce: str) -> None:
    frame = runs(("tanh", "relu"))
    frame.loc[frame["seed"].eq(3) & frame["activation"].eq("tanh"), "heldout_loss"] = np.nan
    numbers, _ = samples(claim(reduce=reduce), [frame])
    assert np.isnan(numbers).tolist() == [seed == 3 for seed in range(SEEDS)]


@pytest.mark.parametrize("status", ["failed", "missing"])
def test_a_seed_counts_only_with_all_its_cells(status: str) -> None:
    frame = runs(("tanh", "relu"))
    lost = frame["seed"].isin([0, 9]) & frame["activation"].eq("tanh")
    numbers, _ = samples(claim(reduce="max"), [frame.assign(status=np.where(lost, status, "ok"))])
    assert len(numbers) == SEEDS - 2
    whole = frame[~frame["seed"].isin([0, 9])]
    assert numbers == pytest.approx(table(whole, "activation").max(axis=1).to_numpy())
    # A cell of which nothing is left takes every seed with it, instead of dropping out.
    gone = frame.assign(status=np.where(frame["activation"].eq("tanh"), status, "ok"))
    numbers, _ = samples(claim(reduce="max"), [gone])
    assert len(numbers) == 0


def test_pairs_are_made_by_seed() -> None:
    of, versus = runs(("tanh",)), runs(("relu",), start=1000)
    numbers, _ = samples(claim(estimand="difference"), [of, versus])
    by_seed = table(of, "activation")["tanh"] - table(versus, "activation")["relu"]
    assert numbers == pytest.approx(by_seed.to_numpy())
    numbers, _ = samples(claim(estimand="ratio"), [of, versus])
    by_seed = table(of, "activation")["tanh"] / table(versus, "activation")["relu"]
    assert numbers == pytest.approx(by_seed.to_numpy())


@pytest.mark.parametrize("estimand", ["difference", "ratio"])
@pytest.mark.parametrize("how", ["no row", "failed"])
def test_sides_that_lost_different_seeds_are_paired_by_those_they_share(
    estimand: str, how: str
) -> None:
    """Both sides lose as many seeds, so that pairs by position would look complete."""
    of, versus = runs(("tanh",)), runs(("relu",), start=1000)

    def without(frame: pd.DataFrame, *seeds: int) -> pd.DataFrame:
        lost = frame["seed"].isin(seeds)
        return (
            frame[~lost]
            if how == "no row"
            else frame.assign(status=np.where(lost, "failed", frame["status"]))
        )

    numbers, correlation = samples(
        claim(estimand=estimand), [without(of, 0, 7), without(versus, 3, 19)]
    )
    pairs = pd.DataFrame(
        {
            "of": table(of, "activation")["tanh"],
            "versus": table(versus, "activation")["relu"],
        }
    ).drop([0, 3, 7, 19])
    by_seed = (
        pairs["of"] - pairs["versus"]
        if estimand == "difference"
        else (pairs["of"] / pairs["versus"])
    )
    assert numbers == pytest.approx(by_seed.to_numpy())
    assert correlation == pytest.approx(pairs.corr("spearman").to_numpy()[0, 1])


def test_the_correlation_of_pairs() -> None:
    of, versus = runs(("tanh",)), runs(("relu",), start=1000)
    a, b = table(of, "activation")["tanh"], table(versus, "activation")["relu"]
    _, correlation = samples(claim(estimand="difference"), [of, versus])
    assert correlation == pytest.approx(a.corr(b, method="spearman"))
    cubes = of.assign(activation="relu", heldout_loss=of["heldout_loss"] ** 3)
    _, correlation = samples(claim(estimand="difference"), [of, cubes])
    assert correlation == pytest.approx(1.0)
    _, correlation = samples(claim(estimand="difference"), [of, versus.assign(heldout_loss=1)])
    assert math.isnan(correlation)


def test_a_slope_is_that_of_least_squares_over_reduced_cells() -> None:
    depths = (8, 1, 4, 2)
    frame = runs(("tanh", "relu"), depths)
    numbers, _ = samples(claim(estimand="slope", along="depth", reduce="mean"), [frame])
    means = frame.groupby(["seed", "depth"])["heldout_loss"].mean().unstack()
    expected = [np.polyfit(means.columns.to_numpy(), row, 1)[0] for row in means.to_numpy()]
    assert numbers == pytest.approx(expected)
    frame.loc[frame["seed"].eq(5) & frame["depth"].eq(1), "heldout_loss"] = np.nan
    numbers, _ = samples(claim(estimand="slope", along="depth", reduce="mean"), [frame])
    assert np.flatnonzero(np.isnan(numbers)).tolist() == [5]


def test_a_ratio_to_the_prediction_is_taken_in_each_run() -> None:
    frame = runs(("tanh", "relu"))
    frame["train_loss"] = np.arange(1.0, 2 * SEEDS + 1)
    numbers, _ = samples(claim(prediction="train_loss", reduce="mean"), [frame])
    each = frame.assign(heldout_loss=frame["heldout_loss"] / frame["train_loss"])
    assert numbers == pytest.approx(table(each, "activation").mean(axis=1).to_numpy())


def test_a_diverged_run_counts_with_the_worst_value() -> None:
    frame = runs(("tanh",))
    frame = frame.assign(status=np.where(frame["seed"] < 2, "diverged", "ok"))
    numbers, _ = samples(claim(), [frame])
    assert np.isinf(numbers).tolist() == [seed < 2 for seed in range(SEEDS)]


@pytest.mark.parametrize("estimand", ["difference", "ratio"])
def test_a_cell_that_diverged_says_nothing_of_the_others(estimand: str) -> None:
    """Half of each side diverged, in different cells: no tie, although both means are infinite."""
    frame = runs(("tanh", "relu"))
    other = frame.set_axis(frame.index + 1000)
    for reduce, tie in itertools.product(("mean", "max"), (False, True)):
        lost = [frame["activation"].eq("tanh"), other["activation"].eq("relu")]
        statuses = [np.where(which | tie, "diverged", "ok") for which in lost]
        sides = [
            side.assign(status=status)
            for side, status in zip((frame, other), statuses, strict=True)
        ]
        numbers, _ = samples(claim(estimand=estimand, reduce=reduce), sides)
        expected = float(estimand == "ratio") if tie else math.nan
        np.testing.assert_array_equal(numbers, [expected] * SEEDS)


def test_a_network_that_never_learns_is_no_tie_with_one_that_diverged() -> None:
    never = runs(("tanh",)).assign(heldout_loss=math.inf)
    diverged = runs(("relu",), start=1000).assign(status="diverged")
    numbers, _ = samples(claim(estimand="difference"), [never, diverged])
    assert np.isnan(numbers).all()


def test_a_mean_that_one_cell_makes_infinite_is_no_tie() -> None:
    """A median over three cells is infinite only where two of them are infinite."""
    frame = runs(("tanh", "relu", "elu"))
    frame.loc[frame["activation"].eq("tanh"), "heldout_loss"] = math.inf
    other = frame.set_axis(frame.index + 1000)
    numbers, _ = samples(claim(estimand="difference", reduce="mean"), [frame, other])
    assert np.isnan(numbers).all()
    for which in (["tanh", "relu"], ["tanh", "relu", "elu"]):
        sides = [
            side.assign(
                heldout_loss=np.where(
                    side["activation"].isin(which), math.inf, side["heldout_loss"]
                )
            )
            for side in (frame, other)
        ]
        numbers, _ = samples(claim(estimand="difference", reduce="median"), sides)
        np.testing.assert_array_equal(numbers, [0.0] * SEEDS)


def test_a_diverged_run_does_not_meet_an_infinite_prediction() -> None:
    frame = runs(("tanh",)).assign(first_epoch_95=math.inf)
    meets = claim(estimand="ratio_to_prediction", prediction="first_epoch_95")
    numbers, _ = samples(meets, [frame.assign(heldout_loss=math.inf)])
    np.testing.assert_array_equal(numbers, [1.0] * SEEDS)
    numbers, _ = samples(meets, [frame.assign(status="diverged")])
    assert np.isnan(numbers).all()


def test_what_divergence_does_not_touch_is_kept() -> None:
    """The accuracy before training, and the step at which a network diverged, were measured."""
    frame = runs(("tanh",)).assign(status="diverged").sort_values("seed")
    for metric in ("initial_accuracy", "diverged_step"):
        measured = frame.rename(columns={"heldout_loss": metric})
        numbers, _ = samples(claim(metric=metric), [measured])
        assert numbers == pytest.approx(frame["heldout_loss"].to_numpy())


INF = math.inf


@pytest.mark.parametrize(
    ("function", "a", "b", "expected"),
    [
        (difference, -INF, -INF, 0.0),
        (difference, 3.0, 1.0, 2.0),
        (difference, INF, INF, 0.0),
        (difference, 0.0, 0.0, 0.0),
        (difference, INF, 1.0, INF),
        (difference, 1.0, INF, -INF),
        (difference, math.nan, 1.0, math.nan),
        (ratio, 3.0, 2.0, 1.5),
        (ratio, INF, INF, 1.0),
        (ratio, 0.0, 0.0, 1.0),
        (ratio, 1.0, INF, 0.0),
        (ratio, 1.0, 0.0, INF),
        (ratio, math.nan, math.nan, math.nan),
    ],
)
def test_ties_and_infinite_sides(function: Any, a: float, b: float, expected: float) -> None:
    combined: Array = function(np.array([a]), np.array([b]), np.array([True]))
    np.testing.assert_array_equal(combined, [expected])
    combined = function(np.array([a]), np.array([b]), np.array([False]))
    np.testing.assert_array_equal(combined, [math.nan if a == b and math.isinf(a) else expected])
