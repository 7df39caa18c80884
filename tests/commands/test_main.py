"""Commands as a user types them: their output, their exit codes and their errors."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suite.catalogue.frameworks import Entry
from suite.commands import arguments
from suite.commands import main as main_module
from suite.commands.list import KINDS
from suite.commands.main import COMMANDS, main, parser
from suite.frameworks.timing import STAGES
from suite.planning import axes
from suite.results.tables import read_table
from suite.types import PROFILES

TINY = [
    "run",
    "propagation",
    "--profile",
    "quick",
    "--frameworks",
    "numpy",
    "--seeds",
    "3",
    "--set",
    "activation=tanh,relu",
    "--set",
    "depth=3",
    "--set",
    "width=8",
    "--set",
    "initializer=he_normal,xavier_normal,orthogonal,normal(0.5)",
    "--jobs",
    "2",
]
DATA = (
    "propagation/runs.csv",
    "propagation/layers.csv",
    "propagation/histograms.csv",
    "summary.csv",
    "claims.csv",
)


def digests(folder: Path, names: tuple[str, ...] = DATA) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a tiny run of the oracle against itself, in worker processes."""
    folder = tmp_path_factory.mktemp("tiny") / "out"
    assert main([*TINY, "--out", str(folder)]) == 0
    return folder


def test_timings_account_for_the_time_of_a_run(finished: Path) -> None:
    rows = read_table(finished / "timings.csv")
    stacks = rows[rows["stage"] == "stack"]
    assert list(rows["stage"][:3]) == ["measure", "write", "judge"]
    assert (stacks[["statistics", "draw"]].notna().all()).all()
    inside = stacks[[name for name in STAGES if name not in ("start", "write")]].sum(axis=1)
    # Nearly all of a stack's time is in some stage: loading a framework and what happens between
    # stages take little.
    assert (inside <= stacks["seconds"] * 1.001).all()
    assert inside.sum() > 0.9 * stacks["seconds"].sum()
    assert (stacks["start"] > 0).sum() >= 1


def test_a_run_leaves_all_promised_files(finished: Path) -> None:
    names = {path.relative_to(finished).as_posix() for path in finished.rglob("*")}
    assert names >= {
        "manifest.json",
        "summary.csv",
        "claims.csv",
        "junit.xml",
        "timings.csv",
        "report.html",
        "propagation/runs.csv",
    }
    manifest = json.loads((finished / "manifest.json").read_text())
    assert manifest["expected"]["propagation"]["runs"] == 2 * 4 * 3
    assert manifest["command"][:3] == ["suite", "run", "propagation"]
    assert manifest["versions"]["numpy"]
    text = (finished / "manifest.json").read_text()
    assert os.uname().nodename not in text


def test_the_same_command_resumes_and_changes_no_byte(finished: Path) -> None:
    before = digests(finished)
    shards = sorted((finished / "shards").glob("*.npz"))
    shards[0].unlink()
    kept = shards[1].stat().st_mtime_ns
    assert main([*TINY, "--out", str(finished)]) == 0
    assert digests(finished) == before
    assert shards[1].stat().st_mtime_ns == kept
    assert shards[0].exists()


def test_workers_and_order_change_no_byte(finished: Path, tmp_path: Path) -> None:
    alone = [*TINY[:-1], "1"]
    assert main([*alone, "--out", str(tmp_path / "again")]) == 0
    assert digests(tmp_path / "again") == digests(finished)


def test_another_root_seed_gives_other_numbers(finished: Path, tmp_path: Path) -> None:
    assert main([*TINY, "--root", "1", "--no-report", "--out", str(tmp_path / "root")]) == 0
    name = "propagation/runs.csv"
    ours, others = (read_table(folder / name) for folder in (finished, tmp_path / "root"))
    assert (ours["seed"] == others["seed"]).all()
    assert (ours["forward_slope"] != others["forward_slope"]).all()


