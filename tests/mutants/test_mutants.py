"""The list of planted mistakes fits the code, and some of them are planted for real.

``tox -e mutants`` plants them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants.__main__ import main
from tests.mutants.mutant import Mutant, chosen, load
from tests.mutants.plant import Outcome, Tree
from tests.support import ROOT

MUTANTS = load()
PLANTED = (
    "digest-purpose",
    "band-touched",
    "pairs-by-position",
    "shard-members",
    "tree-hash-names",
)
"""Mistakes that quick tests notice."""


def test_there_are_mistakes_in_every_part() -> None:
    assert len(MUTANTS) > 200
    parts = {mutant.file.split("/")[1] for mutant in MUTANTS}
    assert {"studies", "judging", "comparing", "results", "measuring", "planning"} <= parts


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_applies_once_and_compiles(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = mutant.applied(text)
    assert changed != text
    compile(changed, mutant.file, "exec")
    chosen_by = {place + 1 for place, word in enumerate(mutant.tests) if word == "-k"}
    files = [word for place, word in enumerate(mutant.tests) if place not in chosen_by]
    assert any(word.startswith("tests/") for word in files)
    assert all((ROOT / word.partition("::")[0]).exists() for word in files if word != "-k")
    assert mutant.by in {"failure", "import", "timeout"}
    assert mutant.reason.endswith(".")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with Tree(tmp_path_factory.mktemp("mutants") / "tree") as tree:
        yield tree


@pytest.mark.parametrize("name", PLANTED)
def test_some_are_planted(tree: Tree, name: str) -> None:
    (mutant,) = chosen(MUTANTS, name)
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    outcome = tree.plant(mutant)
    assert outcome.end == mutant.by, outcome.lines
    assert (tree.folder / mutant.file).read_text(encoding="utf-8") == source


# --- the tool ----------------------------------------------------------------------------------


def mutant(**fields: object) -> Mutant:
    """Return a mistake in a small tree, which ``small`` makes."""
    plain = {
        "name": "sum-of-one",
        "file": "suite/sums.py",
        "piece": "a + b",
        "becomes": "a - b",
        "reason": "A sum would be a difference.",
        "tests": ("tests/test_sums.py",),
    }
    return Mutant(**{**plain, **fields})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    """Return a copy of a tree with one function and one test of it."""
    folder = tmp_path_factory.mktemp("small")
    source = folder / "source"
    for name, text in {
        "suite/__init__.py": "",
        "suite/sums.py": "def add(a, b):\n    return a + b\n\n\ndef zero():\n    return 0\n",
        "tests/__init__.py": "",
        "tests/mutants/__init__.py": "",
        "tests/mutants/worker.py": (Path(__file__).parent / "worker.py").read_text(),
        "tests/test_sums.py": "from suite.sums import add\n\n\n"
        "def test_add():\n    assert add(2, 3) == 5\n",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    with Tree(folder / "tree", source) as tree:
        yield tree


def test_a_mistake_is_noticed_survives_or_breaks(small: Tree) -> None:
    """Also twice in a row, and in between, with a text of the same length."""
    assert small.plant(mutant()).end == "failure"
    assert small.plant(mutant(becomes="b + a")).end == "survived"
    assert small.plant(mutant()).end == "failure"
    assert small.test(("tests/test_sums.py",)).end == "survived"
    assert small.plant(mutant(piece="return 0", becomes="return 1")).end == "survived"
    assert small.plant(mutant(piece="def add", becomes="raise ValueError\ndef add")).end == "import"
    assert small.plant(mutant(tests=("tests/test_other.py",))).end == "error"
    assert small.plant(mutant(tests=("tests/test_sums.py", "-k", "nothing"))).end == "error"


def test_a_mistake_that_makes_a_test_run_for_ever_ends(small: Tree) -> None:
    endless = mutant(piece="return a + b", becomes="while True: pass")
    assert small.plant(endless, seconds=1.0).end == "timeout"


def test_a_piece_that_does_not_occur_once_is_an_error() -> None:
    with pytest.raises(ValueError, match="occurs 0 times"):
        mutant(piece="a * b").applied("a + b")
    with pytest.raises(ValueError, match="occurs 2 times"):
        mutant().applied("a + b, a + b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[mutant]]\nname = "a"\nwhat = 1\n', "unknown fields"),
        ('[[mutant]]\nname = "a"\n', "lacks"),
    ],
)
def test_a_wrong_entry_is_an_error(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ValueError, match=says):
        load(tmp_path)


def test_a_name_occurs_once(tmp_path: Path) -> None:
    entry = '[[mutant]]\nname = "a"\nfile = "f"\npiece = "p"\nbecomes = "b"\nreason = "r"\n'
    (tmp_path / "a.toml").write_text(f'{entry}tests = "t"\n{entry}')
    with pytest.raises(ValueError, match="same name"):
        load(tmp_path)


def test_a_text_that_no_mistake_has_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-k", "no such mistake"]) == 2
    assert capsys.readouterr().err == "no mistake has 'no such mistake' in its name or file\n"


@pytest.mark.parametrize("end", ["failure", "survived"])
def test_the_tool_fails_where_a_mistake_survives(
    end: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a tree that answers by itself."""

    class Answering(Tree):
        def __init__(self, folder: Path) -> None:
            """Copy nothing."""

        def __exit__(self, *_: object) -> None:
            """Stop nothing."""

        def test(self, tests: tuple[str, ...], seconds: float = 0.0) -> Outcome:
            return Outcome("survived", "", 0.0)

        def plant(self, mutant: Mutant, seconds: float = 0.0) -> Outcome:
            return Outcome(end if mutant.name == "digest-root" else "failure", "", 0.0)

    monkeypatch.setattr("tests.mutants.__main__.Tree", Answering)
    assert main(["-k", "seeds.py"]) == (1 if end == "survived" else 0)
    assert ("not noticed: digest-root" in capsys.readouterr().out) == (end == "survived")
