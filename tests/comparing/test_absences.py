"""A comparison is never green because B lacks what A measured, unless the user named it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.commands.main import main
from suite.comparing.allowed import Allowed
from suite.results.not_measured import EMPTY
from tests.comparing.test_compare_folders import VERDICTS, compared, folder, judged, kinds, training
from tests.support import ROOT

QUICK = ROOT / "results" / "reference" / "quick"
GATES = ("claims", "worse", "any")

Change = Callable[[pd.DataFrame], pd.DataFrame]


def runs() -> pd.DataFrame:
    """Return runs with a second metric."""
    return training().assign(heldout_loss=1.0)


def written(path: Path, frame: pd.DataFrame, text: str = "", **keys: object) -> Path:
    """Write a folder; ``text`` stands for the NaN of ``EMPTY`` in its table."""
    made = folder(path, frame, **keys)  # type: ignore[arg-type]
    (made / "training" / "runs.csv").write_text(
        frame.to_csv(index=False, lineterminator="\n", na_rep=text)
    )
    (made / "training" / "layers.csv").write_text("framework,seed,layer,weight_rms\ntorch,0,1,2\n")
    return made


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return written(tmp_path / "a", runs())


def last_line(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    main(["compare", *map(str, words)])
    return capsys.readouterr().out.splitlines()[-1]


def without(column: str) -> Change:
    return lambda frame: frame.drop(columns=column)


def only(query: str) -> Change:
    return lambda frame: frame.query(query)


def emptied(count: int) -> Change:
    return lambda frame: frame.assign(
        heldout_loss=np.where(np.arange(len(frame)) < count, EMPTY, frame["heldout_loss"])
    )


def failed(count: int) -> Change:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        lost = np.arange(len(frame)) < count
        values = {name: np.where(lost, EMPTY, frame[name]) for name in frame.columns[-2:]}
        return frame.assign(status=np.where(lost, "failed", "ok"), **values)

    return change


LOST = [
    (without("heldout_loss"), "training/heldout_loss (4 cells)", "training/heldout_loss"),
    (emptied(80), "training/heldout_loss (4 cells)", "training/heldout_loss"),
    (emptied(20), "training/heldout_loss (1 cell)", "activation=tanh"),
    (emptied(3), "training/heldout_loss (3 runs of 1 cell)", "training/heldout_loss"),
    (only("framework == 'torch'"), "framework=tensorflow (2 cells of training)", "training"),
    (only("activation == 'tanh'"), "activation=relu (2 cells of training)", "activation=relu"),
    (
        only("framework == 'torch' or activation == 'tanh'"),
        "1 cell of training",
        "framework=tensorflow",
    ),
    (only("seed < 8"), "48 runs in 4 cells of training", "seeds"),
    (only("seed < 0"), "all (4 cells of training)", "training"),
    (failed(2), "2 runs that failed in 1 cell of training", "framework=torch"),
    (without("activation"), "training (one side has no activation)", "training"),
]


@pytest.mark.parametrize(("change", "words", "name"), LOST, ids=[row[1] for row in LOST])
def test_what_b_lacks_is_red_and_named_in_the_last_line(
    change: Change, words: str, name: str, a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = change(runs())
    if "activation" not in frame:
        frame = frame.drop_duplicates(["framework", "seed"])
    b = written(a.parent / "b", frame)
    assert last_line(capsys, a, b) == f"missing in B: {words}"
    for rule in GATES:
        code, content = compared(capsys, a, b, "--fail-on", rule)
        assert (code, content["missing"]) == (1, [{"what": words, "allowed": False}])
    assert compared(capsys, a, b, "--fail-on", "never")[0] == 0
    allowed = compared(capsys, a, b, "--fail-on", "worse", "--allow-missing", name)
    assert (allowed[0], allowed[1]["missing"]) == (0, [{"what": words, "allowed": True}])
    assert last_line(capsys, a, b, "--allow-missing", name) == (
        "nothing else that A measured is missing in B"
    )


def test_nothing_is_missing(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert last_line(capsys, a, a) == "nothing that A measured is missing in B"
    more = written(a.parent / "more", runs().assign(train_loss=1.0))
    assert compared(capsys, a, more, "--fail-on", "worse")[0] == 0
    assert compared(capsys, a, more, "--fail-on", "any")[0] == 1


def test_nan_is_a_result_that_worsened(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = emptied(20)(runs())
    b = written(a.parent / "b", frame, text="nan")
    code, content = compared(capsys, a, b, "--fail-on", "worse")
    assert (code, content["missing"]) == (1, [])
    assert (content["metrics"][0]["metric"], content["metrics"][0]["kind"]) == (
        "heldout_loss",
        "worsened",
    )
    assert compared(capsys, a, b)[0] == 0  # no verdict changed
    everywhere = written(a.parent / "c", emptied(80)(runs()), text="nan")
    assert kinds(compared(capsys, a, everywhere)[1])["worsened"] == 4
    assert compared(capsys, everywhere, b)[1]["missing"] == []
    empty = written(a.parent / "d", emptied(80)(runs()))
    assert compared(capsys, everywhere, empty)[1]["missing"] == [
        {"what": "training/heldout_loss (4 cells)", "allowed": False}
    ]


def test_verdicts(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A group of a claim that B did not judge, and a claim of which B judged nothing."""
    b = written(a.parent / "b", runs(), verdicts=VERDICTS[1:])
    assert last_line(capsys, a, b) == ("missing in B: the verdict on tanh-wins [framework=torch]")
    for name, code in (("tanh-wins", 0), ("one-law", 1), ("framework=torch", 0), ("training", 0)):
        assert compared(capsys, a, b, "--allow-missing", name)[0] == code
    c = written(a.parent / "c", runs(), verdicts=judged(0, verdict="not judged", group=""))
    assert "tanh-wins [framework=torch]" in last_line(capsys, a, c)


