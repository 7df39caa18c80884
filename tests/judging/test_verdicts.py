"""What is made of verdicts: the exit code, claims.csv, tables, junit.xml."""

from __future__ import annotations

import io
import math
from dataclasses import fields, replace
from xml.etree import ElementTree

import pandas as pd
import pytest

from suite.judging import verdicts
from suite.judging.verdicts import Verdict

GOOD = Verdict(
    claim="tanh-beats-sigmoid",
    group="framework=torch",
    study="training",
    statement="tanh learns, sigmoid does not",
    metric="heldout_accuracy",
    estimand="difference",
    centre="median",
    verdict="supported",
    expected="supported",
    as_expected=True,
    estimate=0.38,
    low=0.21,
    high=0.47,
    level=0.99975,
    band_low=0.1,
    band_high=math.inf,
    n=20,
    diverged=0,
    failed=0,
    missing=0,
    pair_correlation=0.1,
    margin=9.5,
    headline=True,
    decides="quick",
    promised=True,
    reason="",
    because="slopes",
    source="tutorial",
    text_hash="0123456789ab",
)
AS_FEARED = replace(GOOD, claim="folk", verdict="refuted", expected="refuted")
CONTRADICTION = replace(GOOD, claim="wrong", verdict="refuted", as_expected=False, low=-0.3)
UNDECIDED = replace(
    GOOD, claim="vague", verdict="undecided", as_expected=None, low=-math.inf, reason="12 seeds"
)
LATER = replace(UNDECIDED, claim="later", promised=False, decides="full")
LACKING = replace(UNDECIDED, claim="lacking", missing=2, reason="2 missing: depth=4 seed=3")
FAILED = replace(LACKING, failed=1, missing=0)
ABSENT = replace(
    GOOD,
    claim="absent",
    verdict="not judged",
    as_expected=None,
    estimate=math.nan,
    low=-math.inf,
    high=math.inf,
    n=0,
    reason="study training was not run",
)
ALL = [GOOD, AS_FEARED, CONTRADICTION, UNDECIDED, LATER, LACKING, FAILED, ABSENT]


@pytest.mark.parametrize(
    ("given", "lost", "code"),
    [
        ([], 0, 0),
        ([], 1, 3),
        ([GOOD, AS_FEARED, LATER, ABSENT], 0, 0),
        ([GOOD, AS_FEARED, LATER, ABSENT], 7, 3),
        ([GOOD, UNDECIDED, LATER], 0, 4),
        ([GOOD, UNDECIDED, LATER], 1, 3),
        ([GOOD, UNDECIDED, LACKING], 0, 3),
        ([FAILED, LATER], 0, 3),
        ([LACKING, UNDECIDED, CONTRADICTION], 2, 1),
    ],
)
def test_the_exit_code(given: list[Verdict], lost: int, code: int) -> None:
    assert verdicts.exit_code(given, lost) == code
    assert verdicts.exit_code(given[::-1], lost) == code


def test_the_frame_holds_every_field_and_survives_a_csv() -> None:
    frame = verdicts.to_frame(ALL)
    assert list(frame.columns) == [field.name for field in fields(Verdict)]
    back = pd.read_csv(io.StringIO(frame.to_csv(index=False)), keep_default_na=True)
    assert back["low"].tolist() == frame["low"].tolist()
    assert back["as_expected"].tolist()[:3] == [True, True, False]
    assert back["as_expected"][3:].isna().all()
    assert list(verdicts.to_frame([]).columns) == list(frame.columns)


def test_the_table_names_everything() -> None:
    text = verdicts.table(ALL)
    lines = text.splitlines()
    row = next(line for line in lines if "tanh-beats-sigmoid" in line)
    for word in (" torch ", "supported", "0.38 [0.21, 0.47]", ">= 0.1", "20"):
        assert word in row
    for found, mark in ((GOOD, " "), (CONTRADICTION, "!"), (UNDECIDED, "?"), (LATER, " ")):
        (row,) = [line for line in lines if line[3:].startswith(f"{found.claim} ")]
        assert row[0] == mark
    below = text.split("\n\n")[1]
    assert "! wrong [framework=torch]: refuted, but expected supported" in below
    assert "? lacking [framework=torch]: undecided: 2 missing: depth=4 seed=3" in below
    assert "later" not in below
    assert "absent [framework=torch] was not judged: study training was not run" in below
    assert text.count("absent") == 1


def test_many_claims_that_were_not_judged_are_counted() -> None:
    many = [replace(ABSENT, claim=f"absent-{n // 2}", group=f"depth={n}") for n in range(12)]
    below = "6 claims were not judged: this folder lacks the study or the cells"
    for text in (verdicts.table([GOOD, *many]), verdicts.markdown([GOOD, *many])):
        assert text.splitlines()[-1].removeprefix("- ") == below
    assert "1 claim was not" in verdicts.table([replace(one, claim="absent") for one in many])


