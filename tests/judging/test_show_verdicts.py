"""Verdicts as a table, as Markdown and as junit.xml."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from suite.claims.band import Band
from suite.judging import show_verdicts
from tests.support.verdicts import (
    ABSENT,
    ALL,
    CONTRADICTION,
    LATER,
    SUPPORTED,
    UNDECIDED,
)


def test_the_table_names_everything() -> None:
    text = show_verdicts.table(ALL)
    lines = text.splitlines()
    row = next(line for line in lines if "tanh-beats-sigmoid" in line)
    for word in (" torch ", "supported", "0.38 [0.21, 0.47]", ">= 0.1", "20"):
        assert word in row
    for verdict, mark in ((SUPPORTED, " "), (CONTRADICTION, "!"), (UNDECIDED, "?"), (LATER, " ")):
        (row,) = [line for line in lines if line[3:].startswith(f"{verdict.claim} ")]
        assert row[0] == mark
    below = text.split("\n\n")[1]
    assert (
        "! wrong [framework=torch]: tanh learns, sigmoid does not. refuted, but expected supported"
        in below
    )
    assert "sigmoid does not. undecided: 2 missing: depth=4 seed=3" in below
    assert "later" not in below
    assert "absent [framework=torch] was not judged: study training was not run" in below
    assert text.count("absent") == 1


def test_many_claims_that_were_not_judged_are_counted() -> None:
    many = [replace(ABSENT, claim=f"absent-{n // 2}", group=f"depth={n}") for n in range(12)]
    below = "6 claims were not judged: this folder lacks the study or the cells"
    for text in (
        show_verdicts.table([SUPPORTED, *many]),
        show_verdicts.markdown([SUPPORTED, *many]),
    ):
        assert text.splitlines()[-1].removeprefix("- ") == below
    assert "1 claim was not" in show_verdicts.table(
        [replace(verdict, claim="absent") for verdict in many]
    )


def test_runs_that_were_lost_stand_beside_the_seeds() -> None:
    lost = replace(SUPPORTED, n=40, diverged=3, failed=1, missing=120)
    for verdict, seeds in (
        (replace(SUPPORTED, n=40, diverged=3), "40 (3 diverged)"),
        (replace(SUPPORTED, n=40, missing=1), "40 (1 missing)"),
        (lost, "40 (3 diverged, 1 failed, 120 missing)"),
        (SUPPORTED, "20"),
    ):
        assert show_verdicts.markdown([verdict]).splitlines()[2].endswith(f"| {seeds} |")
    assert show_verdicts.table([replace(lost, group="")]).splitlines()[1].endswith(" missing)")
    # Where the line would be too long, the counts are broken before a name is.
    lines = show_verdicts.table([replace(lost, group="framework=tensorflow initializer=he_normal")])
    assert max(map(len, lines.splitlines())) <= 120
    assert "tensorflow he_normal" in lines
    _, first, second = lines.splitlines()
    assert first.endswith("  40 (3 diverged, 1")
    assert second.strip() == "failed, 120 missing)"


def test_a_claim_is_named_once_for_all_its_groups() -> None:
    groups = [SUPPORTED, replace(SUPPORTED, group="framework=tensorflow optimizer=sgd(0.1, 0.9)")]
    lines = show_verdicts.table(groups).splitlines()
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
        band=Band(-1.5e-5, 1.5e-5),
    )
    table, notes = show_verdicts.table([*ALL, long]).split("\n\n")
    assert name in notes  # it is longer than a line, and whole all the same
    lines = table.splitlines()
    assert max(map(len, lines)) <= 120
    assert all(line == line.rstrip() for line in lines)
    assert any("-1.23e-05 [-1.23e-05, 1.23e+05]" in line for line in lines)
    start = next(n for n, line in enumerate(lines) if "a-very-long" in line)
    broken = [lines[start].split()[1], *(line.strip() for line in lines[start + 1 : start + 12])]
    assert "".join(broken).startswith(name)


def test_a_table_without_trouble_has_no_notes() -> None:
    assert "\n\n" not in show_verdicts.table([SUPPORTED, LATER])
    assert "\n\n" not in show_verdicts.markdown([SUPPORTED, LATER])


def test_markdown_has_the_same_rows() -> None:
    odd = replace(UNDECIDED, claim="odd|name", reason="[a] <b> *c*")
    lines = show_verdicts.markdown([SUPPORTED, odd]).splitlines()
    assert [line.replace("\\|", "").count("|") for line in lines[:4]] == [9] * 4
    assert lines[-1] == (
        r"- ? odd\|name \[framework=torch\]: tanh learns, sigmoid does not. undecided: \[a\]"
        r" \<b\> \*c\*"
    )


def test_junit_has_one_case_for_each_verdict() -> None:
    root = ElementTree.fromstring(show_verdicts.junit(ALL))
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
    text = show_verdicts.junit([replace(UNDECIDED, reason=reason, statement="x < y & z")])
    root = ElementTree.fromstring(text)
    (failure,) = root.iter("failure")
    expected = 'undecided: a <tag> & "quotes" \ufffd[31m\ufffd ]]> \ufffd end'
    assert failure.get("message") == expected
    assert failure.text is not None
    assert failure.text.startswith("x < y & z")
    text.encode("utf-8")