def test_other_tables(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = written(a.parent / "b", runs())
    table = b / "training" / "layers.csv"
    table.write_text("framework,seed,layer\ntorch,0,1\n")
    assert last_line(capsys, a, b) == "missing in B: training/layers.csv (its columns weight_rms)"
    table.write_text("framework,seed,layer,weight_rms\n")
    assert last_line(capsys, a, b) == "missing in B: training/layers.csv (has no rows)"
    table.unlink()
    assert last_line(capsys, a, b) == "missing in B: training/layers.csv (is not there)"
    assert compared(capsys, a, b)[0] == 1
    assert compared(capsys, a, b, "--allow-missing", "training/layers")[0] == 0
    packed = written(a.parent / "packed", runs(), left_out=["training/layers"])
    (packed / "training" / "layers.csv").unlink()
    assert compared(capsys, a, packed)[0] == 0


def test_a_study_that_b_did_not_run_is_one_line(
    a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its verdicts and cells do not hide what moved, which comes first."""
    many = [
        [f"claim-{n}", "", "propagation", "supported", 0.3, 0.2, 0.4, 20, "", "aa"]
        for n in range(50)
    ]
    studies = ["training", "propagation"]
    big = written(a.parent / "big", runs(), verdicts=[*VERDICTS, *many], studies=studies)
    (big / "propagation").mkdir()
    cells = "".join(f"torch,{depth},0,ok,,1.0\n" for depth in range(1, 51))
    (big / "propagation" / "runs.csv").write_text(
        f"framework,depth,seed,status,reason,forward_slope\n{cells}"
    )
    moved = runs()
    moved["heldout_accuracy"] -= 0.1
    not_judged = [[*row[:3], "not judged", *row[4:]] for row in many]
    b = written(a.parent / "b", moved, verdicts=[*VERDICTS, *not_judged])
    assert main(["compare", str(big), str(b), "--fail-on", "worse"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == "the largest of 4 differences"
    assert lines[-1] == "missing in B: the study propagation"
    assert sum("propagation" in line for line in lines) == 2  # and the note
    assert not any("claim-" in line for line in lines)
    for more, code in (([], 1), (["--studies", "training"], 0)):
        assert compared(capsys, big, b, *more)[0] == code
    assert compared(capsys, big, b, "--studies", "training", "--fail-on", "worse")[0] == 1
    assert compared(capsys, big, b, "--allow-missing", "propagation")[0] == 0
    assert compared(capsys, big, b, "--studies", "propagation")[0] == 1


def test_along_an_axis(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Claims are about what they are about; a metric that one side lacks is missing."""
    frame = runs()
    lost = frame["framework"] == "tensorflow"
    b = written(a.parent / "b", frame.assign(heldout_loss=np.where(lost, EMPTY, 1.0)))
    assert compared(capsys, a, "--by", "framework")[0] == 0
    assert compared(capsys, b, "--by", "framework")[0] == 1
    assert last_line(capsys, b, "--by", "framework") == (
        "missing in B: training/heldout_loss (2 cells)"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trainin", "did you mean 'training'?"),
        ("training/heldout_los", "did you mean 'heldout_loss'?"),
        ("training/", "unknown metric or table of training"),
        ("tanh-win", "did you mean 'tanh-wins'?"),
        ("framwork=torch", "did you mean 'framework'?"),
        ("framework=torhc", "did you mean 'torch'?"),
        ("framework=", "unknown framework"),
        ("seed", "did you mean 'seeds'?"),
        ("curves", "allowed: a study, STUDY/METRIC, STUDY/TABLE, AXIS=VALUE, the id of a claim"),
    ],
)
def test_an_unknown_name_is_one_line(
    name: str, words: str, a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(a), str(a), "--allow-missing", f"training,{name}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"suite: --allow-missing {name}: ")
    assert words in err
    assert len(err.splitlines()) == 1


def test_an_unknown_study_is_one_line(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given, words in (("trainin", "did you mean 'training'?"), (",", "--studies names none")):
        assert main(["compare", str(a), str(a), "--studies", given]) == 2
        err = capsys.readouterr().err
        assert words in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize("text", [None, "", "nan"])
def test_a_copy_of_the_reference(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The quick reference without the losses of its held-out points: the column, or 20 fields of
    it, empty or ``nan``."""
    copy = Path(shutil.copytree(QUICK, tmp_path / "copy"))
    packed = copy / "training" / "runs.csv.gz"
    lines = list(csv.reader(io.StringIO(gzip.decompress(packed.read_bytes()).decode())))
    at = lines[0].index("heldout_loss")
    for line in lines if text is None else lines[1:21]:
        if text is None:
            del line[at]
        else:
            line[at] = text
    packed.unlink()
    with (copy / "training" / "runs.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)
    words = ["--studies", "training", "--fail-on", "worse"]
    code, content = compared(capsys, QUICK, copy, *words)
    what = [absence["what"] for absence in content["missing"]]
    assert code == 1
    if text is None:
        assert what == ["training/heldout_loss (24 cells)"]
        assert kinds(content)["missing"] == 24
    elif text == "":
        assert [row.partition(" (")[0] for row in what] == ["training/heldout_loss"]
        assert "worsened" not in kinds(content)
    else:
        assert what == []
        assert {row["metric"] for row in content["metrics"] if row["kind"] == "worsened"} == {
            "heldout_loss"
        }
    words += ["--allow-missing", "training/heldout_loss"]
    assert compared(capsys, QUICK, copy, *words)[0] == int(text == "nan")


def test_the_json_says_what_was_allowed(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = written(a.parent / "b", without("heldout_loss")(runs()))
    main(["compare", str(a), str(b), "--json", "--allow-missing", "training/heldout_loss"])
    assert json.loads(capsys.readouterr().out)["missing"][0]["allowed"] is True


def test_one_name_does_not_allow_another(a: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = written(a.parent / "b", only("activation == 'tanh'")(without("heldout_loss")(runs())))
    for name in ("activation=tanh", "framework=torch", "training/heldout_loss", "seeds"):
        assert compared(capsys, a, b, "--allow-missing", name)[0] == 1
    words = "--allow-missing", "training/heldout_loss,activation=relu"
    assert compared(capsys, a, b, *words)[0] == 0


def test_runs_that_failed_are_no_seeds_that_were_left_out(
    a: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    b = written(a.parent / "b", failed(2)(runs()))
    assert compared(capsys, a, b, "--fail-on", "worse", "--allow-missing", "seeds")[0] == 1


def test_a_value_is_allowed_on_its_own_axis() -> None:
    allowed = Allowed(values=frozenset({("depth", "4")}), parts=frozenset({"training/loss"}))
    assert allowed.cell({"depth": "4", "width": "2"})
    assert not allowed.cell({"depth": "2", "width": "4"})
    assert allowed.part("training", "loss")
    assert not allowed.part("remedies", "loss")
