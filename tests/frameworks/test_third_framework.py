"""A framework is added or removed in a copy of the tree: its folder, its entry, its native names.

``mirror`` computes as the NumPy oracle does. What it lacks comes out as runs that are
``unsupported``, each with its reason; everything else runs, is judged and is drawn.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support import ROOT

HOME = '''"""A framework that computes as the NumPy oracle does."""

from suite.frameworks.numpy import Numpy


class Mirror(Numpy):
    """The framework ``mirror``."""

    name = "mirror"
'''
PROBE = '''"""One of the two problems with a known answer."""

from suite.frameworks.numpy.probes import descent


def quadratic(optimizer, curvatures, start, steps):
    """Descend as the oracle does."""
    return descent.quadratic(optimizer, curvatures, start, steps)
'''
ENTRY = """
FRAMEWORKS.add(
    Entry(
        "mirror",
        "suite.frameworks.mirror:Mirror",
        ("numpy",),
        "mirror",
        gaps={"descent.noise": "a mirror makes no noise"},
        formulas="keras",
    )
)
"""


def copy(folder: Path) -> Path:
    """Copy the package into a folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT / "suite", folder / "suite", ignore=ignored))


def edit(path: Path, pattern: str, replacement: str, times: int) -> None:
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count == times, path
    path.write_text(text, encoding="utf-8")


def suite(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line of the copy."""
    return subprocess.run(
        [sys.executable, "-m", "suite", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def with_mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy with the framework ``mirror``, which has no activation but sigmoid and tanh."""
    folder = tmp_path_factory.mktemp("mirror")
    package = copy(folder)
    home = package / "frameworks" / "mirror"
    (home / "probes").mkdir(parents=True)
    (home / "__init__.py").write_text(HOME)
    (home / "probes" / "__init__.py").write_text('"""The probes of mirror."""\n')
    (home / "probes" / "descent.py").write_text(PROBE)
    catalogue = package / "catalogue"
    with (catalogue / "frameworks.py").open("a", encoding="utf-8") as file:
        file.write(ENTRY)
    edit(
        catalogue / "activations.py",
        r'"keras.activations:(sigmoid|tanh)"',
        r'"keras.activations:\1", mirror="suite.frameworks.mirror:\1"',
        times=2,
    )
    edit(
        catalogue / "optimizers.py",
        r'keras=\("keras.optimizers:(\w+)", dict\(common\)\),',
        r'\g<0> mirror=("suite.frameworks.mirror:\1", dict(common)),',
        times=3,
    )
    return folder


def rows(folder: Path, study: str) -> list[dict[str, str]]:
    with (folder / "out" / study / "runs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_an_added_framework_runs_and_is_judged_and_drawn(with_mirror: Path) -> None:
    assert re.search("mirror +installed", suite(with_mirror, "list", "frameworks").stdout)
    chosen = ("descent", "parity", "--frameworks", "mirror", "--profile", "quick")
    plan = suite(with_mirror, "plan", *chosen)
    assert (plan.returncode, plan.stderr) == (0, "")
    done = suite(with_mirror, "run", *chosen, "--out", "out")
    assert done.returncode == 0, done.stderr

    descent, parity = (rows(with_mirror, study) for study in ("descent", "parity"))
    assert {row["framework"] for row in descent + parity} == {"mirror"}
    reasons = Counter((row["case"], row["status"], row["reason"]) for row in descent)
    assert reasons.keys() == {
        ("noise", "unsupported", "a mirror makes no noise"),
        ("quadratic", "ok", ""),
    }
    undeclared = "activation 'relu' is not declared for framework 'mirror'"
    for row in parity:
        expected = "unsupported" if row["activation"] == "relu" else "ok"
        assert row["status"] == expected
        assert row["reason"].startswith(undeclared if expected == "unsupported" else "")
    assert {row["activation"] for row in parity} > {"relu"}

    check = suite(with_mirror, "check", "out", "--all")
    assert check.returncode == 0, check.stderr
    assert re.search(r"momentum-follows-\S*\s+mirror sgd\(1.998\) +supported", check.stdout)
    report = suite(with_mirror, "report", "out")
    assert report.returncode == 0, report.stderr
    assert "mirror" in (with_mirror / "out" / "report.html").read_text(encoding="utf-8")
    assert (with_mirror / "out" / "figures" / "descent_quadratic.svg").exists()


def test_without_a_framework_the_reference_is_still_read(tmp_path: Path) -> None:
    """Claims about it are not judged; claims about the others keep their verdicts."""
    package = copy(tmp_path)
    shutil.rmtree(package / "frameworks" / "tensorflow")
    table = package / "catalogue" / "frameworks.py"
    edit(table, r"(?s)_TENSORFLOW = Entry\(.*?\n\)\n", "", times=1)
    edit(table, r", _TENSORFLOW\b", "", times=1)
    reference = str(ROOT / "results" / "reference" / "quick")

    listed = suite(tmp_path, "list", "frameworks")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "torch" in listed.stdout
    assert "tensorflow" not in listed.stdout
    plan = suite(tmp_path, "plan", "--profile", "quick")
    assert (plan.returncode, plan.stderr) == (0, "")

    before = suite(ROOT, "check", reference, "--headline")
    after = suite(tmp_path, "check", reference, "--headline")
    assert (after.returncode, after.stderr) == (0, "")
    assert "tanh-beats-sigmoid" in after.stdout
    kept = [line for line in before.stdout.splitlines() if " torch " in line]
    assert kept
    assert {" ".join(line.split()) for line in kept} <= {
        " ".join(line.split()) for line in after.stdout.splitlines()
    }
    whole = suite(tmp_path, "check", reference, "--json")
    assert "framework 'tensorflow' is not known" in whole.stdout
