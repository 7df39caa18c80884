"""Damage to a results folder is reported in one line, and a resumed run repairs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from suite.commands.check import check
from suite.judging.verdicts import NOT_DECIDED
from suite.measuring.executors import Job, Result
from suite.measuring.measure_stack import measure_and_store
from suite.planning.grids import Plan
from suite.types import Stack, UserError
from tests.support import breaking_disk, fake_study
from tests.support.breaking_disk import Disk, content, disk, run
from tests.support.damage import harm


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    return breaking_disk.plan(monkeypatch)


@pytest.fixture
def untouched(plan: Plan, tmp_path: Path) -> dict[str, bytes]:
    """Return the files of an undisturbed run."""
    assert run(plan, tmp_path / "untouched") == 0
    files = content(tmp_path / "untouched")
    assert {"manifest.json", "fake/runs.csv", "fake/spectrum.csv", "summary.csv"} <= set(files)
    return files


@pytest.fixture
def folder(plan: Plan, tmp_path: Path, untouched: dict[str, bytes]) -> Path:
    """Return the folder of a finished run."""
    return tmp_path / "untouched"


def test_a_folder_that_is_removed_during_a_run(
    plan: Plan,
    tmp_path: Path,
    untouched: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measured: list[str] = []

    def work(job: Job, stack: Stack) -> Result:
        measured.append(stack.key)
        if len(measured) == 2:
            shutil.rmtree(job.folder)
        return measure_and_store(job, stack)

    with monkeypatch.context() as patch:
        fake_study.use_threads(patch, work)
        assert run(plan, tmp_path / "out") == 3
    message = capsys.readouterr().err
    assert "cannot store: FileNotFoundError" in message
    assert "Resume with" in message
    assert len(measured) == 2  # nothing is measured that cannot be kept
    assert run(plan, tmp_path / "out") == 0
    assert content(tmp_path / "out") == untouched


def test_a_folder_that_becomes_read_only_during_a_run(
    plan: Plan,
    folder: Path,
    untouched: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The disk raises the error, since root may write whatever the permissions say."""
    measuring: list[str] = []

    def work(job: Job, stack: Stack) -> Result:
        measuring.append(stack.key)
        return measure_and_store(job, stack)

    def breaks(disk: Disk, half: Callable[[], object]) -> None:
        if measuring:
            raise OSError(30, "Read-only file system")

    next((folder / "shards").iterdir()).unlink()
    with monkeypatch.context() as patch, disk(breaks):
        fake_study.use_threads(patch, work)
        assert run(plan, folder) == 3
    assert "Read-only file system" in capsys.readouterr().err
    assert run(plan, folder) == 0
    assert content(folder) == untouched


def test_a_folder_that_is_read_only_from_the_start(plan: Plan, tmp_path: Path) -> None:
    def breaks(disk: Disk, half: Callable[[], object]) -> None:
        raise OSError(30, "Read-only file system")

    with disk(breaks), pytest.raises(UserError, match="Read-only file system"):
        run(plan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["fake/runs.csv", "fake/spectrum.csv", "summary.csv"])
@pytest.mark.parametrize("damage", ["cut", "emptied", "edited", "binary", "removed"])
def test_a_damaged_table_is_written_again_from_the_shards(
    plan: Plan, folder: Path, untouched: dict[str, bytes], name: str, damage: str
) -> None:
    harm(folder / name, damage)
    assert run(plan, folder) == 0
    assert content(folder) == untouched


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("cut", "it is cut off: its last line does not end"),
        ("emptied", "is not a table of this suite"),
        ("binary", "runs.csv"),
        ("a word", "contains a non-numeric value"),
        ("edited", "is not as the suite wrote it"),
        ("lines lost", "is not as the suite wrote it"),
        ("a line twice", "is not as the suite wrote it"),
    ],
)
def test_a_damaged_table_is_reported_when_it_is_judged(
    plan: Plan, folder: Path, capsys: pytest.CaptureFixture[str], damage: str, words: str
) -> None:
    """There is no traceback, nothing is written, and lost runs count."""
    harm(folder / "fake" / "runs.csv", damage)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capsys.readouterr()
    try:
        code = check(folder, None, "all")
        message = capsys.readouterr().err
        assert code == (3 if damage == "lines lost" else NOT_DECIDED)
    except UserError as error:
        message = str(error)
        assert "\n" not in message
    assert words in message
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_undamaged_table_is_judged_without_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert check(folder, None, "all") == NOT_DECIDED
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "suite: there is no claim to judge"


@pytest.mark.parametrize("damage", [b"", b"PK", b"\x00" * 500])
def test_a_damaged_shard_is_measured_again(
    plan: Plan, folder: Path, untouched: dict[str, bytes], damage: bytes
) -> None:
    path = next((folder / "shards").iterdir())
    path.write_bytes(damage)
    (folder / "fake" / "runs.csv").unlink()
    assert run(plan, folder) == 0
    assert content(folder) == untouched


@pytest.mark.parametrize("content", ["", "{", '{"schema": 2}', '{"schema": 1}', "[1]", "\x00"])
def test_a_damaged_manifest_is_refused_and_nothing_is_written(
    plan: Plan, folder: Path, content: str
) -> None:
    (folder / "manifest.json").write_text(content)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=r"manifest\.json"):
        run(plan, folder)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_runs_into_one_folder(plan: Plan, folder: Path, untouched: dict[str, bytes]) -> None:
    with FileLock(folder / ".lock"), pytest.raises(UserError, match="another run writes into"):
        run(plan, folder)
    assert content(folder) == untouched
    assert run(plan, folder) == 0


def test_what_a_killed_process_was_writing_is_removed_and_nothing_else(
    plan: Plan, folder: Path
) -> None:
    drafts = [folder / ".summary.csv.0123abcd", folder / "shards" / ".abc.npz.89ef0123"]
    mine = [folder / ".notes", folder / "fake" / ".a.csv.old", folder / "notes.0123abcd"]
    for path in (*drafts, *mine):
        path.write_text("")
    assert run(plan, folder) == 0
    assert not any(path.exists() for path in drafts)
    assert all(path.exists() for path in mine)
