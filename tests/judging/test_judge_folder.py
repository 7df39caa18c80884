"""A stored folder is judged that is incomplete, was edited, or comes from another version."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from suite.commands.main import main
from suite.judging.verdicts import NOT_DECIDED
from suite.results.manifest import Manifest

ARGUMENTS = [
    "run",
    "parity",
    "--profile",
    "quick",
    "--frameworks",
    "numpy",
    "--seeds",
    "2",
    "--set",
    "activation=tanh",
    "--jobs",
    "1",
    "--no-report",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "out"
    assert main([*ARGUMENTS, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_finished_folder_that_no_claim_is_about_is_red(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run was finished, and to judge it judges nothing: it has NumPy alone."""
    assert main(["check", str(copy)]) == NOT_DECIDED
    assert "claims were not judged, " in capsys.readouterr().err


def test_deleted_rows_are_missing_runs(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "parity" / "runs.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert main(["check", str(copy)]) == 3


def test_missing_runs_count_even_where_the_grid_has_changed(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["expected"]["parity"]["hash"] = "0" * 16
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert main(["check", str(copy)]) == NOT_DECIDED
    path = copy / "parity" / "runs.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    assert main(["check", str(copy)]) == 3
    assert "1 runs of parity are missing" in capsys.readouterr().err
    assert judge_mine(copy, MINE.replace("depth = 4", "depth = 77")) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_manifest_that_expects_nothing_is_no_way_to_lose_runs(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["expected"] = {}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    (copy / "parity" / "runs.csv").unlink()
    assert main(["check", str(copy)]) == 2
    assert "does not say what was expected of parity" in capsys.readouterr().err


def test_a_page_needs_nothing_that_a_manifest_may_lack(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    required = {field.name for field in msgspec.structs.fields(Manifest) if field.required}
    kept = {key: value for key, value in manifest.items() if key in {"schema", *required}}
    assert len(kept) < len(manifest)
    (copy / "manifest.json").write_text(json.dumps(kept))
    for words, code in ((["report"], 0), (["check"], NOT_DECIDED), (["compare", str(copy)], 0)):
        assert main([*words, str(copy)]) == code


def test_a_folder_without_its_tables_lacks_all_its_runs(copy: Path) -> None:
    (copy / "parity" / "runs.csv").unlink()
    assert main(["check", str(copy)]) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",ok,", ",OK,", ["unknown status 'OK'", "did you mean 'ok'"]),
        (",ok,", ",,", ["unknown status ''"]),
        ("seed,status,", "seed,state,", ["lacks the column 'status'"]),
        ("framework,", "framework;", ["lacks the column 'framework'"]),
        (",0,ok", ",x,ok", ["'seed'", "non-numeric"]),
    ],
)
def test_an_edited_table_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: list[str]
) -> None:
    edit(copy / "parity" / "runs.csv", old, new)
    assert main(["check", str(copy)]) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    for word in words:
        assert word in printed


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("profile", "qick", "did you mean 'quick'"),
        ("overrides", {"activation": ["tahn"]}, "did you mean 'tanh'"),
        ("overrides", {"activaton": ["tanh"]}, "did you mean 'activation'"),
        ("studies", ["paritty"], "did you mean 'parity'"),
        ("seeds", "x", 'seeds is "x"'),
        ("expected", None, "expected is null"),
    ],
)
def test_an_edited_manifest_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str], key: str, value: object, words: str
) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    assert main(["check", str(copy)]) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert words in printed


