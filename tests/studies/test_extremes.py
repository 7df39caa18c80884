"""The study ``extremes``: limits of laws, columns against raw kernels, and a planted outlier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite import seeds
from suite.catalogue import initializers, laws
from suite.claims import shipped
from suite.frameworks import load
from suite.judging.judge_claims import judge
from suite.judging.verdicts import Verdict
from suite.planning import grids
from suite.probes.initializers import LayerDraws
from suite.studies.extremes import DRAWN, ODDS, SAMPLERS, SHAPE, STUDY, limit
from suite.types import Array, Lab, Stack

ENTRIES = math.prod(SHAPE)
(CLAIM,) = [claim for claim in shipped() if claim.id == "init-no-outliers"]


def law(name: str, framework: str = "torch") -> laws.Law:
    return initializers.resolve(name).law(framework)


def test_bounded_laws_end_at_their_bound() -> None:
    """U(-a, a) ends at a; Keras truncates at two deviations of the normal before truncation, the
    deviation of the rest over 0.8796."""
    fan_in, fan_out = SHAPE
    assert limit(law("xavier_uniform"), *SHAPE) == pytest.approx(
        math.sqrt(6 / (fan_in + fan_out)), rel=1e-9
    )
    truncated = limit(law("he_normal", "tensorflow"), *SHAPE)
    assert truncated == pytest.approx(2 * math.sqrt(2 / fan_in) / 0.87962566, rel=1e-6)


def test_the_limit_of_a_normal_law_is_exceeded_in_one_of_a_billion_kernels() -> None:
    size = limit(law("normal(0.05)"), *SHAPE) / 0.05
    # P(|z| > size) for each of the entries, from the asymptotic series of the normal tail.
    tail = 2 * math.exp(-(size**2) / 2) / (size * math.sqrt(2 * math.pi)) * (1 - 1 / size**2)
    assert tail * ENTRIES == pytest.approx(ODDS, rel=2e-3)


def stack(framework: str, initializer: str, count: int) -> Stack:
    selection = grids.Selection("quick", (framework,), {"initializer": (initializer,)}, count, 0)
    (result,) = grids.stacks(STUDY, selection)
    return result


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
@pytest.mark.parametrize("initializer", SAMPLERS)
def test_columns_are_those_of_each_members_kernel(framework: str, initializer: str) -> None:
    members = stack(framework, initializer, 3)
    lab = Lab(load(framework), load("numpy"), 7)
    (table,) = STUDY.measure(members, lab).tables
    declared = law(initializer, framework)
    for position, member in enumerate(members.members):
        seed = seeds.integer(
            7, "made", seed=member.seed, case=f"extremes {initializer}", framework=framework
        )
        kernel, _ = lab.framework.probe(LayerDraws).draw("dense", SHAPE, initializer, seed)
        biggest = max(abs(float(kernel.min())), abs(float(kernel.max())))
        assert table.columns["kernel_largest"][position] == pytest.approx(
            biggest / math.sqrt(declared.variance(*SHAPE)), rel=1e-12
        )
        assert table.columns["kernel_largest_ratio"][position] == pytest.approx(
            biggest / limit(declared, *SHAPE), rel=1e-12
        )
    assert len(set(table.columns["kernel_largest"])) == 3


# --- the claim -----------------------------------------------------------------------------------


def judged(ratio: Array) -> Verdict:
    """Return the verdict on torch, with these ratios as the seeds of its normal."""
    parts = []
    for initializer in SAMPLERS:
        cell: dict[str, Any] = {"framework": "torch", "initializer": initializer}
        part = pd.DataFrame({**cell, "seed": np.arange(len(ratio)), "status": "ok", "reason": ""})
        kept = ratio if initializer == "normal(0.05)" else np.linspace(0.5, 0.55, len(ratio))
        parts.append(part.assign(kernel_largest=kept * 7.9, kernel_largest_ratio=kept))
    frame = pd.concat(parts, ignore_index=True)
    verdicts = judge([CLAIM], {"extremes": frame}, "standard")
    return {verdict.group: verdict for verdict in verdicts}["framework=torch"]


def honest(count: int) -> Array:
    return np.random.default_rng(3).uniform(0.55, 0.7, count)


def test_kernels_inside_their_limit_are_supported() -> None:
    verdict = judged(honest(DRAWN))
    assert (verdict.verdict, verdict.n, verdict.as_expected) == ("supported", DRAWN, True)
    assert verdict.low <= verdict.estimate == verdict.high < 0.7


def test_an_outlier_in_1_5_percent_of_the_kernels_is_refuted() -> None:
    """One entry of -2 in a kernel of N(0, 0.05^2) is 40 deviations, five times the limit. It moves
    neither the median nor, by more than 0.7 %, the variance."""
    ratio = honest(DRAWN)
    hit = np.random.default_rng(0).random(DRAWN) < 0.015
    ratio[hit] = 40 / 7.9
    verdict = judged(ratio)
    assert verdict.verdict == "refuted"
    assert verdict.contradicts
    assert verdict.reason == f"{hit.sum()} of {DRAWN} draws lie outside"
    assert verdict.estimate == pytest.approx(40 / 7.9)


def test_the_seeds_of_the_standard_profile_miss_such_an_outlier_in_one_of_20_000_runs() -> None:
    assert (1 - 0.015) ** DRAWN < 1 / 20_000
    standard = {grid.seeds for grid in STUDY.grids("standard")}
    assert standard == {DRAWN}


def test_few_kernels_are_undecided_and_say_how_many_would_decide() -> None:
    verdict = judged(honest(20))
    assert verdict.verdict == "undecided"
    assert verdict.reason == (
        "none of 20 draws lies outside; 702 such draws would exclude that more than 0.015 of"
        " them do"
    )
    assert judged(honest(701)).verdict == "undecided"
    assert judged(honest(702)).verdict == "supported"
