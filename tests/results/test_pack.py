"""A packed folder has the same bytes each time and nothing superfluous, and reads the same."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from suite.commands.main import main
from suite.judging.verdicts import NOT_DECIDED
from tests.support.breaking_disk import Killed, count, disk, full, kill

RUN = [
    "run",
    "propagation",
    "--profile",
    "quick",
    "--frameworks",
    "numpy",
    "--seeds",
    "3",
    "--set",
    "activation=tanh",
    "--set",
    "depth=3",
    "--set",
    "width=8",
    "--set",
    "initializer=he_normal,xavier_normal",
    "--jobs",
    "1",
]


def listed(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed") / "out"
    assert main([*RUN, "--out", str(folder)]) == 0
    return folder


def packed(finished: Path, out: Path, *more: str) -> dict[str, bytes]:
    assert main(["pack", str(finished), "--out", str(out), *more]) == 0
    return listed(out)


def test_what_is_kept_and_what_is_not(finished: Path, tmp_path: Path) -> None:
    files = packed(finished, tmp_path / "new", "--figures", "activation_mean_square")
    assert list(files) == [
        "claims.csv",
        "figures/activation_mean_square.png",
        "findings.csv.gz",
        "manifest.json",
        "propagation/histograms.csv.gz",
        "propagation/layers.csv.gz",
        "propagation/runs.csv.gz",
        "sha256sums.txt",
        "summary.csv.gz",
        "timings.csv.gz",
    ]
    before = listed(finished)
    assert files.pop("figures/activation_mean_square.png").startswith(b"\x89PNG")
    for name, content in files.items():
        if name.endswith(".gz"):
            content = gzip.decompress(content)
        assert content == before[name.removesuffix(".gz")], name


def test_packing_again_or_packing_what_was_packed_gives_the_same_bytes(
    finished: Path, tmp_path: Path
) -> None:
    files = packed(finished, tmp_path / "one")
    moved = Path(shutil.copytree(finished, tmp_path / "elsewhere"))
    (moved / "propagation" / "runs.csv").touch()
    assert packed(moved, tmp_path / "two") == files
    assert packed(tmp_path / "one", tmp_path / "three") == files
    # Bytes 4 to 7 of a gzip file are its time, and bit 3 of byte 3 says that a name follows.
    for name in files:
        if name.endswith(".gz"):
            assert files[name][4:8] == bytes(4)
            assert not files[name][3] & 8


def test_every_command_reads_a_packed_folder(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed(finished, tmp_path / "new")
    new = str(tmp_path / "new")
    assert main(["check", new, "--out", str(tmp_path / "judged")]) == NOT_DECIDED
    again = (tmp_path / "judged" / "claims.csv").read_bytes()
    assert again == (finished / "claims.csv").read_bytes()
    assert main(["plan", "propagation", "--frameworks", "numpy", "--margins", new]) == 0
    assert main(["report", new]) == 0
    capsys.readouterr()
    assert listed(tmp_path / "new")["report.html"] == (finished / "report.html").read_bytes()


def test_a_table_that_is_left_out_is_named(finished: Path, tmp_path: Path) -> None:
    files = packed(finished, tmp_path / "new", "--without", "propagation/histograms")
    assert "propagation/histograms.csv.gz" not in files
    manifest = json.loads(files["manifest.json"])
    stored = json.loads((finished / "manifest.json").read_text())
    assert manifest == {**stored, "left_out": ["propagation/histograms"]}
    again = packed(tmp_path / "new", tmp_path / "again", "--without", "propagation/layers")
    assert json.loads(again["manifest.json"])["left_out"] == [
        "propagation/histograms",
        "propagation/layers",
    ]


def test_a_packed_manifest_keeps_the_keys_of_a_newer_version(
    finished: Path, tmp_path: Path
) -> None:
    newer = Path(shutil.copytree(finished, tmp_path / "newer"))
    path = newer / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | {"accelerator": {"name": None}}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    files = packed(newer, tmp_path / "new", "--without", "propagation/layers")
    assert json.loads(files["manifest.json"]) == manifest | {"left_out": ["propagation/layers"]}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            ["--without", "propagation/layer"],
            ["unknown table", "did you mean 'propagation/layers'"],
        ),
        (["--without", "propagation/runs"], ["unknown table", "propagation/runs"]),
        (["--figures", "activation_mean_sqare"], ["unknown figure", "'activation_mean_square'"]),
    ],
)
def test_an_unknown_name_is_one_line_and_writes_nothing(
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    words: list[str],
) -> None:
    assert main(["pack", str(finished), "--out", str(tmp_path / "new"), *more]) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    for word in words:
        assert word in printed
    assert not (tmp_path / "new").exists()


def test_folders_that_cannot_be_packed_or_packed_into(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    assert main(["pack", str(finished), "--out", str(tmp_path / "mine")]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["pack", str(finished), "--out", str(finished / "training" / "new")]) == 2
    assert "lies inside" in capsys.readouterr().err
    assert not (finished / "training" / "new").exists()
    assert main(["pack", str(tmp_path / "mine"), "--out", str(tmp_path / "new")]) == 2
    assert "not a results folder" in capsys.readouterr().err
    half = Path(shutil.copytree(finished, tmp_path / "half"))
    (half / "propagation" / "runs.csv").unlink()
    assert main(["pack", str(half), "--out", str(tmp_path / "new")]) == 2
    assert "lacks propagation/runs.csv" in capsys.readouterr().err
    packed(finished, tmp_path / "new")
    (tmp_path / "new" / "summary.csv.gz").write_bytes(b"no gzip")
    assert main(["pack", str(tmp_path / "new"), "--out", str(tmp_path / "newer")]) == 2
    assert "summary.csv.gz cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "newer" / "manifest.json").exists()


# --- what goes wrong halfway --------------------------------------------------------------------


def inside(folder: Path) -> list[str]:
    """Return the names of all files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.rglob("*"))


