"""The committed reference results are judged again from their CSVs, without any framework."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suite.commands.main import main
from suite.results.accuracy import changes, tables
from suite.studies import GATE
from suite.types import PROFILES
from tests.support import ROOT

REFERENCE = ROOT / "results" / "reference"
STANDARD = REFERENCE / "standard"
FOLDERS = sorted(path.parent for path in REFERENCE.glob("*/manifest.json"))
BYTES = 20e6
"""The most bytes that all references together may add to a clone of the repository."""


def named(folder: Path) -> str:
    return folder.name


def known_to(stored: str, judged: str) -> str:
    """Return a table of verdicts without the claims that came after the stored one was written.

    The reference has nothing that could judge them: a claim that the stored table lacks is left
    out where it is not judged, and stays where it is.
    """
    older = {line.partition(",")[0] for line in stored.splitlines()}
    return "".join(
        line
        for line in judged.splitlines(keepends=True)
        if line.partition(",")[0] in older or ",not judged," not in line
    )


def test_a_new_claim_is_left_out_only_where_it_is_not_judged() -> None:
    stored = "claim,verdict,n\nold,supported,1\n"
    assert known_to(stored, stored + "new,not judged,0\n") == stored
    assert known_to(stored, stored + "new,refuted,1\n") != stored
    assert known_to(stored, "claim,verdict,n\nold,not judged,0\n") != stored


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_reference_is_judged_to_the_same_bytes_without_a_framework(
    folder: Path, tmp_path: Path
) -> None:
    """The frameworks are made impossible to import, not merely left alone.

    A module set to None in ``sys.modules`` would not do: SciPy looks there for the frameworks whose
    arrays it knows.
    """
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'tensorflow', 'keras', 'sklearn'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from suite.commands.main import main\n"
        f"sys.exit(main(['check', {str(folder)!r}, '--out', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout
    stored = (folder / "claims.csv").read_text(encoding="utf-8")
    assert known_to(stored, (tmp_path / "claims.csv").read_text(encoding="utf-8")) == stored


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_reference_names_the_code_it_came_from(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert re.fullmatch("[0-9a-f]{40}", manifest["git"]["commit"])
    assert manifest["git"]["dirty"] is False
    # A folder holds a whole profile and has its name, the upgrade gate, one study in profile
    # standard, or the compiled formulas, which profile full has alone.
    if folder.name in PROFILES:
        assert manifest["profile"] == folder.name
    elif folder.name == "gate":
        assert (manifest["profile"], tuple(manifest["studies"])) == ("quick", GATE)
    elif folder.name == "numerics_compiled":
        assert (manifest["profile"], manifest["studies"]) == ("full", ["numerics"])
    else:
        assert (manifest["profile"], manifest["studies"]) == ("standard", [folder.name])
    compiled = {"execution": ["compiled"]} if folder.name == "numerics_compiled" else {}
    assert (manifest["seeds"], manifest["overrides"]) == (None, compiled)


def test_the_references_are_small_and_hold_only_what_was_packed() -> None:
    files = [path for path in REFERENCE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= BYTES
    endings = {"".join(path.suffixes) for path in files}
    assert endings <= {".json", ".csv", ".csv.gz", ".png", ".txt"}


@pytest.mark.parametrize(("mark", "more"), [("headline", ["--headline"]), ("verdicts", [])])
def test_the_page_of_verdicts_shows_the_reference(
    mark: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(STANDARD), "--markdown", *more]) == 0
    text = (ROOT / "docs" / "reference" / "verdicts.md").read_text(encoding="utf-8")
    shown = re.search(f"<!-- {mark}: begin -->\n(.*)<!-- {mark}: end -->", text, re.DOTALL)
    assert shown is not None
    # Below the table the command lists the claims that came after the reference was made.
    assert rows_of(shown[1]) == rows_of(capsys.readouterr().out)
    assert len(rows_of(shown[1])) > 5


def rows_of(text: str) -> list[str]:
    """Return the lines of the tables in a Markdown text."""
    return [line for line in text.splitlines() if line.startswith("|")]


def test_the_page_on_comparisons_shows_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    """The output shown below a command is the output of that command, to the character."""
    text = (ROOT / "docs" / "explanation" / "frameworks.md").read_text(encoding="utf-8")
    shown = re.findall(r"```\n\$ suite (compare results/reference/standard .*)\n([^`]*)```", text)
    assert len(shown) == 2
    for command, output in shown:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            assert main(command.split()) == 0
        assert capsys.readouterr().out.strip() == output.strip()


def test_the_page_on_numerics_shows_the_reference() -> None:
    text = (ROOT / "docs" / "explanation" / "numerics.md").read_text(encoding="utf-8")
    shown = re.search("<!-- accuracy: begin -->\n(.*)<!-- accuracy: end -->", text, re.DOTALL)
    assert shown is not None
    assert shown[1].strip() == tables(REFERENCE / "numerics").strip()
    shown = re.search("<!-- compiled: begin -->\n(.*)<!-- compiled: end -->", text, re.DOTALL)
    assert shown is not None
    compiled = changes(REFERENCE / "numerics", REFERENCE / "numerics_compiled")
    assert shown[1].strip() == compiled.strip()
