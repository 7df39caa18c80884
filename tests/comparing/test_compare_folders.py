"""Two folders, or two values of an axis in one, as a user compares them: output and exit codes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from suite.commands.main import main
from suite.comparing.comparison import RULES, Comparison
from suite.judging.verdicts import group_fields, to_frame
from suite.measuring.environment import manifest
from suite.metrics import METRICS
from suite.planning import grids
from suite.studies import STUDIES
from suite.types import UserError
from tests.support.verdicts import verdict

CLAIM = (
    "claim",
    "group",
    "study",
    "verdict",
    "estimate",
    "low",
    "high",
    "n",
    "reason",
    "text_hash",
)
VERDICTS = [
    ["tanh-wins", "framework=torch", "training", "supported", 0.3, 0.2, 0.4, 20, "", "aa"],
    ["tanh-wins", "framework=tensorflow", "training", "supported", 0.3, 0.1, 0.4, 20, "", "aa"],
    [
        "one-law",
        "optimizer=sgd(0.1, 0.9) framework=torch",
        "training",
        "undecided",
        1.0,
        -math.inf,
        math.inf,
        3,
        "3 seeds; a median needs 16 at this level",
        "bb",
    ],
    ["never", "", "shift", "not judged", math.nan, math.nan, math.nan, 0, "study was not run", "c"],
]


def training() -> pd.DataFrame:
    """Return runs of two frameworks and two activations, 20 seeds each.

    The accuracy of tensorflow's relu is 0.2 lower.
    """
    rng = np.random.default_rng(0)
    cells = [(f, a) for f in ("torch", "tensorflow") for a in ("tanh", "relu")]
    frame = pd.DataFrame(
        [(*cell, seed, "ok", "") for cell in cells for seed in range(20)],
        columns=["framework", "activation", "seed", "status", "reason"],
    )
    accuracy = np.tile(rng.uniform(0.7, 0.9, 40), 2)
    lower = (frame["framework"] == "tensorflow") & (frame["activation"] == "relu")
    return frame.assign(heldout_accuracy=accuracy - 0.2 * lower)


def folder(
    path: Path,
    runs: pd.DataFrame | None = None,
    verdicts: list[list[Any]] = VERDICTS,
    packed: bool = False,
    **keys: object,
) -> Path:
    """Write a results folder of the study training and return its path."""
    content = {
        "schema": 1,
        "command": ["suite"],
        "profile": "standard",
        "studies": ["training"],
        "frameworks": ["torch", "tensorflow"],
        "overrides": {},
        "seeds": None,
        "root_seed": 0,
        "expected": {},
        "versions": {"keras": "3.15.1", "tensorflow_cpu": "2.21.0"},
        "platform": {"cpu": "x"},
        "packages": ["keras==3.15.1", "tensorflow-cpu==2.21.0", "rich==1"],
        "definitions": {"heldout_accuracy": METRICS["heldout_accuracy"].defined},
    }
    (path / "training").mkdir(parents=True)
    (path / "manifest.json").write_text(json.dumps({**content, **keys}))
    text = (training() if runs is None else runs).to_csv(index=False, lineterminator="\n")
    if packed:
        (path / "training" / "runs.csv.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (path / "training" / "runs.csv").write_text(text)
    given = [dict(zip(CLAIM, row, strict=True)) for row in verdicts]
    frame = to_frame([verdict(**fields, margin=math.nan) for fields in given])
    frame.to_csv(path / "claims.csv", index=False, na_rep="", lineterminator="\n")
    return path


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return folder(tmp_path / "a")


def compared(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    code = main(["compare", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def kinds(content: dict[str, Any], part: str = "metrics") -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in content[part]:
        counts[row["kind"]] = counts.get(row["kind"], 0) + 1
    return counts


def test_a_folder_and_itself(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for rule in RULES:
        code, content = compared(capsys, a, a, "--fail-on", rule)
        assert code == content["exit_code"] == 0
    assert content["environment"] == []
    assert content["notes"] == []
    assert kinds(content) == {"same": 8}
    assert kinds(content, "claims") == {"same": 3}  # a claim judged in neither has no row
    assert main(["compare", str(a), str(a)]) == 0
    assert "environment: no differences" in capsys.readouterr().out


def test_a_packed_folder_is_the_same(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder(a.parent / "packed", packed=True)
    assert compared(capsys, a, other)[1]["metrics"] == compared(capsys, a, a)[1]["metrics"]


def worse(path: Path) -> Path:
    """Write the folder of another release: relu loses 0.1 in torch and gains 0.1 in tensorflow."""
    runs = training()
    relu = runs["activation"] == "relu"
    runs.loc[relu, "heldout_accuracy"] += np.where(runs["framework"] == "torch", -0.1, 0.1)[relu]
    packages = ["keras==3.6.0", "tensorflow-cpu==2.18.0", "rich==2"]
    versions = {"keras": "3.6.0", "tensorflow_cpu": "2.18.0"}
    return folder(path, runs, packages=packages, versions=versions)


def test_what_improved_has_moved(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An accuracy that rises in every run has a cause: the gate is not green by itself."""
    b = worse(a.parent / "b")
    gains = ("--set", "framework=tensorflow", "--fail-on")
    codes = {rule: compared(capsys, a, b, *gains, rule)[0] for rule in RULES}
    assert codes == {"never": 0, "claims": 0, "worse": 0, "moved": 1, "any": 1}


