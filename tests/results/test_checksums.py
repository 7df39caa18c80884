"""Every command that reads tables warns of those that are not as the suite wrote them."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from suite.commands import main as cli
from suite.commands import plan as planning
from suite.commands.check import check
from suite.planning.grids import Plan
from suite.results import checksums
from suite.results.folder import Results
from tests.support import breaking_disk
from tests.support.breaking_disk import content, run
from tests.support.damage import harm

RUNS, CURVE = "fake/runs.csv", "fake/spectrum.csv"


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    return breaking_disk.plan(monkeypatch)


@pytest.fixture
def folder(plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return the folder of a finished run, with its output discarded."""
    assert run(plan, tmp_path / "run") == 0
    capsys.readouterr()
    return tmp_path / "run"


def altered(folder: Path) -> dict[str, list[str]]:
    return checksums.altered(folder, Results(folder).manifest())


def warned_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the folders that standard error warned of, line by line."""
    lines = capsys.readouterr().err.splitlines()
    assert all(" is not as the suite wrote it: " in line for line in lines)
    return [line.partition(" is not")[0].removeprefix("suite: ") for line in lines]


def test_the_sums_are_those_that_sha256sum_computes(folder: Path) -> None:
    done = subprocess.run(["sha256sum", "-c", "sha256sums.txt"], cwd=folder, capture_output=True)
    assert done.stdout.count(b": OK") == 4
    assert done.returncode == 0
    path = folder / RUNS
    whole = path.read_bytes()
    path.unlink()
    packed = path.with_name("runs.csv.gz")
    packed.write_bytes(gzip.compress(whole))
    assert altered(folder) == {}
    packed.write_bytes(gzip.compress(whole.replace(b"ok", b"OK", 1)))
    assert altered(folder) == {"edited": [RUNS]}
    packed.write_bytes(b"no gzip")
    assert altered(folder) == {"cannot be read": [RUNS]}
    packed.unlink()
    (folder / CURVE).unlink()
    path.mkdir()
    os.mkfifo(folder / CURVE)
    assert altered(folder) == {"cannot be read": [RUNS, CURVE]}


@pytest.mark.parametrize(
    ("change", "summary"),
    [
        ({CURVE: "edited"}, "edited: fake/spectrum.csv"),
        ({CURVE: "edited", RUNS: "edited"}, "edited: fake/runs.csv, fake/spectrum.csv"),
        ({CURVE: "removed"}, "missing: fake/spectrum.csv"),
        (
            {CURVE: "removed", "summary.csv": "edited"},
            "missing: fake/spectrum.csv; edited: summary.csv",
        ),
        ({"claims.csv": b"claim\n"}, "edited: claims.csv"),
        ({"fake/mine.csv": b"a\n1\n"}, "not listed: fake/mine.csv"),
        ({"fake/mine.csv.gz": gzip.compress(b"a\n", mtime=0)}, "not listed: fake/mine.csv"),
        ({"sha256sums.txt": "removed"}, "missing: sha256sums.txt"),
        ({"sha256sums.txt": b"\xff\xfe"}, "cannot be read: sha256sums.txt"),
        (
            {"sha256sums.txt": b"0" * 64 + b"  /dev/zero\n"},
            "not listed: fake/runs.csv, fake/spectrum.csv; damaged: sha256sums.txt",
        ),
        (
            {f"fake/{name}.csv": b"a\n" for name in "abcdefg"},
            "not listed: fake/a.csv, fake/b.csv, fake/c.csv, fake/d.csv, fake/e.csv, 2 more",
        ),
    ],
)
def test_all_changed_tables_are_named_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str | bytes], summary: str
) -> None:
    for name, how in change.items():
        if isinstance(how, bytes):
            (folder / name).write_bytes(how)
        else:
            harm(folder / name, how)
    assert check(folder, None, "all") == 4  # no claim is about the fake study
    line, reason = capsys.readouterr().err.splitlines()
    assert "no claim" in reason
    assert line.startswith(f"suite: {folder} is not as the suite wrote it: ")
    assert line.endswith(f"({summary})")


def test_listing_a_table_twice_hides_no_edit(folder: Path) -> None:
    lines = (folder / "sha256sums.txt").read_text(encoding="utf-8")
    (folder / "sha256sums.txt").write_text(lines + f"{'0' * 64}  {RUNS}\n", encoding="utf-8")
    assert altered(folder) == {"edited": [RUNS], "damaged": ["sha256sums.txt"]}


def test_a_run_that_has_not_written_its_tables_is_not_called_edited(folder: Path) -> None:
    shutil.rmtree(folder / "fake")
    (folder / "sha256sums.txt").unlink()
    assert altered(folder) == {}


def test_verdicts_that_check_rewrites_are_not_called_edited(
    plan: Plan, folder: Path, tmp_path: Path
) -> None:
    """Nor where the folder had no sum for them. Other edits are still detected."""
    before = content(folder)
    path = folder / "sha256sums.txt"
    text = path.read_text(encoding="utf-8")
    path.write_text("".join(text.splitlines(keepends=True)[:-1]), encoding="utf-8")
    assert check(folder, folder, "all") == 4  # as above
    assert content(folder) == before
    harm(folder / CURVE, "edited")
    (folder / "claims.csv").write_text("claim\n", encoding="utf-8")
    assert altered(folder) == {"edited": ["claims.csv", "fake/spectrum.csv"]}
    assert check(folder, folder, "all") == 4  # as above
    assert altered(folder) == {"edited": ["fake/spectrum.csv"]}
    assert check(folder, tmp_path / "elsewhere", "all") == 4
    assert not (tmp_path / "elsewhere" / "sha256sums.txt").exists()


def test_compare_warns_of_each_folder_that_was_edited(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, sound = (Path(shutil.copytree(folder, f"{folder}-{n}")) for n in (1, 2))
    harm(other / RUNS, "edited")
    harm(folder / CURVE, "edited")
    for pair, wanted in (
        ((folder, other), [folder, other]),
        ((sound, other), [other]),
        ((other, other), [other]),
        ((sound, sound), []),
    ):
        cli.main(["compare", *map(str, pair)])
        assert warned_of(capsys) == list(map(str, wanted))
    cli.main(["compare", str(other), "--by", "width=1,2"])
    assert warned_of(capsys) == [str(other)]


def test_the_other_commands_warn_of_it_too(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    harm(folder / CURVE, "edited")
    monkeypatch.setattr(planning, "show", lambda *_: None)
    for words in (
        ["report", str(folder)],
        ["pack", str(folder), "--out", f"{folder}-packed"],
        ["plan", "products", "--profile", "quick", "--margins", str(folder)],
    ):
        assert cli.main(words) == 0
        assert warned_of(capsys) == [str(folder)]
    assert cli.main(["reproduce", str(folder), "--jobs", "1"]) == 0
    assert f"suite: {folder} is not as the suite wrote it" in capsys.readouterr().err


def test_verdicts_are_not_written_into_the_folder_of_another_run(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``compare`` would take them for the verdicts of that run."""
    other = Path(shutil.copytree(folder, f"{folder}-other"))
    before = content(other)
    assert cli.main(["check", str(folder), "--out", str(other)]) == 2
    assert "already holds another run's claims.csv" in capsys.readouterr().err
    assert content(other) == before
