"""A run with a plugin: what its folder records, and who can read it without the plugin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suite.catalogue.activations import ACTIVATIONS
from suite.commands.main import main
from suite.judging.verdicts import NOT_DECIDED
from suite.results import manifest as manifests
from tests.support.plugins import SNAKE, write

SELECTED = [
    "propagation",
    *("--frameworks", "numpy", "--set", "activation=my:snake(.5),tanh"),
    *("--set", "initializer=he_normal", "--set", "depth=2", "--set", "width=4"),
    *("--seeds", "2", "--jobs", "1", "--no-report"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder that was measured with the plugin my.py, and the plugin."""
    home = tmp_path_factory.mktemp("plugins")
    plugin, out = write(home), home / "run"
    assert main(["run", *SELECTED, "--plugin", str(plugin), "--out", str(out)]) == 0
    return out, plugin


def test_the_workers_measure_the_plugins_item(run: tuple[Path, Path]) -> None:
    rows = pd.read_csv(run[0] / "propagation" / "runs.csv")
    assert sorted(rows["activation"].unique()) == ["my:snake(0.5)", "tanh"]
    assert set(rows["status"]) == {"ok"}
    slopes = rows.groupby("activation")["forward_slope"].median()
    assert slopes["my:snake(0.5)"] > slopes["tanh"] + 0.1, "snake does not saturate"


def test_the_manifest_names_the_plugin_and_its_items(run: tuple[Path, Path]) -> None:
    stored = json.loads((run[0] / "manifest.json").read_text())["plugins"]
    assert [(plugin["name"], plugin["origin"]) for plugin in stored] == [("my", str(run[1]))]
    (item,) = stored[0]["items"]
    assert item["kind"] == "activation"
    assert item["name"] == "my:snake"
    assert item["parameters"] == {"a": 1.0}


@pytest.mark.parametrize(
    "words",
    [
        ["check", "{run}"],
        ["report", "{run}"],
        ["compare", "{run}", "{run}", "--set", "activation=my:snake(.5)"],
        ["compare", "{run}", "--by", "activation=tanh,my:snake(0.5)"],
        ["plan", *SELECTED[:3], "--margins", "{run}"],
    ],
    ids=lambda words: words[0],
)
def test_judging_does_not_need_the_plugin(
    words: list[str], run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run[0], copy)
    run[1].rename(run[1].with_suffix(".away"))
    try:
        code = main([word.format(run=copy) for word in words])
    finally:
        run[1].with_suffix(".away").rename(run[1])
    assert code in (0, NOT_DECIDED), capsys.readouterr().err
    assert "my:snake" not in ACTIVATIONS


def test_a_claim_about_the_plugins_item_is_judged_without_it(
    run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = tmp_path / "own.toml"
    claims.write_text(
        """
study = "propagation"

[[claim]]
id = "snake-keeps-its-signal"
statement = "The signal of snake(0.5) does not vanish."
source = "none"
metric = "forward_slope"
estimand = "value"
of = { framework = "numpy", activation = "my:snake(.5)", initializer = "he_normal", depth = 2, \
width = 4 }
band = [-1.0, 1.0]
expected = "supported"
because = "it is near the identity"
decides = "quick"
"""
    )
    assert main(["check", str(run[0]), "--claims", str(claims), "--json"]) in (0, NOT_DECIDED)
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert "snake-keeps-its-signal" in json.dumps(shown)
    assert '"n": 2' in json.dumps(shown)


def test_reproduce_needs_the_plugin_and_says_so(
    run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    stored = manifests.read(run[0] / "manifest.json").plugins[0]
    assert main(["reproduce", str(run[0]), "--jobs", "1"]) == 2
    said = capsys.readouterr().err
    assert f"was measured with the plugin my ({run[1]}, sha256 {stored.sha256[:12]})" in said
    assert "give it with --plugin" in said
    assert main(["reproduce", str(run[0]), "--jobs", "1", "--plugin", str(run[1])]) == 0


def test_another_version_is_another_run(
    run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write(tmp_path, SNAKE + "\n# another comment\n")
    words = ["run", *SELECTED, "--plugin", str(other), "--out"]
    assert main([*words, str(run[0])]) == 2
    assert "contains another run: the plugin 'my' was " in capsys.readouterr().err
    fresh = tmp_path / "fresh"
    assert main([*words, str(fresh), "--reuse", str(run[0])]) == 0
    said = capsys.readouterr().err
    assert "0 stacks taken over; not taken over: 1 of the plugin my (its sha256 was " in said


def test_a_run_without_plugins_keeps_its_identity() -> None:
    """The identity names no plugins, so that the hash of it is the one of older versions."""
    reference = Path(__file__).parents[2] / "results" / "reference" / "quick" / "manifest.json"
    stored = manifests.read(reference)
    assert tuple(stored.identity) == manifests.IDENTITY
    assert "plugins" not in stored.values()
