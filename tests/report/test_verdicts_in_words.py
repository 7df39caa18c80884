"""The words of the page: order of claims, labels, counts, quantities, reasons, numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from suite.claims.band import Band
from suite.judging.verdicts import Verdict
from suite.report.common import run_status, verdict_blocks, verdict_words
from suite.report.common.numbers import band, interval, number
from tests.support import verdicts


def line(
    claim: str, study: str, verdict: str, as_expected: bool | None = None, **fields: Any
) -> Verdict:
    plain = {"promised": False, "decides": "full", "pair_correlation": math.nan, "group": ""}
    row = {"claim": claim, "study": study, "verdict": verdict, "as_expected": as_expected}
    return verdicts.verdict(**(plain | row | fields))


def test_unexpected_verdicts_come_first_and_claims_that_were_not_judged_last() -> None:
    rows = [
        line("a1", "a", "not judged"),
        line("b1", "b", "not judged"),
        line("b2", "b", "supported", True),
        line("b3", "b", "undecided"),
        line("b4", "b", "undecided", promised=True),
        line("b5", "b", "supported", True),
        line("b5", "b", "refuted", False),
        line("c1", "c", "supported", True),
    ]
    blocks = verdict_blocks.by_study(rows, ["a", "c", "missing"])
    assert list(blocks) == ["c", "b", "a"]
    assert [block.head.claim for block in blocks["b"]] == ["b4", "b5", "b2", "b3", "b1"]
    assert [row.verdict for row in blocks["b"][1].rows] == ["supported", "refuted"]


def test_the_headline_is_the_judged_claims_marked_so() -> None:
    rows = [
        line("first", "a", "supported", headline=True),
        line("second", "a", "supported", headline=False),
        line("third", "a", "not judged", headline=True),
    ]
    headline = verdict_blocks.headline(verdict_blocks.by_study(rows, [])["a"])
    assert [block.head.claim for block in headline] == ["first"]


def test_a_remark_on_several_groups_is_listed_once() -> None:
    reason = "no such cell"
    rows = [
        line("a", "b", "not judged", group="framework=torch", reason=reason),
        line("a", "b", "not judged", group="framework=tensorflow depth=4", reason=reason),
        line("a", "b", "supported", pair_correlation=0.12345),
    ]
    assert verdict_blocks.Block(rows).remarks == {
        "not judged: no such cell": "torch; tensorflow, depth 4",
        "correlation of the pairs 0.123 (Spearman, by seed)": "",
    }


def test_counts_separate_open_from_expected_and_promised_verdicts() -> None:
    rows = [
        line("a", "s", "supported", True),
        line("b", "s", "supported", True),
        line("c", "s", "supported"),
        line("d", "s", "refuted", True),
        line("e", "s", "undecided"),
    ]
    assert verdict_words.counts(rows) == (
        "5 verdicts on 5 claims: 3 supported (2 as expected, 1 open), 1 refuted (as expected),"
        " 1 undecided (none promised by this profile)."
    )
    assert verdict_words.overall(rows) == "No verdict contradicts its expectation."
    rows[0] = replace(rows[0], promised=True)
    kept = "No verdict contradicts its expectation, and all that this profile promises is decided."
    assert verdict_words.overall(rows) == kept
    left = line("f", "s", "not judged", promised=True)
    assert verdict_words.overall([*rows, left]).endswith("; 1 of this profile were not judged.")
    odd = "Verdicts that are not as expected are listed above them."
    for row in (line("g", "s", "refuted", False), line("g", "s", "undecided", promised=True)):
        assert verdict_words.overall([*rows, row]) == odd


@pytest.mark.parametrize(
    ("metric", "estimand", "centre", "text"),
    [
        ("forward_slope", "value", "median", "forward_slope, median, nats per layer"),
        ("forward_error", "value", "every", "forward_error, every value"),
        (
            "heldout_accuracy",
            "difference",
            "median",
            "heldout_accuracy, median difference, as a share",
        ),
        ("output_std", "ratio_to_prediction", "median", "output_std, median ratio to prediction"),
        ("heldout_accuracy", "share", "share", "heldout_accuracy, share of runs"),
    ],
)
def test_the_quantity_of_a_claim_is_a_line(
    metric: str, estimand: str, centre: str, text: str
) -> None:
    assert (
        verdict_words.quantity(verdicts.verdict(metric=metric, estimand=estimand, centre=centre))
        == text
    )


def test_reasons_that_differ_in_their_numbers_are_one() -> None:
    rows = [
        ("ok", ""),
        ("diverged", "layer 32 became inf at step 7"),
        ("diverged", "layer 36 became inf at step 7"),
        ("diverged", "layer 9 became inf at step 7"),
        ("failed", "normal(1) has no law"),
        ("failed", "normal(2) has no law"),
        ("failed", "normal(2) has no law"),
        ("failed", ""),
    ]
    reasons = run_status.reasons(pd.DataFrame(rows, columns=["status", "reason"]))
    assert [(reason.status, reason.text, reason.runs) for reason in reasons] == [
        ("diverged", "layer 9 to 36 became inf at step 7", 3),
        ("failed", "normal(2) has no law", 2),
        ("failed", "normal(1) has no law", 1),
        ("failed", "no reason given", 1),
    ]


def test_the_list_of_reasons_is_short_and_complete() -> None:
    names = [letter for letter in "abcdefg" for _ in range(ord("h") - ord(letter))]
    reasons = run_status.reasons(pd.DataFrame({"status": "failed", "reason": names}))
    assert [reason.text for reason in reasons] == [*"abcde", "2 other reasons"]
    assert sum(reason.runs for reason in reasons) == len(names)
    assert reasons[-1].runs == 2 + 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234567, "0.123"),
        (-0.5, "−0.5"),
        (20, "20"),
        (0, "0"),
        (1000, "1000"),
        (12345.6, "12346"),
        (999.7, "1000"),
        (-999.4, "−999"),
        (0.0012344, "0.00123"),
        (3.1e-7, "3.1e−7"),
        (2e9, "2e9"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, ""),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_bands_and_intervals_are_words() -> None:
    assert band(Band(0.1, math.inf)) == "≥ 0.1"
    assert band(Band(-math.inf, 0.02)) == "≤ 0.02"
    assert band(Band(-0.02, 0.02)) == "[−0.02, 0.02]"
    assert interval(-math.inf, 2.0) == "(−∞, 2]"
    assert interval(math.nan, math.nan) == ""


def test_groups_are_words() -> None:
    assert verdict_words.group("framework=torch depth=16 initializer=normal(1)") == (
        "torch, depth 16, normal(1)"
    )
    assert verdict_words.group("optimizer=sgd(0.1, 0.9) framework=torch") == "sgd(0.1, 0.9), torch"
    assert verdict_words.group("") == ""


@pytest.mark.parametrize(
    ("verdict", "as_expected", "expected", "promised", "kind", "text", "shown"),
    [
        ("refuted", True, "refuted", True, "expected", "as expected: refuted", ""),
        ("supported", True, "supported", False, "expected", "as expected: supported", ""),
        ("supported", False, "refuted", True, "unexpected", "unexpected: supported", "refuted"),
        ("supported", None, "open", True, "open", "open: supported", ""),
        ("undecided", None, "refuted", False, "undecided", "undecided, not promised", "refuted"),
        ("undecided", None, "open", False, "undecided", "undecided, not promised", ""),
        (
            "undecided",
            None,
            "supported",
            True,
            "unexpected",
            "unexpected: undecided",
            "supported, and this profile promised to decide it",
        ),
        ("not judged", None, "supported", True, "not-judged", "not judged", "supported"),
    ],
)
def test_a_label_says_first_whether_the_verdict_was_expected(
    verdict: str,
    as_expected: bool | None,
    expected: str,
    promised: bool,
    kind: verdict_words.Kind,
    text: str,
    shown: str,
) -> None:
    row = line("a", "b", verdict, as_expected, expected=expected, promised=promised)
    assert verdict_words.label(row) == verdict_words.Label(kind, text)
    assert verdict_words.expectation(row) == (f"expected {shown}" if shown else "")


def test_the_summary_below_a_figure_lists_groups_by_label() -> None:
    numbers = {"estimate": 0.38, "low": 0.21, "high": math.inf}
    rows = [
        line("a", "b", "supported", True, group=f"framework=torch depth={depth}", **numbers)
        for depth in range(6)
    ]
    rows.insert(1, line("a", "b", "not judged", group="framework=numpy"))
    (expected, groups), (absent, without) = verdict_blocks.Block(rows).summary
    assert (expected.text, absent.text) == ("as expected: supported", "not judged")
    assert groups.startswith("torch, depth 0: 0.38 [0.21, ∞); torch, depth 1: 0.38")
    assert groups.endswith("; and 2 more")
    assert without == "numpy"


def test_drawings_of_a_claim_share_a_scale_and_keep_the_order_of_their_numbers() -> None:
    row = verdicts.verdict(estimate=0.3, low=0.2, high=0.4, band=Band(0.25, math.inf))
    unknown = replace(row, estimate=math.nan)
    alone, beside, none = verdict_blocks.strips([row, replace(row, high=2.0), unknown])
    assert none is None
    assert alone is not None
    assert beside is not None
    assert alone.interval[0] < alone.band[0] < alone.estimate < alone.interval[1]
    assert alone.interval[1] < beside.interval[1] < 100 == alone.band[1]
    assert (alone.band, alone.estimate) == (beside.band, beside.estimate)
    point = replace(row, estimate=1.0, low=1.0, high=1.0, band=Band(-math.inf, math.inf))
    assert verdict_blocks.strips([point])[0] is not None
    assert verdict_blocks.strips([unknown]) == [None]
