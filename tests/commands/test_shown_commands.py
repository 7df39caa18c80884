"""Every command that a page, a manifest or a document shows runs when it is pasted."""

from __future__ import annotations

import html
import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from suite.commands.main import COMMANDS, main, parser
from tests.support import ROOT, fake_study

FORM = "[A-Z][A-Z_]*(=.*)?"
"""What the reader fills in."""
DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md"),
    *sorted(
        str(path.relative_to(ROOT))
        for path in (ROOT / "docs").rglob("*.md")
        if not {"decisions", "generated", "_build"} & set(path.parts)  # decisions are history
    ),
]


def planned(words: list[str]) -> int:
    """Return the exit code of ``suite plan`` for what ``suite run`` is given; only parse others."""
    if parser().parse_args(words).command != "run":
        return 0
    kept = [word for word in words[1:] if word != "--no-report"]
    for option in ("--out", "--reuse"):
        if option in kept:
            place = kept.index(option)
            del kept[place : place + 2]
    return main(["plan", *kept])


def problem(words: list[str]) -> str | None:
    """Return what is wrong with a shown command, or None where it can be pasted.

    A single word is a name and brackets make it a form: neither is a whole command. Words in
    capitals, and files of the reader's own, stand for what the reader fills in: such a command is
    only parsed.
    """
    option = words[0].startswith("-")
    if words[0] not in COMMANDS and not option:
        return f"there is no command {words[0]}"
    if (len(words) == 1 and not option) or any("[" in word for word in words):
        return None
    try:
        if (
            option
            or own_file(words)
            or "--executor" in words
            or any(re.fullmatch(FORM, word) for word in words)
        ):
            parser().parse_args(words)
        elif code := planned(words):
            return f"exit code {code}: {shlex.join(words)}"
    except SystemExit as end:
        if not end.code:  # --help or --version
            return None
        return f"exit code {end.code}: {shlex.join(words)}"
    return None


def own_file(words: list[str]) -> bool:
    """Return whether a command brings a plugin or a table that is not in the repository."""
    given = [value for option, value in pairwise(words) if option in ("--plugin", "--dataset")]
    return any(not (ROOT / value.partition(",")[0]).exists() for value in given)


def commands(text: str) -> list[list[str]]:
    """Return the words after ``suite`` of every command in a Markdown document."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`([^`]+)`", re.sub(r"^```\w*\n.*?^```", "", text, flags=re.S | re.M))
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
    for command in (shown[0], shlex.join(manifest["command"])):
        program, *words = shlex.split(command)
        assert program == "suite"
        assert words[0] == "run"
        assert planned([*words, "--jobs", "1"]) == 0
        lines = capsys.readouterr().out.splitlines()[1:3]
        assert {line.split()[0]: int(line.split()[2]) for line in lines} == expected
    for command in shown[1:]:  # such as what draws or measures a single figure
        words = shlex.split(command)[1:]
        assert problem([*words, "--jobs", "1"] if words[0] == "run" else words) is None


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_of_a_document_can_be_pasted(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [words for words in commands(text) if problem(words)] == []


WRONG = [
    ("Say `suite run training --depht 4` to\nrun it.", "exit code 2: run training --depht 4"),
    ("Say `suite run trainning`.", "exit code 2: run trainning"),
    ("```\nsuite list && suite plan --seeds 0\n```\n", "exit code 2: plan --seeds 0"),
    ("`suite check DIR --jsn`", "exit code 2: check DIR --jsn"),
    ("`suite rnu`", "there is no command rnu"),
    ("`suite --versoin`", "exit code 2: --versoin"),
    ("```toml\na = 1\n```\nThen `suite rnu`.", "there is no command rnu"),
    (
        "`suite run training --plugin my.py --sed 4`",
        "exit code 2: run training --plugin my.py --sed 4",
    ),
]


@pytest.mark.parametrize(("text", "error"), WRONG)
def test_a_wrong_command_in_a_document_is_seen(text: str, error: str) -> None:
    assert [problem(words) for words in commands(text)][-1] == error


def test_a_document_of_correct_commands_has_no_problem() -> None:
    block = "```\nsuite check DIR --headline\nsuite plan products\n```"
    text = f"`suite list`\n{block}\n`suite run [...]` `suite --version`"
    assert [problem(words) for words in commands(text)] == [None] * 5
