"""Every command that a page, a manifest or a document shows can be pasted and runs."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path

import pytest

from suite.commands.arguments import parser
from suite.commands.main import COMMANDS, main
from tests.support import ROOT, fake_study

DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md"),
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")),
]


def planned(words: list[str]) -> int:
    """The exit code of ``suite plan`` for what ``suite run`` is asked; other words are parsed."""
    if parser().parse_args(words).command != "run":
        return 0
    kept = [word for word in words[1:] if word != "--no-report"]
    if "--out" in kept:
        place = kept.index("--out")
        del kept[place : place + 2]
    return main(["plan", *kept])


def commands(text: str) -> list[list[str]]:
    """The words of every command of the suite in a Markdown document, ``suite`` left out."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`]+)`", re.sub(r"^```\n.*?^```", "", text, flags=re.S | re.M))
    lines = [line for block in blocks for line in block.splitlines()] + inline
    parts = [part.strip() for line in lines for part in " ".join(line.split()).split("&&")]
    return [shlex.split(part)[1:] for part in parts if part.startswith("suite ")]


def test_the_page_and_the_manifest_of_a_run_show_commands_that_plan_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_study.use_threads(monkeypatch)
    folder = tmp_path / "a folder"
    main(
        [
            *("run", "products", "shift", "--profile", "quick", "--set", "width=4, 8", "--seeds=1"),
            *("--frameworks", "numpy", "--root", "7", "--jobs", "1", "--out", str(folder)),
        ]
    )
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    page = (folder / "report.html").read_text(encoding="utf-8")
    shown = [html.unescape(code) for code in re.findall(r"<code>(suite .*?)</code>", page)]
    assert shown
    expected = {name: entry["runs"] for name, entry in manifest["expected"].items()}
    capsys.readouterr()
    for command in (*shown, shlex.join(manifest["command"])):
        program, *words = shlex.split(command)
        assert program == "suite"
        assert words[0] == "run"
        assert planned([*words, "--jobs", "1"]) == 0
        told = {
            line.split()[0]: int(line.split()[2])
            for line in capsys.readouterr().out.splitlines()[1:3]
        }
        assert told == expected


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_of_a_document_are_understood(name: str) -> None:
    """Words in capitals stand for what the reader fills in: such a command is parsed alone."""
    for words in commands((ROOT / name).read_text(encoding="utf-8")):
        assert words[0] in COMMANDS, words
        if len(words) == 1 or any("[" in word for word in words):
            continue  # a name, or a form
        if any(re.fullmatch("[A-Z][A-Z_]*(=.*)?", word) for word in words):
            parser().parse_args(words)
        else:
            assert planned(words) == 0, words


def test_a_command_that_is_not_there_would_be_seen() -> None:
    (words,) = commands("Say `suite run training --depht 4` to\nrun it.")
    with pytest.raises(SystemExit):
        planned(words)
    with pytest.raises(AssertionError):
        assert commands("`suite rnu`")[0][0] in COMMANDS
