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
    "suite.registry suite.layout suite.arguments suite.stages",
    "suite.metrics.metric",
    "suite.metrics.*",
    "suite.seeds suite.metrics suite.statistics suite.laws",
    "suite.frameworks",  # the table of names; the frameworks themselves stand near the top
    "suite.activations suite.initializers suite.optimizers suite.datasets",
    "suite.theory suite.theory_products suite.theory_shift",
    "suite.grids suite.theory_normalized suite.shifted suite.theory_gains suite.theory_pairs",
    "suite.studies.weights suite.studies.saturation suite.studies.costs",
    "suite.studies.signals",
    "suite.studies.training suite.studies.propagation",
    "suite.studies.*",
    "suite.studies",
    "suite.intervals suite.tables suite.claims.schema suite.verdicts suite.manifests",
    "suite.store suite.claims suite.dictionary suite.stored",
    "suite.summary suite.samples suite.claims.cells suite.sums",
    "suite.selection suite.deciding",
    "suite.copies",
    "suite.pairs suite.changes",
    "suite.compare",
    "suite.comparison",
    "suite.comparing",
    "suite.judge suite.listing suite.margins suite.pack",
    "suite.judging suite.planning suite.report.*",
    "suite.report",
    "suite.frameworks.*",
    "suite.selftest.*",
    "suite.selftest",
    "suite.environment",
    "suite.workers",
    "suite.runner",
    "suite.progress",
    "suite.reproduce",
    "suite.reproduce_view",
    "suite.pipeline",
    "suite.cli",
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
    assert floor("suite.judge") < floor("suite.frameworks.torch") < floor("suite.runner")
    assert not one_room("suite.frameworks.torch", "suite.frameworks.tensorflow")
    assert "suite.frameworks.torch" in MODULES
    assert "suite.types" in set(imports(MODULES["suite.grids"]))


@pytest.mark.parametrize("command", [["--help"], ["list"], ["list", "claims", "--json"]])
def test_help_and_list_start_light(command: list[str]) -> None:
    heavy = ["pandas", "scipy", "matplotlib", "seaborn", "sklearn", "jinja2", *HOMES]
    code = (
        "import sys\n"
        "from suite.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"sys.exit(' '.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0


def test_judging_needs_no_framework() -> None:
    judges = "suite.judging, suite.summary, suite.report, suite.claims, suite.comparing"
    code = f"import sys, {judges}\nsys.exit('torch' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
