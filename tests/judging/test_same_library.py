"""Two frameworks that share every bit of what they trained are one, and agree about nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.claims import shipped
from suite.claims.band import Band
from suite.judging.duplicate_seeds import MANY
from suite.judging.judge_claims import judge
from suite.judging.verdicts import Verdict
from suite.results.read_runs import read_runs
from tests.judging.test_judge_claims import BASE, SEEDS, runs
from tests.support import ROOT

STANDARD = ROOT / "results" / "reference" / "standard"
AGREE = replace(
    BASE,
    of={**BASE.of, "framework": ("torch",)},
    versus={**BASE.of, "framework": ("tensorflow",)},
    each=(),
    band=Band(-0.05, 0.05),
)
"""Tanh ends as accurate in both frameworks."""


def ended(noise: float = 1e-6) -> pd.DataFrame:
    """Return accuracies, which tie, and losses, which the frameworks round on their own."""
    frame = runs(lambda rng, cell, seeds: np.full(seeds, 0.99), framework=["torch", "tensorflow"])
    loss = np.exp(np.random.default_rng(0).standard_normal(2 * SEEDS))
    rounding = np.random.default_rng(1).standard_normal((2, 2 * SEEDS))
    return frame.assign(train_loss=np.concatenate(loss * (1 + noise * rounding)))


def verdict(frame: pd.DataFrame, **changed: object) -> Verdict:
    (result,) = judge([replace(AGREE, **changed)], {"training": frame}, "full")  # type: ignore[arg-type]
    return result


def test_two_libraries_agree_and_one_library_is_undecided() -> None:
    assert verdict(ended()).verdict == "supported"
    result = verdict(ended(noise=0))
    assert result.verdict == "undecided"
    assert result.reason == (
        "torch and tensorflow agree to the last bit in train_loss of 20 runs: they are one library,"
        " or its results under two names"
    )
    assert (result.estimate, result.margin != result.margin) == (0.0, True)


def test_the_metric_of_the_claim_is_enough() -> None:
    frame = ended()
    assert verdict(frame, metric="train_loss").verdict == "supported"
    copied = frame.assign(heldout_loss=frame["train_loss"], train_loss=ended(noise=0)["train_loss"])
    assert verdict(copied, metric="train_loss").verdict == "undecided"
    assert verdict(copied).verdict == "supported"  # of another metric: the losses held out differ


@pytest.mark.parametrize("parted", [1, SEEDS])
def test_one_bit_of_one_run_tells_them_apart(parted: int) -> None:
    frame = ended(noise=0)
    rows = frame.index[(frame["framework"] == "torch") & (frame["activation"] == "tanh")][:parted]
    frame.loc[rows, "train_loss"] = np.nextafter(frame.loc[rows, "train_loss"], 9.0)
    assert verdict(frame).verdict == "supported"


def test_what_may_be_equal() -> None:
    """Counts, numbers that no seed moves, few values, and identities."""
    assert verdict(ended().drop(columns="train_loss")).verdict == "supported"
    assert verdict(ended().assign(train_loss=0.25)).verdict == "supported"
    few = np.tile([0.25, 0.5, 0.75, 1.0], SEEDS)
    assert verdict(ended().assign(train_loss=few)).verdict == "supported"
    assert verdict(ended(noise=0), kind="exact", centre="every").verdict == "supported"
    nan = ended(noise=0)
    assert verdict(nan.assign(train_loss=np.nan)).verdict == "supported"
    alike = ended(noise=0)
    assert "one library" not in verdict(alike[alike["seed"] < MANY - 1]).reason
    assert "one library" in verdict(alike[alike["seed"] < MANY]).reason


def test_runs_are_paired_by_their_seeds() -> None:
    """Whatever their order in the file, and where one framework lost a run."""
    frame = ended(noise=0)
    torch, other = (frame[frame["framework"] == name] for name in ("torch", "tensorflow"))
    result = verdict(pd.concat([torch, other.iloc[::-1].iloc[1:]], ignore_index=True))
    assert result.reason.startswith(
        "torch and tensorflow agree to the last bit in train_loss of 19"
    )


def test_one_framework_is_compared_with_nothing() -> None:
    assert {one.verdict for one in judge([BASE], {"training": ended(noise=0)}, "full")} == {
        "refuted"
    }


def test_every_claim_that_the_frameworks_agree(tmp_path: Path) -> None:
    """In the reference TensorFlow's rows from shared weights are overwritten by torch's."""
    frame = read_runs(STANDARD, "training")
    claims = [claim for claim in shipped() if claim.id.startswith("fw-final-")]
    before = judge(claims, {"training": frame}, "standard")
    assert "supported" in {one.verdict for one in before}
    assert not any("one library" in one.reason for one in before)
    axes = [str(name) for name in frame.columns[: list(frame.columns).index("seed")]]
    keys = [*(axis for axis in axes if axis != "framework"), "seed"]
    shared = frame["weights"] == "shared"
    of_torch = frame[shared & (frame["framework"] == "torch")]
    lost = shared & (frame["framework"] == "tensorflow")
    copied = frame.loc[lost, ["framework", *keys]].merge(
        of_torch.drop(columns="framework"), on=keys, how="left"
    )
    spoilt = pd.concat([frame[~lost], copied[frame.columns]], ignore_index=True)
    after = judge(claims, {"training": spoilt}, "standard")
    assert {one.verdict for one in after} == {"undecided"}
    assert all("torch and tensorflow agree to the last bit" in one.reason for one in after)