def test_check_judges_again_and_writes_only_with_out(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()}
    code = main(["check", str(finished), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["exit_code"] == code
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert main(["check", str(finished), "--out", str(tmp_path / "again")]) == code
    again = (tmp_path / "again" / "claims.csv").read_bytes()
    assert again == (finished / "claims.csv").read_bytes()


def test_report_draws_again(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished / "report.html").read_bytes()
    assert main(["report", str(finished)]) == 0
    assert capsys.readouterr().out.strip() == str(finished / "report.html")
    assert (finished / "report.html").read_bytes() == before


def test_plan_as_json_and_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", "--profile", "quick", "--frameworks", "torch", "--jobs", "2"]
    assert main([*arguments, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {"runs", "cells", "stacks", "seconds", "bytes"} <= set(plan)
    assert plan["runs"] == sum(study["runs"] for study in plan["studies"].values())
    assert plan["seconds"] < sum(study["seconds"] for study in plan["studies"].values())
    assert main(arguments) == 0
    assert "training" in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_list_shows_every_kind(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind, "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)[kind]
    assert entries
    assert all(entry["name"] and entry["meaning"] for entry in entries)
    assert main(["list", kind]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= len(entries)


WRONG = [
    (["run", "trainning"], ["'trainning'", "did you mean 'training'", "propagation"]),
    (["plan", "--profile", "quik"], ["'quik'", "did you mean 'quick'"]),
    (["plan", "--set", "activation=tanhh"], ["did you mean 'tanh'"]),
    (["plan", "--set", "activaton=tanh"], ["did you mean 'activation'"]),
    (["plan", "training", "--set", "depth=-2"], ["'-2'", "from 1"]),
    (["plan", "--set", "depth="], ["no value"]),
    (["plan", "--frameworks", "tensorflo"], ["did you mean 'tensorflow'"]),
    (["plan", "--frameworks", ","], ["names none"]),
    (["list", "activatons"], ["did you mean 'activations'"]),
    (["chek", "/no/such/folder"], ["'chek'", "did you mean 'check'"]),
    (["plan", "--frameworks", "TORCH"], ["did you mean 'torch'"]),
    (["plan", "--set", f"depth={'9' * 400}"], ["whole numbers from 1 to"]),
    (["check", "/no/such/folder"], ["there is no folder /no/such/folder"]),
    (["report", "/no/such/folder"], ["there is no folder /no/such/folder"]),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=lambda value: " ".join(value))
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    for word in words:
        assert word in printed.err


WRONG_WORDS = [
    ([], ["COMMAND"]),
    (["plan", "--fast"], ["--fast"]),
    (["plan", "--prof=quick"], ["--prof=quick"]),
    (["check"], ["DIR"]),
    (["plan", "--seeds", "0"], ["--seeds", "'0'", "from 1 to"]),
    (["plan", "--seeds", "many"], ["--seeds", "'many'"]),
    (["plan", "--seeds", "-3"], ["--seeds", "'-3'"]),
    (["plan", "--seeds=--5"], ["--seeds", "'--5'"]),
    (["plan", "--seeds", "9" * 5000], ["--seeds", "'9999"]),
    (["plan", "--jobs", "0"], ["--jobs", "from 1 to 1024"]),
    (["plan", "--root", "-1"], ["--root", "from 0 to"]),
    (["run", "--timeout", "0"], ["--timeout", "from 1 to"]),
    (["reproduce", "DIR", "--sample", "0"], ["--sample", "from 1 to"]),
    (["reproduce", "DIR", "--seed", "x"], ["--seed", "'x'"]),
    (["reproduce", "DIR", "--json", "--csv"], ["--csv", "not allowed with"]),
]
"""Command lines that the parser refuses, and parts of its error."""


@pytest.mark.parametrize(
    ("arguments", "parts"), WRONG_WORDS, ids=lambda value: " ".join(value)[:40]
)
def test_wrong_words_are_one_line_and_exit_code_2(
    arguments: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert len(error) < 200
    for part in parts:
        assert part in error


def test_the_options_and_the_plan_have_the_same_limit() -> None:
    """The option has a limit of its own because importing the plan's is slow."""
    assert arguments.LARGEST == axes.LARGEST


def test_every_command_is_a_file_with_its_name() -> None:
    """A file of a command that is not in the list would never be offered."""
    folder = Path(main_module.__file__).parent
    helpers = {"__init__", "__pycache__", "main", "arguments", "board", "selection"}
    files = {path.stem for path in folder.iterdir()}
    assert files - helpers == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_states_every_default(command: str) -> None:
    """An option that takes a value says what happens without it; a flag is off."""
    (commands,) = (
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    for action in commands.choices[command]._actions:
        if not action.option_strings or action.nargs == 0 or action.required:
            continue
        help_text = str(action.help)
        assert "default" in help_text, action.option_strings
        if action.default not in (None, [], ()):
            stated = rf"default: {action.default}\b|\b{action.default} \(the default"
            assert re.search(stated, help_text), action.option_strings


def test_help_describes_every_profile(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    (described,) = re.findall(r"--profile NAME (.*?) --set", text)
    assert all(re.search(rf"\b{profile} \(", described) for profile in PROFILES)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_loads_no_slow_library(command: list[str]) -> None:
    """NumPy alone takes longer to import than all the rest of ``--help``."""
    code = (
        "import sys\n"
        "from suite.commands.main import main\n"
        "try:\n    main([*sys.argv[1:], '--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'numpy', 'pandas', 'scipy', 'torch', 'tensorflow'}\n"
        "sys.exit(' '.join(slow & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_framework_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Entry, "installed", property(lambda entry: not entry.extra))
    assert main(["run", "parity", "--profile", "quick", "--frameworks", "torch"]) == 2
    assert "pip install 'init-suite[torch]'" in capsys.readouterr().err
    assert main(["run", "parity", "--profile", "quick"]) == 2
    assert "init-suite[all]" in capsys.readouterr().err


def test_another_run_in_the_folder_is_refused_and_nothing_lost(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = digests(finished)
    assert main([*TINY, "--seeds", "4", "--out", str(finished)]) == 2
    assert "contains another run" in capsys.readouterr().err
    assert digests(finished) == before


def test_a_folder_that_is_not_writable_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert main([*TINY, "--out", str(tmp_path / "file" / "below")]) == 2
    assert "cannot write" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "suite", "--version"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.startswith("suite 0")
    assert done.returncode == 0


def test_an_interrupted_pipe_is_no_traceback() -> None:
    done = subprocess.run(
        f"{sys.executable} -m suite list | head -1", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""