@pytest.mark.parametrize("place", ["new", "new and deep/er", "empty"])
def test_a_disk_that_is_full_at_any_call_leaves_nothing(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    """A new folder that existed and was empty is empty again."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "empty").mkdir()
    words = ["pack", str(finished), "--out", str(home / place)]
    with disk(count) as whole:
        assert main(words) == 0
    shutil.rmtree(home)
    (home / "empty").mkdir(parents=True)
    refused = 0
    for call in range(1, whole.calls + 1):
        capsys.readouterr()
        with disk(full(call, calls=1)) as faulty:
            code = main(words)
        if faulty.broke:
            message = capsys.readouterr().err
            assert code == 2
            assert "could not be written: [Errno 28] No space left on device" in message
            assert len(message.splitlines()) == 1
            assert inside(home) == ["empty"], f"call {call} of {whole.calls}"
            refused += 1
        else:
            shutil.rmtree(home)
            (home / "empty").mkdir(parents=True)
    assert refused > 20


def test_a_pack_that_is_killed_leaves_no_folder_of_that_name(
    finished: Path, tmp_path: Path
) -> None:
    words = ["pack", str(finished), "--out", str(tmp_path / "new")]
    for call in (5, 15, 25):
        with disk(kill(call)), pytest.raises(Killed):
            main(words)
        assert not (tmp_path / "new").exists()
    assert main(words) == 0


def test_an_existing_folder_is_filled_and_not_replaced(finished: Path, tmp_path: Path) -> None:
    """It may be a mounted disk."""
    (tmp_path / "existing").mkdir()
    before = (tmp_path / "existing").stat().st_ino
    assert packed(finished, tmp_path / "existing") == packed(finished, tmp_path / "new")
    assert (tmp_path / "existing").stat().st_ino == before
    assert inside(tmp_path / "existing") == inside(tmp_path / "new")


def test_an_edited_folder_is_packed_and_its_packed_copy_is_warned_of_too(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = Path(shutil.copytree(finished, tmp_path / "edited"))
    path = edited / "propagation" / "layers.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("3", "4", 1), encoding="utf-8")
    capsys.readouterr()
    packed(edited, tmp_path / "new")
    message = (
        f"suite: {edited} is not as the suite wrote it: it was edited, or its run did not finish"
    )
    assert capsys.readouterr().err == f"{message} (edited: propagation/layers.csv)\n"
    packed(tmp_path / "new", tmp_path / "again", "--without", "propagation/histograms")
    assert "(edited: propagation/layers.csv)" in capsys.readouterr().err
    for command in ("check", "report"):
        main([command, str(tmp_path / "again")])
        message = f"suite: {tmp_path / 'again'} is not as the suite wrote it"
        assert capsys.readouterr().err.startswith(message)
    packed(finished, tmp_path / "sound", "--without", "propagation/histograms")
    assert main(["check", str(tmp_path / "sound")]) == NOT_DECIDED  # NumPy alone: no claim
    assert "is not as the suite wrote it" not in capsys.readouterr().err