def test_runs_that_were_lost_stand_beside_the_seeds() -> None:
    lost = replace(GOOD, n=40, diverged=3, failed=1, missing=120)
    for found, seeds in (
        (replace(GOOD, n=40, diverged=3), "40 (3 diverged)"),
        (replace(GOOD, n=40, missing=1), "40 (1 missing)"),
        (lost, "40 (3 diverged, 1 failed, 120 missing)"),
        (GOOD, "20"),
    ):
        assert verdicts.markdown([found]).splitlines()[2].endswith(f"| {seeds} |")
    assert verdicts.table([replace(lost, group="")]).splitlines()[1].endswith(" missing)")
    # Where the line would be too long, the counts are broken before a name is.
    lines = verdicts.table([replace(lost, group="framework=tensorflow initializer=he_normal")])
    assert max(map(len, lines.splitlines())) <= 120
    assert "tensorflow he_normal" in lines
    _, first, second = lines.splitlines()
    assert first.endswith("  40 (3 diverged, 1")
    assert second.strip() == "failed, 120 missing)"


def test_a_claim_is_named_once_for_all_its_groups() -> None:
    groups = [GOOD, replace(GOOD, group="framework=tensorflow optimizer=sgd(0.1, 0.9)")]
    lines = verdicts.table(groups).splitlines()
    assert sum("tanh-beats-sigmoid" in line for line in lines) == 1
    assert "tensorflow sgd(0.1, 0.9)" in lines[2]


def test_the_table_fits_and_breaks_only_names() -> None:
    name = "a-very-long-claim-about-" + "-".join(["many-things"] * 8)
    long = replace(
        CONTRADICTION,
        claim=name,
        estimate=-1.2345678e-5,
        low=-1.2345678e-5,
        high=1.2345678e5,
        band_low=-1.5e-5,
        band_high=1.5e-5,
    )
    lines = verdicts.table([*ALL, long]).splitlines()
    assert max(map(len, lines)) <= 120
    assert all(line == line.rstrip() for line in lines)
    assert any("-1.23e-05 [-1.23e-05, 1.23e+05]" in line for line in lines)
    start = next(n for n, line in enumerate(lines) if "a-very-long" in line)
    broken = [lines[start].split()[1], *(line.strip() for line in lines[start + 1 : start + 12])]
    assert "".join(broken).startswith(name)


def test_a_table_without_trouble_has_no_notes() -> None:
    assert "\n\n" not in verdicts.table([GOOD, LATER])
    assert "\n\n" not in verdicts.markdown([GOOD, LATER])


def test_markdown_has_the_same_rows() -> None:
    odd = replace(UNDECIDED, claim="odd|name", reason="[a] <b> *c*")
    lines = verdicts.markdown([GOOD, odd]).splitlines()
    assert [line.replace("\\|", "").count("|") for line in lines[:4]] == [9] * 4
    assert lines[-1] == (r"- ? odd\|name \[framework=torch\]: undecided: \[a\] \<b\> \*c\*")


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.1, math.inf, ">= 0.1"), (-math.inf, 1e-5, "<= 1e-05"), (-0.02, 0.02, "[-0.02, 0.02]")],
)
def test_bands_in_words(low: float, high: float, text: str) -> None:
    assert verdicts.band(low, high) == text


def test_junit_has_one_case_for_each_verdict() -> None:
    root = ElementTree.fromstring(verdicts.junit(ALL))
    assert root.tag == "testsuite"
    assert {key: root.get(key) for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "8",
        "failures": "4",
        "skipped": "2",
        "errors": "0",
    }
    cases = {case.get("name"): [child.tag for child in case] for case in root}
    assert cases["tanh-beats-sigmoid [framework=torch]"] == []
    assert cases["folk [framework=torch]"] == []
    assert cases["wrong [framework=torch]"] == ["failure"]
    assert cases["vague [framework=torch]"] == ["failure"]
    assert cases["later [framework=torch]"] == ["skipped"]
    assert cases["absent [framework=torch]"] == ["skipped"]
    assert [failure.get("type") for failure in root.iter("failure")] == [
        "contradiction",
        "undecided",
        "undecided",
        "undecided",
    ]
    assert {case.get("classname") for case in root} == {"training"}


def test_junit_keeps_markup_and_survives_control_characters() -> None:
    reason = 'a <tag> & "quotes" \x1b[31m\x00 ]]> \ud800 end'
    text = verdicts.junit([replace(UNDECIDED, reason=reason, statement="x < y & z")])
    root = ElementTree.fromstring(text)
    (failure,) = root.iter("failure")
    expected = 'undecided: a <tag> & "quotes" \ufffd[31m\ufffd ]]> \ufffd end'
    assert failure.get("message") == expected
    assert failure.text is not None
    assert failure.text.startswith("x < y & z")
    text.encode("utf-8")
