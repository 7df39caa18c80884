"""Copied seeds are found, and independent seeds that tie are not taken for copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from suite.claims.band import Band
from suite.claims.claim import Claim
from suite.judging.duplicate_seeds import Copies, copies
from suite.judging.indexed_runs import IndexedRuns
from suite.judging.judge_claims import judge
from suite.results.tables import read_table
from suite.studies import STUDIES
from suite.types import Array
from tests.support import ROOT

FIRST, SECOND, THIRD = "kernel_variance_ratio", "kernel_kurtosis", "forward_gain"
SEEDS, CELLS = 20, 4


def runs(draw: Callable[[np.random.Generator, tuple[int, ...]], Array]) -> pd.DataFrame:
    """Return runs of two frameworks, four cells each, twenty seeds, three metrics from ``draw``."""
    framework, cell, seed = np.indices((2, CELLS, SEEDS)).reshape(3, -1)
    values = draw(np.random.default_rng(0), (3, len(seed)))
    return pd.DataFrame(
        {
            "framework": np.array(["torch", "tensorflow"])[framework],
            "width": 1 + cell,
            "seed": seed,
            "status": "ok",
            "reason": "",
            **dict(zip((FIRST, SECOND, THIRD), values, strict=True)),
        }
    )


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.standard_normal(shape)


def repeated(frame: pd.DataFrame, seed: int, of: int, *metrics: str) -> pd.DataFrame:
    """Return the runs with torch's numbers of one seed replaced by those of another."""
    frame = frame.copy()
    torch = frame["framework"] == "torch"
    for name in metrics:
        source = frame.loc[torch & (frame["seed"] == of), name].to_numpy()
        frame.loc[torch & (frame["seed"] == seed), name] = source
    return frame


def copies_in(frame: pd.DataFrame) -> list[Copies]:
    return copies(IndexedRuns(frame))


def test_independent_seeds_are_no_copies() -> None:
    assert copies_in(runs(normal)) == []


@pytest.mark.parametrize("metrics", [(FIRST, SECOND), (FIRST, SECOND, THIRD)])
def test_a_repeated_seed_is_named(metrics: tuple[str, ...]) -> None:
    (group,) = copies_in(repeated(runs(normal), 7, 6, *metrics))
    assert group == Copies("torch", (6, 7), metrics)
    assert str(group).startswith(f"seeds 6, 7 of torch agree to the last bit in {FIRST}, {SECOND}")


def test_one_metric_or_one_cell_less_is_not_enough() -> None:
    assert copies_in(repeated(runs(normal), 7, 6, FIRST)) == []
    frame = repeated(runs(normal), 7, 6, FIRST, SECOND)
    last = (frame["width"] == CELLS) & (frame["seed"] == 7) & (frame["framework"] == "torch")
    frame.loc[last, FIRST] = np.nextafter(frame.loc[last, FIRST], np.inf)
    assert copies_in(frame) == []


def test_a_framework_that_ignores_its_seeds_beside_one_that_does_not() -> None:
    frame = runs(normal)
    for seed in range(1, SEEDS):
        frame = repeated(frame, seed, 0, FIRST, SECOND)
    (group,) = copies_in(frame)
    assert (group.framework, group.seeds) == ("torch", tuple(range(SEEDS)))
    assert "0, 1, 2 and 17 more" in str(group)


def test_what_is_the_same_for_every_seed_is_no_copy() -> None:
    """The slope of an activation, for example, is not a sample, whatever its claims say."""
    frame = runs(normal)
    frame[FIRST] = frame[SECOND] = frame["width"] / 3
    assert copies_in(frame) == []


def test_counts_and_zeros_tie_by_chance() -> None:
    names = {FIRST: "heldout_accuracy", SECOND: "train_accuracy"}
    assert copies_in(repeated(runs(normal), 7, 6, FIRST, SECOND).rename(columns=names)) == []
    assert copies_in(repeated(runs(normal), 7, 6, FIRST, SECOND)) != []
    frame = runs(normal)
    for value in (0.0, np.inf, np.nan):
        frame.loc[frame["seed"].isin([6, 7]), [FIRST, SECOND]] = value
        assert copies_in(frame) == []


