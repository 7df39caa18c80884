"""A pool is the same whatever the order in which it was put together, and small; copies, edited
files and folders that should be equal are noticed."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import suite
from suite import claims
from suite.commands.main import main
from suite.pooling import LIST, pool
from suite.pooling.member import member_of
from suite.results.checksums import write_sums
from suite.results.folder import Results
from suite.results.manifest import MANIFEST
from suite.types import UserError
from tests.support import fake_study
from tests.support.pools import FAMILY, counted, measured, together


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of two root seeds on two machines: one of each, and root 0 on both."""
    where = tmp_path_factory.mktemp("folders")
    with pytest.MonkeyPatch.context() as patch:
        fake_study.use_threads(patch)
        patch.setattr(claims, "shipped", lambda: FAMILY)
        return {
            "zero": measured(patch, where / "zero"),
            "elsewhere": measured(patch, where / "elsewhere", cpu="another"),
            "one": measured(patch, where / "one", root=1, cpu="another"),
        }


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_study.plan(monkeypatch, (1, 2, 3), 40)
    monkeypatch.setattr(claims, "shipped", lambda: FAMILY)


def pooled(out: Path, *given: Path) -> Path:
    """Pool folders by the command, and return the pool."""
    words = [str(path) for path in given]
    assert main(["pool", *words, "--out", str(out)]) == 0
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Return the one line with which a command line is refused."""
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1, error
    return error


def test_order_and_grouping_leave_no_trace(folders: dict[str, Path], tmp_path: Path) -> None:
    """Nor does a folder that is given twice."""
    a, b, c = folders.values()
    whole = files(pooled(tmp_path / "whole", a, b, c))
    for position, order in enumerate(itertools.permutations((a, b, c))):
        assert files(pooled(tmp_path / str(position), *order)) == whole
        first = pooled(tmp_path / f"first {position}", order[0], order[1])
        assert files(first) != whole
        assert files(pooled(first, order[2], first)) == whole
    two, one = pooled(tmp_path / "two", a, b), pooled(tmp_path / "one", c, b)
    assert files(pooled(tmp_path / "both", one, two, a)) == whole


def test_a_pool_needs_no_folder_and_is_small(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = pooled(tmp_path / "pool", *folders.values())
    said = capsys.readouterr().out
    assert "3 folders, 2 root seeds (0, 1), 2 environments" in said
    assert "A: cpu a processor" in said
    assert main(["check", str(out)]) == 0
    assert capsys.readouterr().out == said
    assert sum(map(len, files(out).values())) < 6000


def test_check_prints_each_form(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = pooled(tmp_path / "pool", *folders.values())
    capsys.readouterr()
    main(["check", str(out), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [one["claim"] for one in found["claims"]] == [claim.id for claim in FAMILY]
    assert {one["environment"] for one in found["folders"].values()} == {"A", "B"}
    # Each block of 20 seeds counts once: 40 of root 0, though two machines have them, and 40 of 1.
    assert {one["n"] for one in found["claims"]} == {80}
    assert found["claims"][0]["on_average"] == found["claims"][0]["everywhere"] == "supported"
    assert found["claims"][2]["on_average"] == "refuted" or found["claims"][2]["below"] > 0
    main(["check", str(out), "--all"])
    assert "decided-at-once" in capsys.readouterr().out
    main(["check", str(out), "--markdown"])
    assert "| decided-at-once |" in capsys.readouterr().out


def test_a_packed_folder_is_the_same_member(folders: dict[str, Path], tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    assert main(["pack", str(folders["zero"]), "--out", str(packed)]) == 0
    assert member_of(packed, FAMILY) == member_of(folders["zero"], FAMILY)


def test_a_copy_under_another_root_seed_is_noticed(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folders["zero"], copy)
    manifest = json.loads((copy / MANIFEST).read_text())
    (copy / MANIFEST).write_text(json.dumps({**manifest, "root_seed": 9}))
    error = refusal(capsys, "pool", copy, folders["zero"], "--out", tmp_path / "pool")
    assert "root seeds 0 and 9 have the same numbers" in error
    assert not (tmp_path / "pool").exists()
    # Also where the other one lies in a pool.
    out = pooled(tmp_path / "pool", folders["zero"])
    assert "is a copy" in refusal(capsys, "pool", copy, out, "--out", out)


def test_an_edited_folder_is_no_evidence(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = tmp_path / "edited"
    shutil.copytree(folders["zero"], edited)
    (edited / "claims.csv").write_text("made from the runs, and made again\n")
    out = pooled(tmp_path / "pool", edited)
    assert files(out) == files(pooled(tmp_path / "other", folders["zero"]))
    table = edited / "fake" / "runs.csv"
    table.write_text(table.read_text().replace("ok", "diverged", 1))
    error = refusal(capsys, "pool", edited, "--out", tmp_path / "third")
    assert "is not as the suite wrote it (edited: fake/runs.csv)" in error


def test_an_edited_pool_is_noticed(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = pooled(tmp_path / "pool", *folders.values())
    members = sorted((out / "members").iterdir())
    whole = members[0].read_bytes()
    assert b'"below": [' in whole
    members[0].write_bytes(whole.replace(b'"n": [20, 20]', b'"n": [20, 19]', 1))
    assert "was edited: its content is not that of its name" in refusal(capsys, "check", out)
    members[0].write_bytes(whole.replace(b"\n", b"\r\n"))  # as Git may on Windows
    assert main(["check", str(out)]) == 0
    members[0].rename(out / "members" / "0-0123456789abcdef.json")
    assert "it lacks members/" in refusal(capsys, "check", out)
    (out / "members" / "0-0123456789abcdef.json").rename(members[0])
    shutil.copy(members[0], out / "members" / "7.json")
    assert "does not list members/7.json" in refusal(capsys, "check", out)


def test_folders_that_should_be_equal_and_are_not_are_told(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A doctored folder agrees with its own checksums, but not with what others measured."""
    honest = counted(FAMILY[1], 0, [4, 5], print="0123")
    doctored = counted(FAMILY[1], 0, [0, 0], print="4567")
    elsewhere = counted(FAMILY[1], 0, [4, 4], print="89ab", cpu="another")
    (sentence,) = pool.disagreements(together(honest, doctored, elsewhere), FAMILY)
    assert "not the same numbers for needs-seeds" in sentence
    assert pool.disagreements(together(honest, honest, elsewhere), FAMILY) == []
    out = tmp_path / "pool"
    pool.write(out, together(honest, doctored))
    main(["check", str(out)])
    assert "! 0-" in capsys.readouterr().out


