"""No control character that was read from a file reaches a terminal, whatever the command."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from suite import report
from suite.commands.main import main
from suite.results.compressed import locate
from suite.terminal import filtered_output, one_line, printable, unfiltered
from tests.support import ROOT

RED = "\x1b[31mred\x1b[0m"
SHOWN = r"\x1b[31mred\x1b[0m"


def test_control_characters_are_written_out() -> None:
    assert printable(RED) == SHOWN
    assert printable("a\rb\x07\x9b1m\x00\x7f") == r"a\rb\x07\x9b1m\x00\x7f"
    assert printable("right\u202eleft\u2066\u2028") == r"right\u202eleft\u2066\u2028"
    assert printable("tab\tnew line\nÜmlaut ✓ 漢字 🙂") == "tab\tnew line\nÜmlaut ✓ 漢字 🙂"


def test_a_message_is_one_line() -> None:
    assert one_line(f"two\nlines\r\n {RED}\u2028end") == f"two lines {SHOWN} end"


def test_output_is_filtered_and_restored(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with filtered_output():
        print(RED)
        print(RED, file=sys.stderr)
        assert unfiltered(sys.stderr) is before[1]
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == (f"{SHOWN}\n", f"{SHOWN}\n")
    assert unfiltered(stream := io.StringIO()) is stream


REFERENCE = ROOT / "results" / "reference" / "quick"


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """The quick reference, in a folder whose name would colour a terminal, as would the version of
    a library, the name of a file, and the reasons of its runs and verdicts."""
    folder = Path(shutil.copytree(REFERENCE, tmp_path / RED))
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["versions"]["torch"] = RED
    path.write_text(json.dumps(manifest), encoding="utf-8")
    for name in ("claims.csv", "training/runs.csv"):
        table = locate(folder / name)
        assert table is not None
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
        table.unlink()
        frame["reason"] = RED
        frame.to_csv(folder / name, index=False)
    (folder / f"training/{RED}.csv").write_text("a\n1\n")
    return folder


@pytest.mark.parametrize("command", ["check", "compare", "reproduce", "report", "pack", "plan"])
def test_no_command_obeys_what_it_reads(
    command: str,
    poisoned: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(report, "write_report", lambda folder, *_: folder)  # drawing takes long
    words = {
        "check": [str(poisoned)],
        "compare": [str(poisoned), str(REFERENCE)],
        "pack": [str(poisoned), "--out", str(tmp_path / f"packed {RED}")],
        "plan": ["training", "--profile", "quick", "--margins", str(poisoned)],
        "report": [str(poisoned)],
        "reproduce": [str(poisoned), "--sample", "1"],
    }[command]
    assert main([command, *words]) != 2
    printed = "".join(capsys.readouterr())
    assert "\x1b" not in printed
    assert SHOWN in printed