def test_a_renamed_or_damaged_claims_table_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copy / "claims.csv", "verdict", "verdikt")
    assert main(["report", str(copy)]) == 2
    (copy / "claims.csv").write_bytes(b"\xff\xfe\x00")
    assert main(["report", str(copy)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


# --- a user's own claims ------------------------------------------------------------------------

MINE = """
study = "parity"
[[claim]]
id = "oracle-agrees-with-itself"
statement = "The oracle takes the steps that it takes."
source = "my notebook"
metric = "step_error"
estimand = "value"
kind = "exact"
each = ["framework"]
ceiling = 0
expected = "supported"
because = "the same code computes both sides"
decides = "quick"
[claim.of]
activation = "tanh"
initializer = "he_normal"
depth = 4
width = 5
optimizer = "sgd"
weights = "shared"
"""


def judge_mine(folder: Path, text: str, *more: str) -> int:
    mine = folder.parent / "my.toml"
    mine.write_text(text, encoding="utf-8")
    return main(["check", str(folder), "--claims", str(mine), *more])


def test_a_users_claims_are_judged_alone(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge_mine(copy, MINE, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["claims"]
    assert (row["claim"], row["verdict"]) == ("oracle-agrees-with-itself", "supported")
    assert judge_mine(copy, MINE.replace("supported", "refuted")) == 1
    before = (copy / "claims.csv").read_bytes()
    assert judge_mine(copy, MINE, "--out", str(tmp_path / "mine")) == 0
    assert "oracle-agrees" in (tmp_path / "mine" / "claims.csv").read_text(encoding="utf-8")
    assert "oracle-agrees" in (tmp_path / "mine" / "junit.xml").read_text(encoding="utf-8")
    # The run's own table of verdicts is not the place for them.
    capsys.readouterr()
    assert judge_mine(copy, MINE, "--out", str(copy)) == 2
    assert "holds the verdicts on the shipped claims" in capsys.readouterr().err
    assert (copy / "claims.csv").read_bytes() == before


def test_several_files_are_one_family(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = copy.parent / "other.toml"
    other.write_text(MINE.replace("oracle-agrees-with-itself", "another"), encoding="utf-8")
    assert judge_mine(copy, MINE, "--claims", str(other), "--json") == 0
    rows = json.loads(capsys.readouterr().out)["claims"]
    assert [row["claim"] for row in rows] == ["oracle-agrees-with-itself", "another"]
    assert judge_mine(copy, MINE, "--claims", str(copy.parent / "my.toml")) == 2
    assert "already used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("ceiling = 0", "ceilling = 0", ["unknown key", "did you mean 'ceiling'?"]),
        ("step_error", "step_eror", ["metric:", "did you mean 'step_error'?"]),
        ("activation =", "activaton =", ["of:", "did you mean 'activation'?"]),
        ('"tanh"', '"tahn"', ["of.activation:", "did you mean 'tanh'?"]),
        ("depth = 4", "depth = 5", ["of.depth:", "unknown depth of a cell", "'5'"]),
        ("ceiling = 0", "band = [-inf, inf]", ["band:", "excludes nothing"]),
        ("ceiling = 0\n", "", ["band:", "exactly one of floor, ceiling, band"]),
        ('study = "parity"', 'study = "party"', ["study:", "did you mean 'parity'?"]),
    ],
)
def test_a_users_mistake_is_one_line(
    copy: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: list[str]
) -> None:
    assert MINE.count(old) == 1
    assert judge_mine(copy, MINE.replace(old, new)) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert f"{copy.parent / 'my.toml'}: claim 'oracle-agrees-with-itself': " in printed
    for word in words:
        assert word in printed


def test_a_cell_that_another_profile_runs_is_not_judged_and_says_so(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge_mine(copy, MINE.replace('"tanh"', '"sigmoid"')) == NOT_DECIDED
    out = capsys.readouterr().out
    assert "oracle-agrees-with-itself was not judged: this folder has no such cell" in out


def test_lost_runs_of_other_studies_are_not_a_users_concern(copy: Path) -> None:
    """The exit code is about the studies that the claims are about."""
    rows = (copy / "parity" / "runs.csv").read_text().splitlines(keepends=True)
    (copy / "parity" / "runs.csv").write_text("".join(rows[:-1]))
    other = MINE.replace('"parity"', '"training"').replace("step_error", "heldout_loss")
    assert judge_mine(copy, other) == NOT_DECIDED  # and not 3
    assert judge_mine(copy, MINE) == 3