@pytest.mark.parametrize(
    ("kind", "fails"),
    [
        ("worsened", {"worse", "moved", "any"}),
        ("improved", {"moved", "any"}),
        ("changed", {"worse", "moved", "any"}),
        ("new", {"any"}),
        ("unclear", set()),
        ("same", set()),
    ],
)
def test_each_kind_of_change_has_its_rules(kind: str, fails: set[str]) -> None:
    comparison = Comparison("a", "b", [], [], pd.DataFrame({"kind": ["same", kind]}))
    assert {rule for rule in RULES if comparison.exit_code(rule)} == fails


def test_a_misspelt_rule_is_no_success() -> None:
    comparison = Comparison("a", "b", [], [], pd.DataFrame({"kind": ["worsened"]}))
    with pytest.raises(UserError, match="unknown rule 'movd'; did you mean 'moved'"):
        comparison.exit_code("movd")


def test_another_release(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = worse(a.parent / "b")
    codes = {rule: compared(capsys, a, b, "--fail-on", rule)[0] for rule in RULES}
    assert codes == {"never": 0, "claims": 0, "worse": 1, "moved": 1, "any": 1}
    content = compared(capsys, a, b)[1]
    assert content["environment"] == [
        {"key": "versions.keras", "a": "3.15.1", "b": "3.6.0"},
        {"key": "versions.tensorflow_cpu", "a": "2.21.0", "b": "2.18.0"},
        {"key": "packages.rich", "a": "1", "b": "2"},
    ]
    assert kinds(content) == {"worsened": 1, "improved": 1, "same": 6}
    row = content["metrics"][0]
    assert (row["kind"], row["cell"]) == ("worsened", "framework=torch activation=relu")
    assert row["difference"] == pytest.approx(-0.1)
    assert (row["above"], row["below"], row["n"]) == (0, 20, 20)
    assert row["low"] <= row["difference"] <= row["high"]
    code, content = compared(capsys, a, b, "--set", "framework=tensorflow", "--fail-on", "worse")
    assert (code, kinds(content)) == (0, {"improved": 1, "same": 3})
    assert {row["group"] for row in content["claims"]} == {"framework=tensorflow"}


def judged(row: int, **changed: object) -> list[list[Any]]:
    """Return the verdicts with one of them changed."""
    table = [dict(zip(CLAIM, one, strict=True)) for one in VERDICTS]
    table[row] |= changed
    return [list(one.values()) for one in table]


CLAIMS = [
    (judged(0, verdict="refuted"), {"changed": 1, "same": 2}, 1),
    (judged(0, verdict="undecided", reason="3 failed"), {"lost": 1, "same": 2}, 1),
    (judged(2, verdict="refuted", reason=""), {"decided": 1, "same": 2}, 0),
    (judged(2, text_hash="b2"), {"not comparable": 1, "same": 2}, 0),
    (judged(0, text_hash="a2", verdict="refuted"), {"not comparable": 1, "same": 2}, 0),
    (VERDICTS[1:], {"missing": 1, "same": 2}, 1),
    (judged(3, group="framework=torch", verdict="supported"), {"new": 1, "same": 3}, 0),
    (judged(2, verdict="not judged", text_hash="b2"), {"missing": 1, "same": 2}, 1),
    # The whole claim was not judged, which is shown for each of its groups.
    (
        [
            [
                "tanh-wins",
                "",
                "training",
                "not judged",
                math.nan,
                math.nan,
                math.nan,
                0,
                "no cell",
                "aa",
            ],
            *VERDICTS[2:],
        ],
        {"lost": 2, "same": 1},
        1,
    ),
]


@pytest.mark.parametrize(("verdicts", "expected", "code"), CLAIMS)
def test_claims(
    verdicts: list[list[Any]],
    expected: dict[str, int],
    code: int,
    a: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    b = folder(a.parent / "b", verdicts=verdicts)
    exit_code, content = compared(capsys, a, b)
    assert kinds(content, "claims") == expected
    assert exit_code == code
    assert compared(capsys, a, b, "--fail-on", "any")[0] == 1
    assert compared(capsys, a, b, "--fail-on", "never")[0] == 0


def test_one_framework_beside_the_other(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, content = compared(capsys, a, "--by", "framework")
    assert code == 0
    assert content["a"].startswith("framework=torch in ")
    assert kinds(content) == {"worsened": 1, "same": 3}
    assert content["metrics"][0]["cell"] == "activation=relu"
    assert kinds(content, "claims") == {"same": 1, "missing": 1}
    turned = compared(capsys, a, "--by", "framework=tensorflow,torch")[1]
    assert kinds(turned) == {"improved": 1, "same": 3}
    only = compared(capsys, a, "--by", "framework", "--set", "activation=tanh")[1]
    assert kinds(only) == {"same": 2}


def test_a_study_with_one_value_does_not_count(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Studies without a framework run in NumPy only, which leaves two frameworks to compare."""
    b = folder(a.parent / "b", studies=["training", "shift"])
    (b / "shift").mkdir()
    (b / "shift" / "runs.csv").write_text("framework,case,seed,status,reason\nnumpy,x,0,ok,\n")
    assert {row["study"] for row in compared(capsys, b, "--by", "framework")[1]["metrics"]} == {
        "training"
    }


def test_claims_of_a_group_whose_values_hold_spaces() -> None:
    group = "optimizer=sgd(0.1, 0.9) framework=torch"
    assert group_fields(group) == {"optimizer": "sgd(0.1, 0.9)", "framework": "torch"}
    assert group_fields("") == {}


def test_definitions(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = folder(a.parent / "b", definitions={"heldout_accuracy": "share; 2"})
    content = compared(capsys, a, b)[1]
    assert kinds(content) == {"not comparable": 4, "same": 4}
    assert content["notes"] == ["not compared (another definition): heldout_accuracy"]
    for form in ((), ("--markdown",)):
        main(["compare", str(a), str(b), *form])
        out = capsys.readouterr().out.replace("\\", "")
        assert "not compared (another definition): heldout_accuracy\n" in out
    old = folder(a.parent / "old", definitions=None)
    content = compared(capsys, old, a)[1]
    assert kinds(content) == {"same": 8}
    assert content["notes"] == [
        "A does not say how its metrics are defined; they are compared by name"
    ]


def test_what_is_not_compared_is_named(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The metrics of another version, and a study whose cells have other axes."""
    newer = folder(a.parent / "b", training().assign(new_metric=1.0, newer_metric=2.0))
    assert compared(capsys, newer, newer)[1]["notes"] == [
        "not compared (this version has no such metric): new_metric, newer_metric"
    ]
    shapeless = folder(
        a.parent / "c", training().query("activation == 'tanh'").drop(columns="activation")
    )
    assert compared(capsys, a, shapeless)[1]["notes"] == [
        "not compared (one side has no activation): the study training"
    ]


def test_the_manifest_says_how_metrics_are_defined() -> None:
    plan = grids.plan([STUDIES["curves"]], grids.Selection("quick", ("torch",)))
    content = manifest(plan, ["suite"]).definitions
    assert content is not None
    assert content["norm_gain"] == "1; 1"
    assert set(content) == {name for spec in STUDIES["curves"].tables for name in spec.metrics}


def test_other_roots_and_other_studies_are_noted(
    a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    b = folder(a.parent / "b", root_seed=7)
    content = compared(capsys, a, b)[1]
    assert content["notes"] == ["the root seeds differ, so the runs of a pair share no draws"]
    assert content["environment"] == [{"key": "root_seed", "a": "0", "b": "7"}]
    (b / "training" / "runs.csv").unlink()
    content = compared(capsys, a, b)[1]
    assert "only in A: the studies training" in content["notes"]
    assert kinds(content) == {"missing": 8}
    assert compared(capsys, a, b, "--fail-on", "any")[0] == 1
    assert kinds(compared(capsys, b, a)[1]) == {"new": 8}


def test_a_choice_that_is_given_twice_is_refused(
    a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, content in (
        ((a, a, "--by", "framework"), "both were given"),
        ((a,), "neither was given"),
        ((a, "--by", "activation=relu,relu"), "relu is named twice"),
        ((a, a, "--set", "activation=relu", "--set", "activation=tanh"), "'activation' twice"),
    ):
        assert main(["compare", *map(str, words)]) == 2
        assert content in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "0.5", ""])
def test_a_seed_that_is_not_a_whole_number_is_refused(
    a: Path, seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = training().astype({"seed": object})
    runs.loc[0, "seed"] = seed
    b = folder(a.parent / "b", runs)
    assert main(["compare", str(a), str(b)]) == 2
    assert "'seed' contains a " in capsys.readouterr().err


def test_unknown_and_repeated_verdicts_are_refused(
    a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a / "claims.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*rows, rows[1]]), encoding="utf-8")
    assert main(["compare", str(a), str(a)]) == 2
    assert "the verdict on tanh-wins [framework=torch] is stored twice" in capsys.readouterr().err
    path.write_text("".join(rows).replace("supported", "supportet"), encoding="utf-8")
    assert main(["compare", str(a), str(a)]) == 2
    assert "did you mean 'supported'" in capsys.readouterr().err


def single(path: Path, **keys: Any) -> Path:
    runs = training().query("seed == 0")
    return folder(path, runs.assign(heldout_accuracy=0.9), **keys)


def test_one_planned_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One planned seed is a draw that shows everything; one that a user chose is not."""
    a = folder(tmp_path / "a", training().query("seed == 0"))
    assert kinds(compared(capsys, a, single(tmp_path / "b"))[1])["improved"] == 4
    chosen = single(tmp_path / "chosen", seeds=1)
    assert kinds(compared(capsys, a, chosen)[1]) == {"unclear": 4, "same": 4}
    rooted = single(tmp_path / "rooted", root_seed=7)
    assert kinds(compared(capsys, a, rooted)[1]) == {"unclear": 4, "same": 4}


# --- forms ---------------------------------------------------------------------------------------


def test_text_fits_a_terminal(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = judged(0, verdict="undecided", reason="3 failed: " + "activation=relu seed=7 " * 8)
    b = folder(a.parent / "b", worse_runs(), verdicts, versions={"keras": "3 " * 80})
    assert main(["compare", str(a), str(b)]) == 1
    out = capsys.readouterr().out
    for words in (
        "environment: 2 differences",
        "claims: 1 lost, 2 same",
        "worsened",
        "-0.1 [-0.1",
        "+0 -20 of 20",
        "activation=relu",
    ):
        assert words in out
    assert max(map(len, out.splitlines())) <= 120


def worse_runs() -> pd.DataFrame:
    runs = training()
    return runs.assign(heldout_accuracy=runs["heldout_accuracy"] - 0.1)


def test_markdown_is_escaped_and_folded(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = judged(0, verdict="undecided", reason="<b>|x|")
    b = folder(a.parent / "b", worse_runs(), verdicts)
    main(["compare", str(a), str(b), "--markdown"])
    out = capsys.readouterr().out
    assert "\\<b\\>\\|x\\|" in out
    assert "<b>" not in out
    assert out.count("<details>") == out.count("</details>") >= 3
    for line in out.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_csv_has_every_row(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = worse(a.parent / "b")
    main(["compare", str(a), str(b), "--csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    content = compared(capsys, a, b)[1]["metrics"]
    assert [row["cell"] for row in rows] == [row["cell"] for row in content]
    assert [float(row["difference"]) for row in rows] == [row["difference"] for row in content]


# --- wrong usage ---------------------------------------------------------------------------------

WRONG = [
    (["{a}"], ["two folders", "--by AXIS"]),
    (["{a}", "{a}", "--by", "framework"], ["two folders"]),
    (["{a}", "/no/such/folder"], ["there is no folder"]),
    (["{a}", "{a}", "--fail-on", "wors"], ["'wors'", "did you mean 'worse'", "any"]),
    (["{a}", "--by", "framwork"], ["did you mean 'framework'"]),
    (["{a}", "--by", "optimizer"], ["name two values", "no study of"]),
    (["{a}", "--by", "framework=torch"], ["name two values", "torch, tensorflow"]),
    (["{a}", "--by", "framework=torch,numpy"], ["'numpy'", "allowed: torch, tensorflow"]),
    (["{a}", "--by", "framework=torch,"], ["AXIS=VALUE,VALUE"]),
    (["{a}", "{a}", "--set", "activation"], ["AXIS=VALUE"]),
    (["{a}", "{a}", "--set", "activation=gelu"], ["'gelu'", "allowed: tanh, relu"]),
    (["{a}", "{a}", "--set", "activation=tanhh"], ["did you mean 'tanh'"]),
]


@pytest.mark.parametrize(("words", "content"), WRONG, ids=lambda value: " ".join(value))
def test_wrong_usage(
    words: list[str], content: list[str], a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *(word.format(a=a) for word in words)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    for word in content:
        assert word in printed.err


def damaged(path: Path, how: str) -> None:
    runs, claims = path / "training" / "runs.csv", path / "claims.csv"
    if how == "no claims":
        claims.unlink()
    elif how == "old claims":
        claims.write_text("claim,group,estimate,low,high,n\n")
    elif how == "text for a number":
        runs.write_text(runs.read_text().replace("ok,,0.", "ok,,zero", 1))
    elif how == "twice":
        runs.write_text(runs.read_text() + runs.read_text().splitlines()[-1] + "\n")
    else:
        runs.write_text(runs.read_text().replace("ok", "fine", 1))


@pytest.mark.parametrize(
    ("how", "content"),
    [
        ("no claims", "claims.csv is missing; judge the folder with: suite check"),
        ("old claims", "lacks the column 'study'"),
        ("text for a number", "'heldout_accuracy' contains a non-numeric value"),
        ("twice", "contains 1 runs twice"),
        ("status", "unknown status 'fine'"),
    ],
)
def test_damaged_folders(
    how: str, content: str, a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged(a, how)
    assert main(["compare", str(a), str(a)]) == 2
    assert content in capsys.readouterr().err
