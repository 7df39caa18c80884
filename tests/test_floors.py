"""The floors of the house: who may import whom, and that each framework has one home.

The import statements are read, not run. A file imports only from its own floor's files below it
in this list; the names in the catalogues are strings and need no import.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "suite"
FLOORS = (
    "suite",
    "suite.types",
    "suite.catalogue.registry suite.text_tables suite.commands.arguments suite.frameworks.timing",
    "suite.metrics.metric",
    "suite.metrics.*",
    "suite.seeds suite.metrics suite.studies.common.describe suite.catalogue.laws",
    "suite.frameworks",  # the table of names; the frameworks themselves stand near the top
    "suite.catalogue.activations suite.catalogue.initializers suite.catalogue.optimizers suite.catalogue.datasets",
    "suite.theory.mean_field suite.theory.products suite.theory.shift",
    "suite.planning.grids suite.theory.normalized suite.studies.shift.data suite.theory.gains suite.theory.pairs",
    "suite.studies.common.starts suite.studies.common.saturation suite.studies.common.costs",
    "suite.studies.common.signals",
    "suite.studies.training suite.studies.propagation",
    "suite.studies.*",
    "suite.studies",
    "suite.judging.intervals suite.results.tables suite.claims.schema suite.judging.verdicts suite.results.manifest",
    "suite.results.folder suite.claims suite.results.dictionary suite.results.runs",
    "suite.judging.summary suite.judging.per_seed suite.claims.cells suite.results.checksums",
    "suite.judging.indexed_runs suite.judging.decide",
    "suite.judging.duplicate_seeds",
    "suite.comparing.pairs suite.comparing.changes",
    "suite.comparing.outcomes",
    "suite.comparing.show",
    "suite.comparing.compare_folders",
    "suite.judging.findings suite.commands.list suite.judging.projected_margins suite.results.pack",
    "suite.judging.judge_folder suite.commands.plan suite.report.*",
    "suite.report",
    "suite.frameworks.*",
    "suite.selftest.*",
    "suite.selftest",
    "suite.measuring.environment",
    "suite.measuring.workers",
    "suite.measuring.runner",
    "suite.measuring.progress",
    "suite.commands.reproduce",
    "suite.commands.reproduce_view",
    "suite.commands.run",
    "suite.commands.main",
    "suite.__main__",
)
HOMES = {"torch": "torch", "tensorflow": "tensorflow", "keras": "tensorflow"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def home(module: str) -> str:
    """The line of ``FLOORS`` that names a module: itself, or the package it is a file of."""
    parts = module.split(".")
    for name in (module, f"{'.'.join(parts[:2])}.*"):
        if any(name in names.split() for names in FLOORS):
            return name
    raise AssertionError(f"{module} stands on no floor: give it one in this test")


def floor(module: str) -> int:
    """The number of a module's floor, from the ground."""
    return next(n for n, names in enumerate(FLOORS) if home(module) in names.split())


def one_room(module: str, other: str) -> bool:
    """Whether both are files of the report, or of one framework: those may know each other."""
    rooms = [".".join(name.split(".")[:3 if "frameworks" in name else 2])
             for name in (module, other)]  # fmt: skip
    return home(module).endswith("*") and rooms[0] == rooms[1] and home(module) == home(other)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    for other in imports(MODULES[module]):
        if other in MODULES and other != module:
            allowed = floor(other) < floor(module) or one_room(module, other)
            assert allowed, f"{module} must not import {other}"


@pytest.mark.parametrize("module", MODULES)
def test_a_framework_is_imported_only_at_home(module: str) -> None:
    for other in imports(MODULES[module]):
        owner = HOMES.get(other.split(".")[0])
        assert owner is None or module.startswith(f"suite.frameworks.{owner}"), (module, other)


def test_the_test_would_see_a_wrong_import() -> None:
    assert (
        floor("suite.judging.findings")
        < floor("suite.frameworks.torch")
        < floor("suite.measuring.runner")
    )
    assert not one_room("suite.frameworks.torch", "suite.frameworks.tensorflow")
    assert "suite.frameworks.torch" in MODULES
    assert "suite.types" in set(imports(MODULES["suite.planning.grids"]))


@pytest.mark.parametrize("command", [["--help"], ["list"], ["list", "claims", "--json"]])
def test_help_and_list_start_light(command: list[str]) -> None:
    heavy = ["pandas", "scipy", "matplotlib", "seaborn", "sklearn", "jinja2", *HOMES]
    code = (
        "import sys\n"
        "from suite.commands.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"sys.exit(' '.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0


def test_judging_needs_no_framework() -> None:
    judges = "suite.judging.judge_folder, suite.judging.summary, suite.report, suite.claims, suite.comparing.compare_folders"
    code = f"import sys, {judges}\nsys.exit('torch' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
