"""Each mistake in a plugin is one clear line, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from suite import plugins
from suite.catalogue.activations import ACTIVATIONS
from suite.commands.main import main
from suite.plugins import module
from suite.types import UserError
from tests.support.plugins import SNAKE, write

HEAD = "from suite.catalogue.activations import Activation\nimport numpy as np\n"


def entry(**changed: str) -> str:
    """Return the text of an activation, some of whose arguments are others."""
    arguments = {"name": "'bent'", "source": "'none'", "value": "np.tanh", "slope": "np.cosh"}
    written = ", ".join(f"{name}={text}" for name, text in {**arguments, **changed}.items())
    return f"Activation({written})"


WRONG = {
    "it raises": ("x = 1\n1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
    "its syntax": ("def f(:\n", "line 1: SyntaxError: invalid syntax"),
    "it ends the program": ("raise SystemExit(3)\n", "it ends the program"),
    "it lacks a package": (
        "import no_such_package\n",
        "line 1: it imports 'no_such_package', which is not installed",
    ),
    "an argument too few": (f"{HEAD}A = Activation('bent')\n", "line 3: TypeError: .*missing"),
    "it is empty": ("", "has no items: no public value of it is one of metric, activation"),
    "its item is private": (f"{HEAD}_A = {entry()}\n", "has no items"),
    "only what the suite has": (
        "from suite.catalogue.activations import ACTIVATIONS\nRELU = ACTIVATIONS['relu']\n",
        "has no items",
    ),
    "a study without an instance": (
        "from suite.types import Study\nclass Mine(Study):\n    pass\n",
        r"the study Mine has no instance; write STUDY = Mine\(\)",
    ),
    "two of a name": (
        f"{HEAD}A = {entry()}\nB = {entry()}\n",
        "has two items that are activation 'bent'",
    ),
    "a name of the suite": (
        HEAD + f"A = {entry(name=repr('relu'))}\n",
        "activation 'relu' has the name of one of the suite's; rename it",
    ),
    "a wrong name": (f"{HEAD}A = {entry(name=repr('My bent'))}\n", "'My bent' has a wrong name"),
    "no name": (f"{HEAD}A = {entry(name='3')}\n", "activation 3 has a wrong name"),
    "a value that is no function": (
        f"{HEAD}A = {entry(value='3')}\n",
        "activation 'bent': value is int 3, not a function",
    ),
    "parameters that are no numbers": (
        f"{HEAD}A = {entry(parameters='dict(a=[1])')}\n",
        "'bent': parameters is dict .*, not a mapping from text to a number or None",
    ),
    "kinks that are no tuple": (f"{HEAD}A = {entry(kinks='0.0')}\n", "kinks is float 0.0, not a"),
    "an empty source": (f"{HEAD}A = {entry(source=repr(' '))}\n", "source is empty"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_plugin_is_one_line_that_names_it(text: str, said: str, tmp_path: Path) -> None:
    path, before = write(tmp_path, text), {*sys.modules}
    source = plugins.find(str(path))
    with pytest.raises(UserError, match=said) as raised, plugins.loaded([source]):
        pass
    assert str(raised.value).startswith(f"plugin 'my' ({path})")
    assert "\n" not in str(raised.value)
    assert ACTIVATIONS.brought == ()
    assert plugins.active() == ()
    assert not {name for name in {*sys.modules} - before if "suite_plugin" in name}


def test_a_wrong_plugin_takes_those_before_it_away_again(tmp_path: Path) -> None:
    good = plugins.find(str(write(tmp_path)))
    wrong = plugins.find(str(write(tmp_path, "1 / 0\n", "wrong")))
    with pytest.raises(UserError, match="plugin 'wrong'"), plugins.loaded([good, wrong]):
        pass
    assert ACTIVATIONS.brought == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("absent.py", "--plugin absent.py cannot be read: No such file or directory"),
        ("no_such_module", "no such file, and no such module is installed"),
        ("no.such.module", "no such file, and no such module is installed"),
        ("sys", "the module has no Python source"),
        ("a b", "is neither a Python file nor the name of a module"),
        (
            "torch.py",
            r"the name 'torch' is taken \(numpy, torch, tensorflow, jax, keras_torch, keras_jax,",
        ),
        ("file.py", "the name 'file' is taken"),
        ("My-act.py", "'My-act' is not the name of a plugin"),
        ("folder", "is a folder; name a file in it, or install it"),
        ("notes.txt", "is not a Python file"),
    ],
)
def test_what_is_no_plugin_is_refused_before_anything_is_imported(
    given: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("torch.py", "file.py", "My-act.py", "notes.txt"):
        (tmp_path / name).write_text("1 / 0\n")
    given = f"./{given}" if given == "folder" else given
    with pytest.raises(UserError, match=said):
        plugins.find(given)


def test_a_file_beside_is_named_where_a_module_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, name="beside_this")
    with pytest.raises(UserError, match=r"there is a file: --plugin beside_this\.py"):
        plugins.find("beside_this")


def test_two_plugins_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = write(tmp_path), write(tmp_path / "other", SNAKE + "\n")
    assert len(plugins.find_all([str(first), str(first)])) == 1
    with pytest.raises(UserError, match=f"{first} is also a plugin named 'my'; rename one"):
        plugins.find_all([str(first), str(second)])


def test_no_control_character_of_a_plugin_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "print('\\x1b[31mred')\nraise ValueError('\\x1b[2J\\nsecond line')\n")
    assert main(["list", "activations", "--plugin", str(path)]) == 2
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert shown.err == (f"suite: plugin 'my' ({path}): line 2: ValueError: \\x1b[2J second line\n")


def test_a_plugin_that_hangs_when_it_is_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "SLOW", 0.01)
    path = write(tmp_path, f"import time\ntime.sleep(0.5)\n{SNAKE}")
    with plugins.loaded([plugins.find(str(path))]):
        pass
    said = capsys.readouterr().err
    assert said == f"suite: still importing the plugin 'my' ({path}); Ctrl-C ends it\n"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x = 1\x00", b"# coding: nonsense\n"])
def test_what_is_no_text_is_one_line(content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(content)
    source = plugins.find(str(path))
    said = r"plugin 'my' \(.*\): (line \d+: )?\w+Error: "
    with pytest.raises(UserError, match=said), plugins.loaded([source]):
        pass


def test_the_list_shows_what_was_brought(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "activations", "--plugin", str(write(tmp_path))]) == 0
    assert "my:snake(a=1)" in capsys.readouterr().out
