"""Plugins that are modules: named with --plugin, or found by the entry points of a package."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite import plugins
from suite.catalogue import activations
from suite.commands.main import main
from suite.plugins.installed import prefixes
from suite.types import UserError
from tests.support.plugins import INLINE, SNAKE, provide, write

SELECTED = [
    "propagation",
    *("--frameworks", "numpy", "--set", "initializer=he_normal", "--set", "depth=2"),
    *("--set", "width=4", "--seeds", "2", "--jobs", "1", "--no-report"),
]


def test_an_entry_point_is_found_by_the_prefix_of_its_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    provide(tmp_path, "provided_one")
    (source,) = plugins.find_all([], ["run", "--set", "activation=relu,provided_one:snake(.5)"])
    assert (source.name, source.content) == ("provided_one", None)
    assert "provided_one" not in sys.modules, "it is imported only when it is loaded"
    assert plugins.find_all([], ["activation=another:snake"]) == ()
    with plugins.loaded([source]):
        assert activations.resolve("provided_one:snake(.5)").parameters == (0.5,)


def test_the_command_line_needs_no_plugin_option_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    provide(tmp_path, "provided_two")
    out = tmp_path / "run"
    words = ["run", *SELECTED, "--set", "activation=provided_two:snake", "--out", str(out)]
    assert main(words) == 0, capsys.readouterr().err
    rows = pd.read_csv(out / "propagation" / "runs.csv")
    assert set(rows["activation"]) == {"provided_two:snake"}
    assert set(rows["status"]) == {"ok"}


def test_two_packages_with_one_prefix_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    provide(tmp_path, "provided_three")
    (tmp_path / "home").mkdir()
    write(tmp_path / "home", SNAKE, "provided_three")
    provide(tmp_path, "other")
    (tmp_path / "provides_other-1.0.dist-info" / "entry_points.txt").write_text(
        "[suite.studies]\nany = home.provided_three\n"
    )
    with pytest.raises(UserError, match="are both a plugin named 'provided_three'"):
        plugins.find_all([], ["activation=provided_three:snake"])


def test_a_module_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a worker would, on a machine with another version."""
    monkeypatch.syspath_prepend(str(tmp_path))
    write(tmp_path, SNAKE, "drifting")
    source = plugins.find("drifting")
    write(tmp_path, SNAKE + "\n# changed\n", "drifting")
    with pytest.raises(UserError, match="is another version here"), plugins.loaded([source]):
        pass


def test_a_changed_module_is_imported_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(tmp_path, SNAKE, "edited")
    for slope, text in ((1.0, SNAKE), (2.0, SNAKE.replace("x + np.sin", "2 * x + np.sin"))):
        write(tmp_path, text, "edited")
        with plugins.loaded([plugins.find("edited")]):
            value = activations.resolve("edited:snake").value(np.array([0.0, 1e-9]))
            assert value[1] / 1e-9 == pytest.approx(slope)


def test_prefixes_are_those_of_names() -> None:
    words = ["my:study", "--set", "activation=one:a(1),two:b", "--out", "C:/x", "a/b:c", "file:t"]
    assert prefixes(words) == {"my", "one", "two"}


def test_an_executor_of_a_plugin_measures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin, out = write(tmp_path, SNAKE + INLINE), tmp_path / "run"
    words = ["run", *SELECTED, "--set", "activation=my:snake,tanh", "--plugin", str(plugin)]
    assert main([*words, "--executor", "my:Inline", "--out", str(out)]) == 0
    assert "inline 1\n" in capsys.readouterr().out
    assert len(pd.read_csv(out / "propagation" / "runs.csv")) == 4
    assert main([*words, "--executor", "my:Inlin"]) == 2
    assert "unknown executor of my 'Inlin'; did you mean 'Inline'?" in capsys.readouterr().err
    assert main([*words, "--executor", "no_such_module:Thing"]) == 2
    assert "needs the package 'no_such_module', which is not installed" in capsys.readouterr().err
