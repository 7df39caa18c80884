"""A check that judges nothing is red and says why."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from suite.commands.main import main
from suite.judging.verdicts import NOT_DECIDED, unjudged
from tests.support import ROOT
from tests.support.verdicts import ABSENT, LATER, SUPPORTED, verdict

QUICK = ROOT / "results" / "reference" / "quick"
CLAIM = """
[[claim]]
id = "{id}"
study = "{study}"
statement = "It learns."
source = "mine"
metric = "{metric}"
estimand = "value"
of = {of}
floor = -1000.0
expected = "open"
because = "mine"
decides = "standard"
"""
HERE = {
    "study": "training",
    "metric": "heldout_accuracy",
    "of": '{ framework = "torch", activation = "tanh", initializer = "normal(1)",'
    " depth = 4, width = 5 }",
}
ELSEWHERE = HERE | {"of": HERE["of"].replace("depth = 4", "depth = 16")}
NOT_RUN = {
    "study": "spectrum",
    "metric": "dispersion",
    "of": '{ framework = "torch", activation = "linear", initializer = "xavier_normal",'
    " depth = 4, width = 256 }",
}


def checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *claims: dict[str, str]
) -> tuple[int, str, ElementTree.Element]:
    path, out = tmp_path / "my.toml", tmp_path / "out"
    path.write_text("".join(CLAIM.format(id=f"c{n}", **claim) for n, claim in enumerate(claims)))
    code = main(["check", str(QUICK), "--claims", str(path), "--json", "--out", str(out)])
    printed = capsys.readouterr()
    assert json.loads(printed.out)["exit_code"] == code
    return code, printed.err, ElementTree.parse(out / "junit.xml").getroot()


def test_own_claims_without_a_cell_are_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err, junit = checked(tmp_path, capsys, ELSEWHERE)
    assert code == NOT_DECIDED
    assert err == "suite: claim 'c0' was not judged: this folder has no such cell\n"
    assert junit.get("failures") == "1"
    code, err, _ = checked(tmp_path, capsys, NOT_RUN, ELSEWHERE)
    assert code == NOT_DECIDED
    assert err == (
        "suite: 2 claims were not judged, 'c0' for example: study spectrum was not run\n"
    )


def test_one_claim_that_is_judged_does_not_hide_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err, junit = checked(tmp_path, capsys, HERE)
    assert (code, err, junit.get("failures")) == (0, "", "0")
    code, err, junit = checked(tmp_path, capsys, HERE, ELSEWHERE)
    assert (code, junit.get("failures")) == (NOT_DECIDED, "1")
    assert err.startswith("suite: claim 'c1' was not judged: ")


def test_what_counts_as_judged() -> None:
    other_group = verdict(claim=ABSENT.claim, group="framework=torch")
    assert unjudged([ABSENT, other_group], each=True) == ""
    assert unjudged([ABSENT, SUPPORTED], each=False) == ""
    assert unjudged([ABSENT, LATER], each=True).startswith("claim 'absent' was not judged: ")
    assert unjudged([ABSENT], each=False).endswith(ABSENT.reason)
    assert unjudged([], each=False) == "there is no claim to judge"
