"""A study of a plugin, with its metric and its claims, in one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from suite import plugins
from suite.commands.main import main
from suite.metrics import METRICS
from suite.plugins.study import Brought
from suite.studies import STUDIES
from suite.types import Study, UserError
from tests.support.plugins import INLINE, write

STUDY = (
    INLINE
    + '''
import numpy as np

from suite.claims import claims_text
from suite.metrics import Metric
from suite.studies.common.measurements import completed
from suite.types import Cost, Grid, Study, Table, TableSpec


class Steepness(Study):
    name = "steepness"
    question = "How steep is an activation at most?"
    source = "none"
    axes = ("framework", "activation")
    within = ()
    tables = (TableSpec("runs", ("steepest", "saturated_share")),)

    def grids(self, profile):
        return (Grid({"activation": ("tanh", "relu")}, seeds=3),)

    def measure(self, stack, lab):
        points = np.linspace(-5.0, 5.0, 1001)
        slopes = [
            lab.framework.evaluate(member.cell.text("activation"), points)[1]
            for member in stack.members
        ]
        columns = {
            "steepest": np.array([np.abs(slope).max() for slope in slopes]),
            "saturated_share": np.array([(slope < 0.01).mean() for slope in slopes]),
        }
        return completed(len(slopes), Table("runs", {}, columns))

    def cost(self, stack):
        return Cost(0.01, 1e6)


STUDY = Steepness()
METRICS = (Metric("steepest", "1", "largest magnitude of the slope on a grid"),)
CLAIMS = claims_text("""
study = "my:steepness"

[[claim]]
id = "never-above-one"
statement = "The slope of tanh is never above 1."
source = "calculus"
metric = "my:steepest"
estimand = "value"
kind = "exact"
of = { framework = "numpy", activation = "tanh" }
band = [0.0, 1.0]
expected = "supported"
because = "1 - tanh(x)^2 is at most 1"
decides = "quick"
""")
'''
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a run of the study, and the plugin."""
    home = tmp_path_factory.mktemp("study")
    plugin, out = write(home, STUDY), home / "run"
    words = ["run", "my:steepness", "--plugin", str(plugin), "--executor", "my:Inline"]
    assert main([*words, "--frameworks", "numpy", "--out", str(out)]) == 0
    return out, plugin


def test_its_table_has_its_own_metric_and_the_suites(run: tuple[Path, Path]) -> None:
    rows = pd.read_csv(run[0] / "my:steepness" / "runs.csv")
    assert list(rows.columns)[-2:] == ["my:steepest", "saturated_share"]
    assert dict(rows.groupby("activation")["my:steepest"].max()) == {"tanh": 1.0, "relu": 1.0}
    assert set(pd.read_csv(run[0] / "summary.csv")["metric"]) >= {"my:steepest"}


def test_its_claim_is_judged_under_the_plugins_name(
    run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    stored = pd.read_csv(run[0] / "claims.csv").set_index("claim")
    assert stored.loc["my:never-above-one", "verdict"] == "supported"
    assert main(["check", str(run[0]), "--plugin", str(run[1]), "--json"]) == 0
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    found = [verdict for verdict in shown["claims"] if verdict["claim"] == "my:never-above-one"]
    assert [verdict["verdict"] for verdict in found] == ["supported"]


def test_its_page_has_a_section_without_the_plugin(run: tuple[Path, Path]) -> None:
    assert main(["report", str(run[0])]) == 0
    page = (run[0] / "report.html").read_text()
    assert "my:steepness" in page
    assert "The slope of tanh is never above 1." in page


def test_what_needs_the_study_says_how_to_give_it(
    run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("check", "reproduce"):
        assert main([command, str(run[0])]) == 2
        said = capsys.readouterr().err
        assert said.startswith("suite: study 'my:steepness' is of the plugin my (")
        assert said.endswith("give it with --plugin\n")
    assert main(["reproduce", str(run[0]), "--plugin", str(run[1]), "--jobs", "1"]) == 0


def test_compare_needs_the_plugin_for_its_metric_alone(
    run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(run[0]), str(run[0])]
    assert main(words) == 1
    assert "it is of the plugin my: give it with --plugin" in capsys.readouterr().out
    assert main([*words, "--plugin", str(run[1])]) == 0
    shown = capsys.readouterr()
    assert "give it with --plugin" not in shown.out
    assert shown.err == "", "the checksums know the tables of the study"


def test_its_folder_can_be_packed(run: tuple[Path, Path], tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    assert main(["pack", str(run[0]), "--out", str(packed)]) == 0
    assert main(["check", str(packed), "--plugin", str(run[1])]) == 0


def test_all_studies_are_those_of_the_suite(tmp_path: Path) -> None:
    with plugins.loaded([plugins.find(str(write(tmp_path, STUDY)))]):
        assert "my:steepness" in STUDIES
        assert "my:steepness" not in STUDIES.names
        assert "my:steepest" in METRICS
    assert "my:steepness" not in STUDIES
    assert "my:steepest" not in METRICS


def test_whatever_a_study_may_have_reaches_the_suite() -> None:
    members = {name for name in {*vars(Study), *Study.__annotations__} if name[0] != "_"}
    source = Path(str(Brought.__init__.__code__.co_filename)).read_text()
    unused = {"headline", "gate"}  # which the suite alone decides
    assert {name for name in members if name not in source} == unused


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"framework", "activation")', '"activation", "framework")', "write them in this order"),
        ('"framework", "activation")', '"framework", "activaton")', "did you mean 'activation'"),
        ("within = ()", 'within = ("depth",)', "unknown axis of the study 'depth'"),
        ('TableSpec("runs"', 'TableSpec("other"', "its first table must be 'runs'"),
        ('"saturated_share")),', '"saturated_shar")),', "did you mean 'saturated_share'"),
        ('    source = "none"\n    axes', "    axes", "has no attribute 'source'"),
        ("def cost(", "def price(", "abstract method cost"),
        ('study = "my:steepness"', 'study = "steepness"', "unknown study 'steepness'"),
        ('metric = "my:steepest"', 'metric = "steepest"', "did you mean 'my:steepest'"),
    ],
)
def test_a_wrong_study_is_one_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in STUDY
    source = plugins.find(str(write(tmp_path, STUDY.replace(old, new, 1))))
    with pytest.raises(UserError, match=said) as raised, plugins.loaded([source]):
        plugins.brought_claims()
    assert str(raised.value).startswith("plugin 'my' (")