def test_losses_in_single_precision_need_several_cells() -> None:
    """Networks that learn nothing have losses near ln 2, where single precision has steps of 6e-8:
    two seeds may tie in four cells, but not in ten."""

    def losses(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return rng.uniform(0.5, 0.7, shape).astype(np.float32).astype(np.float64)

    few = repeated(runs(losses), 7, 6, FIRST, SECOND)
    assert copies_in(few) == []
    more = [few.assign(width=few["width"] + CELLS * k) for k in range(3)]
    for k, part in enumerate(more):
        part[[FIRST, SECOND]] = (part[[FIRST, SECOND]] * (1 + k / 8)).astype(np.float32)
    assert [group.seeds for group in copies_in(pd.concat(more, ignore_index=True))] == [(6, 7)]


def test_seeds_are_compared_on_the_cells_that_both_have() -> None:
    """Extra seeds run in some of the cells; a run that failed does not count as a cell."""
    frame = runs(normal)
    extra = frame[(frame["width"] == 2) & (frame["seed"] < 5)]
    both = pd.concat([frame, extra.assign(seed=extra["seed"] + SEEDS)], ignore_index=True)
    assert {group.seeds for group in copies_in(both)} == {(k, k + SEEDS) for k in range(5)}
    failed = repeated(frame, 7, 6, FIRST, SECOND)
    failed.loc[(failed["seed"] == 7) & (failed["width"] == 1), "status"] = "failed"
    assert [group.seeds for group in copies_in(failed)] == [(6, 7)]


CLAIM = Claim(
    id="made-up",
    statement="",
    source="",
    study="initializers",
    metric=FIRST,
    estimand="value",
    of={"width": (1,)},
    each=("framework",),
    band=Band(-10.0, 10.0),
    expected="supported",
    because="",
    decides="quick",
    file="",
    text_hash="",
)


def verdicts(claim: Claim, frame: pd.DataFrame) -> dict[str, tuple[str, str]]:
    judged = judge([claim], {"initializers": frame}, "quick")
    return {verdict.group: (verdict.verdict, verdict.reason) for verdict in judged}


def test_a_sample_that_holds_copies_decides_nothing() -> None:
    frame = repeated(runs(normal), 7, 6, FIRST, SECOND)
    judged = verdicts(CLAIM, frame)
    assert judged["framework=tensorflow"] == ("supported", "")
    assert judged["framework=torch"][0] == "undecided"
    assert judged["framework=torch"][1].startswith("seeds 6, 7 of torch agree to the last bit")
    assert verdicts(CLAIM, frame[frame["seed"] != 7])["framework=torch"] == ("supported", "")


def test_an_identity_does_not_count_seeds() -> None:
    frame = repeated(runs(normal), 7, 6, FIRST, SECOND)
    exact = replace(CLAIM, kind="exact", centre="every")
    assert set(verdicts(exact, frame).values()) == {("supported", "")}


# --- real runs ---------------------------------------------------------------------------------

REFERENCE = ROOT / "results" / "reference" / "standard"


@pytest.mark.parametrize("study", sorted(path.parent.name for path in REFERENCE.glob("*/runs.*")))
def test_a_published_run_holds_no_copies(study: str) -> None:
    assert copies_in(read_table(REFERENCE / study / "runs.csv")) == []


def test_single_cells_of_networks_that_do_not_learn_hold_none_either() -> None:
    """Where a user runs one cell, two losses near ln 2 may tie in both metrics. Here they do in one
    cell of ten, and are not copies."""
    frame = read_table(REFERENCE / "training" / "runs.csv")
    losses = ["train_loss", "heldout_loss"]
    axes = [axis for axis in STUDIES["training"].axes if axis in frame]
    cells = [cell for _, cell in frame.groupby(axes, sort=False)]
    tied = [cell for cell in cells if cell[cell["status"] == "ok"].duplicated(losses).any()]
    assert len(tied) > 50
    assert [cell for cell in tied if copies_in(cell)] == []


def test_a_seed_repeated_in_real_runs_is_found() -> None:
    """All numbers of one framework for a seed, as if the run had been given another seed."""
    for study, metrics in (("training", ["train_loss", "heldout_loss"]), ("propagation", [])):
        frame = read_table(REFERENCE / study / "runs.csv")
        axes = [axis for axis in STUDIES[study].axes if axis in frame]
        torch = (frame["framework"] == "torch") & frame["seed"].isin([3, 4])
        pairs = frame[torch].sort_values([*axes, "seed"])
        copied = pairs[pairs["seed"] == 3].assign(seed=4).set_index(pairs.index[1::2])
        frame.loc[copied.index] = copied
        (group,) = copies_in(frame)
        assert (group.framework, group.seeds) == ("torch", (3, 4))
        assert set(metrics) <= set(group.metrics)
