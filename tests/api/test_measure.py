"""``suite.run`` and ``suite.plan``: as the commands, but quiet, and from any kind of script."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import suite
from suite.api import measure
from suite.commands.main import main
from tests.support import ROOT

TINY: dict[str, Any] = {"profile": "quick", "seeds": 2, "frameworks": "numpy", "jobs": 1}
WORDS = ["--profile", "quick", "--seeds", "2", "--frameworks", "numpy", "--jobs", "1"]


def test_run_is_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The same rows and the same plan, and nothing is printed."""
    results = suite.run("weighting", **TINY, out=tmp_path / "a")
    assert capfd.readouterr() == ("", "")
    assert main(["run", "weighting", *WORDS, "--no-report", "--out", str(tmp_path / "b")]) == 0
    other = suite.load(tmp_path / "b")
    pd.testing.assert_frame_equal(results.runs("weighting"), other.runs("weighting"))
    a, b = results.manifest, other.manifest
    assert a.expected == b.expected
    assert a.command[:4] == ("suite", "run", "weighting", "--profile")
    capfd.readouterr()
    assert main([*a.command[1:]]) == 0  # it is resumed by the command that its manifest records
    assert "0 to measure" in capfd.readouterr().err


def test_a_bar_is_shown_where_it_is_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    suite.run("weighting", **TINY, out=tmp_path / "a", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "1/1 stacks" in err


def test_a_notebook_is_told_from_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not measure.in_notebook()
    shell = type("ZMQInteractiveShell", (), {})()
    module = type("Module", (), {"get_ipython": staticmethod(lambda: shell)})
    monkeypatch.setitem(sys.modules, "IPython", module)
    assert measure.in_notebook()


SCRIPT = """
import sys
print("imported as", __name__)
sys.path.insert(0, {root!r})
import suite
results = suite.run("weighting", profile="quick", seeds=2, frameworks="numpy", out={out!r})
print(sorted(results.runs("weighting")["status"].unique()))
"""


DRAWING = """
print("imported as", __name__)
from pathlib import Path
from suite import processes, report
processes._WORTH = 1
report.write_report(Path({folder!r}), jobs=2)
"""


def test_a_script_that_draws_in_several_processes(tmp_path: Path) -> None:
    """The page is drawn a study at a time, in processes of its own."""
    quick = ROOT / "results" / "reference" / "quick"
    folder = tmp_path / "copy"
    shutil.copytree(quick, folder, ignore=shutil.ignore_patterns("propagation"))
    text = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n" + DRAWING.format(folder=str(folder))
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    words = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == ["imported as __main__"], done.stderr
    assert done.returncode == 0
    assert (folder / "report.html").exists()


@pytest.mark.parametrize("kind", ["script", "notebook"])
def test_a_script_without_a_guard(kind: str, tmp_path: Path) -> None:
    """Workers are new processes; were they to import the script, it would run again in each. A
    notebook has no file that they could import."""
    text = SCRIPT.format(root=str(ROOT), out=str(tmp_path / "out"))
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    words = [str(tmp_path / "script.py")] if kind == "script" else ["-c", text]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["imported as __main__", "['ok']"]


def test_the_plan_is_that_of_the_command() -> None:
    plan = suite.plan("training", set={"activation": ["tanh", "relu"], "depth": 4}, seeds=3)
    cells = plan.cells("training")
    assert set(cells["activation"]) == {"tanh", "relu"}
    assert set(cells["seeds"]) == {3}
    sizes = plan.sizes.set_index("study")
    assert sizes["cells"]["training"] == len(cells)
    assert sizes["runs"]["training"] == cells["seeds"].sum()
    assert plan.seconds > 0
    assert plan.sizes.attrs["units"] == {"seconds": "s", "bytes": "bytes"}


@pytest.mark.parametrize(
    ("studies", "options", "words"),
    [
        (["trainin"], {}, ["'trainin'", "did you mean 'training'"]),
        (["--json"], {}, ["'--json' is not a name"]),
        (["training"], {"profile": "quik"}, ["'quik'", "did you mean 'quick'"]),
        (["training"], {"seeds": 0}, ["--seeds", "'0'", "from 1"]),
        (["training"], {"set": {"activation": "tanhh"}}, ["'tanhh'", "did you mean 'tanh'"]),
        (["training"], {"set": {"activaton": "tanh"}}, ["'activaton'"]),
        (["training"], {"set": {"activation": []}}, ["no value"]),
        (["training"], {"frameworks": "torhc"}, ["'torhc'", "did you mean 'torch'"]),
        (["training"], {"root": -1}, ["--root", "'-1'"]),
    ],
)
def test_wrong_arguments_are_one_sentence(
    studies: list[str], options: dict[str, Any], words: list[str]
) -> None:
    for call in (suite.plan, suite.run):
        with pytest.raises(suite.UserError) as caught:
            call(*studies, **options)
        assert "\n" not in str(caught.value)
        for word in words:
            assert word in str(caught.value)


def test_options_are_named() -> None:
    with pytest.raises(TypeError):
        suite.check("results", "claims.toml")  # type: ignore[call-arg]  # the mistake


def test_a_folder_of_another_run_is_an_error(tmp_path: Path) -> None:
    suite.run("weighting", **TINY, out=tmp_path / "a")
    with pytest.raises(suite.UserError, match="contains another run"):
        suite.run("weighting", **{**TINY, "seeds": 3}, out=tmp_path / "a")


def test_margins_are_those_of_plan() -> None:
    plan = suite.plan("parity", profile="quick", frameworks=["torch", "tensorflow"])
    margins = plan.margins(ROOT / "results" / "reference" / "quick")
    assert len(margins) > 0
    assert margins["needed"].notna().any()
    assert sum(margins.attrs["left_out"].values()) > 0


def test_a_file_of_data_is_trained_on(tmp_path: Path) -> None:
    rows = "".join(f"{n % 7},{n % 5},{'ab'[n % 2]}\n" for n in range(60))
    (tmp_path / "table.csv").write_text(f"x,y,kind\n{rows}", encoding="utf-8")
    given = f"{tmp_path / 'table.csv'},label=kind,task=classification"
    plan = suite.plan("rescue", datasets=given, profile="quick", frameworks="torch")
    assert set(plan.cells("rescue")["dataset"]) == {"file:table"}
    with pytest.raises(suite.UserError, match="kinds"):
        suite.plan("rescue", datasets=given.replace("kind,", "kinds,"), profile="quick")