def test_runs_that_were_lost_are_left_out(
    folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost, one = tmp_path / "lost", folders["one"]
    shutil.copytree(folders["zero"], lost)
    results = Results(lost)
    table = lost / "fake" / "runs.csv"
    lines = table.read_text().splitlines(keepends=True)
    gone = [line for line in lines if ",2,0.5," in line][-3:]
    table.write_text("".join(line for line in lines if line not in gone))
    write_sums(results, ["fake"])
    assert main(["pool", str(lost), str(one), "--out", str(tmp_path / "pool")]) == 3
    assert "1 verdict without folders that lack runs" in capsys.readouterr().out
    # What another folder has of the same root seed and machine is not lost.
    assert (
        main(["pool", str(lost), str(one), str(folders["zero"]), "--out", str(tmp_path / "all")])
        == 0
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "it has no key 'schema'"),
        ('{"schema": 1, "members": []}', "is an empty pool"),
        ('{"schema": 1, "members": "a.json"}', "not a list of file names"),
        ('{"schema": 1, "members": ["../a.json"]}', "not a list of file names"),
        ('{"schema": 7, "members": []}', "schema is 7; this version reads schema 1"),
        ('{"schema": 1, "members": ["0-a.json"]}', "it lacks members/0-a.json"),
    ],
)
def test_what_is_no_pool_is_one_line(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / LIST).write_text(content)
    assert said in refusal(capsys, "check", tmp_path)
    assert said in refusal(capsys, "report", tmp_path)
    assert said in refusal(capsys, "pool", tmp_path, "--out", tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"schema": 1', '"schema": 2'), "schema is 2"),
        (('"root_seed"', '"root"'), "cannot be read"),
        (('"n": [20', '"n": [-20'), "cannot be read"),
        (('"below": [', '"below": [1, '), "has counts of 3 blocks"),
        (('"n": [20, 20], "below"', '"n": [0, 20], "below"'), "was edited"),
        (('"n": [20, 20], "below"', '"n": [1, 1], "below"'), "has too many counts in block"),
        (('"claim"', '"extra": 1, "claim"'), "cannot be read"),
    ],
)
def test_a_member_that_cannot_be_is_one_line(
    change: tuple[str, str],
    said: str,
    folders: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = pooled(tmp_path / "pool", folders["zero"])
    (member,) = (out / "members").iterdir()
    text = member.read_text()
    assert change[0] in text
    member.write_text(text.replace(*change, 1))
    assert said in refusal(capsys, "check", out)


def test_folders_of_other_claims_are_refused(
    folders: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = pooled(tmp_path / "pool", folders["zero"])
    other = replace(FAMILY[1], text_hash="f" * 12)
    monkeypatch.setattr(claims, "shipped", lambda: (FAMILY[0], other, FAMILY[2]))
    assert "of 'needs-seeds', whose text here is ffffff" in refusal(capsys, "check", out)
    error = refusal(capsys, "pool", out, folders["one"], "--out", out)
    assert "is about other claims" in error
    monkeypatch.setattr(claims, "shipped", lambda: FAMILY[:1])
    assert "which is not known here" in refusal(capsys, "check", out)
    unasked = replace(FAMILY[0], study="another")
    monkeypatch.setattr(claims, "shipped", lambda: (unasked,))
    error = refusal(capsys, "pool", folders["zero"], "--out", tmp_path / "none")
    assert "no run that any of the claims is about" in error


def test_wrong_folders_are_one_line(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, out = folders["zero"], tmp_path / "pool"
    assert "there is no folder" in refusal(capsys, "pool", tmp_path / "nothing", "--out", out)
    assert "is a file" in refusal(capsys, "pool", a / MANIFEST, "--out", out)
    assert "exists and is not a pool" in refusal(capsys, "pool", a, "--out", a)
    pooled(out, a)
    error = refusal(capsys, "pool", folders["one"], "--out", out)
    assert "would lose members/0-" in error
    assert "suite pool" in error
    assert "has no claims.csv" in refusal(capsys, "check", out, "--out", tmp_path / "x")
    with pytest.raises(UserError, match="cannot write"):
        pool.write(a / MANIFEST / "pool", pool.read(out))


def test_the_processors_of_a_cluster_are_an_environment(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(folders["zero"], mixed)
    manifest = json.loads((mixed / MANIFEST).read_text())
    processors = {"new": 3, "a processor": 3}
    (mixed / MANIFEST).write_text(json.dumps({**manifest, "processors": processors}))
    assert member_of(mixed, FAMILY).environment["cpu"] == "a processor, new"


def test_python_judges_a_pool_by_its_own_function(folders: dict[str, Path], tmp_path: Path) -> None:
    found = suite.pool(*folders.values(), out=tmp_path / "pool")
    assert list(found.verdicts["claim"]) == [claim.id for claim in FAMILY]
    assert found.environments["A"]["cpu"] == "a processor"
    assert (found.exit_code, found.unequal) == (0, ())
    assert suite.pool(tmp_path / "pool").verdicts.equals(found.verdicts)
    with pytest.raises(UserError, match=r"suite\.pool judges it"):
        suite.check(tmp_path / "pool")
    with pytest.raises(UserError, match="needs out"):
        suite.pool(*folders.values())
