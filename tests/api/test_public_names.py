"""``import suite``: what is public, that it costs nothing, and that it leaves nothing behind."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

import suite
from tests.support import ROOT

QUICK = ROOT / "results" / "reference" / "quick"
HEAVY = ("numpy", "pandas", "scipy", "matplotlib", "sklearn", "torch", "tensorflow", "keras")


def loaded(code: str, *names: str) -> str:
    """Run some code in a new process; return which modules it has loaded of those named."""
    code += f"\nimport sys\nprint(*(name for name in {names} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_nothing() -> None:
    """Of the suite only the package itself; that takes no time whatever the machine."""
    assert loaded("import suite", *HEAVY) == ""
    code = "import sys, suite\nown = [name for name in sys.modules if name[:6] == 'suite.']"
    assert loaded(f"{code}\nassert own == [], own") == ""


def test_reading_and_judging_need_no_framework() -> None:
    code = (
        "import suite\n"
        "quick = suite.load('results/reference/quick')\n"
        "quick.runs('training'), quick.figure('activation_mean_square')\n"
        "suite.check(quick.folder), suite.listing('claims'), suite.plan('training')"
    )
    assert loaded(code, "torch", "tensorflow", "keras") == ""


def imported_for_types() -> dict[str, tuple[str, str]]:
    """Public name -> module and name there, from the imports that a type checker reads."""
    tree = ast.parse(Path(str(suite.__file__)).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.asname: (str(node.module), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }


def test_a_type_checker_sees_the_same_names() -> None:
    assert imported_for_types() == suite._PLACES


def test_every_public_name_is_found_and_listed() -> None:
    for name in suite.__all__:
        assert getattr(suite, name) is not None
    assert set(dir(suite)) == set(suite.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        suite.lode  # noqa: B018  # looked up to fail


def test_no_public_name_hides_a_module_or_a_builtin() -> None:
    """``suite.claims`` is a package: once anything has imported it, the name means that."""
    folder = Path(str(suite.__file__)).parent
    modules = {path.stem for path in folder.iterdir()}
    assert not modules & set(suite.__all__)
    assert not set(suite.__all__) & set(dir(__builtins__))


def test_every_public_name_says_what_it_is() -> None:
    for name, (module, attribute) in suite._PLACES.items():
        value = getattr(importlib.import_module(module), attribute)
        if callable(value):
            text = value.__doc__ or ""
            assert text.strip(), name
            assert not text.startswith(f"{getattr(value, '__name__', name)}("), name


def test_types_are_shipped() -> None:
    assert (Path(str(suite.__file__)).parent / "py.typed").exists()
    assert '"py.typed"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_nothing_global_is_changed(capfd: pytest.CaptureFixture[str]) -> None:
    import logging
    import warnings

    before = (os.getcwd(), dict(os.environ), mpl.get_backend(), dict(mpl.rcParams))
    handlers, filters = list(logging.root.handlers), list(warnings.filters)
    results = suite.load(QUICK)
    results.figure("activation_mean_square")
    suite.check(QUICK)
    suite.compare(QUICK, QUICK)
    after = (os.getcwd(), dict(os.environ), mpl.get_backend(), dict(mpl.rcParams))
    assert after == before
    assert (list(logging.root.handlers), list(warnings.filters)) == (handlers, filters)
    assert capfd.readouterr() == ("", "")
