"""The floors of the package: which folder may import which, and that each framework has one home.

The import statements are read, not run. A folder imports only from the folders above it in
``FOLDERS``; inside a folder no imports go round in a circle; the frameworks' own packages are
imported in their homes alone, for the names in the catalogues are strings.
"""

from __future__ import annotations

import ast
import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support import ROOT

FOLDERS = (
    "errors",
    "terminal",
    "processes",
    "types",
    "seeds",
    "text_tables",
    "probes",
    "catalogue",
    "metrics",
    "theory",
    "planning",
    "studies",
    "results",
    "claims",
    "datafiles",
    "plugins",
    "judging",
    "comparing",
    "discovery",
    "pooling",
    "advising",
    "report",
    "frameworks",
    "measuring",
    "assessing",
    "selftest",
    "commands",
    "api",
    "__main__",
)
"""The folders and the few single files of ``suite/``, from the ground up."""
HOMES = {
    "torch": ("torch", "torch_random", "torch_batches", "keras_torch"),
    "tensorflow": ("tensorflow",),
    "keras": ("tensorflow",),  # the others have it from suite.frameworks.keras
    "jax": ("jax", "jax_stack", "jax_signals", "keras_jax"),
    "flax": ("jax",),
    "optax": ("jax",),
}
"""Package of a framework -> what alone may import it, in ``suite/frameworks``."""
SHARED = "keras"
"""The folder there that is no framework's, but shared by those that run Keras."""


def modules(tree: Path) -> dict[str, Path]:
    """Dotted name -> file, of all modules below ``tree/suite``."""
    found = {}
    for path in sorted((tree / "suite").rglob("*.py")):
        parts = path.relative_to(tree).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@functools.cache
def _statements(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The import statements of a file's text."""
    return tuple(
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)
    )


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in _statements(path.read_text(encoding="utf-8")):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else str(node.module)


def folder(module: str) -> str:
    """The folder, or the single file, of ``suite/`` that a module belongs to."""
    return [*module.split("."), ""][1]


def violations(tree: Path) -> list[str]:
    """What breaks the rules in the package below ``tree``, a sentence each."""
    known = modules(tree)
    found = []
    inside: dict[str, dict[str, set[str]]] = {}
    for module, path in known.items():
        own = folder(module)
        if own and own not in FOLDERS:
            found.append(f"{module} stands in no folder of FOLDERS: name its folder there")
            continue
        for other in imports(path, known):
            homes = HOMES.get(other.split(".")[0])
            if homes and module.split(".")[1:3] not in [["frameworks", home] for home in homes]:
                found.append(f"{module} imports {other} outside its home")
            target = folder(other)
            if other not in known or other == module or not target:
                continue
            if own == target:
                inside.setdefault(own, {}).setdefault(module, set()).add(other)
            elif not own:
                pass  # the public names, imported when they are first used: tests/api has a test
            elif FOLDERS.index(target) > FOLDERS.index(own):
                found.append(f"{module} must not import {other}: {target} is above {own}")
            if own == target == "frameworks" and _of_framework(other) not in {
                "",
                SHARED,
                _of_framework(module),
            }:
                found.append(f"{module} must not import {other}, another framework")
    for own, graph in inside.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append(f"a circle of imports in {own}: {' <- '.join(error.args[1])}")
    return found


def _of_framework(module: str) -> str:
    """The framework whose folder a module lies in, or ``SHARED``; empty outside of them."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 and (ROOT.joinpath(*parts[:3])).is_dir() else ""


def test_imports_follow_the_floors() -> None:
    assert violations(ROOT) == []


def test_every_folder_has_a_floor_and_every_floor_a_folder() -> None:
    assert {folder(module) for module in modules(ROOT)} - {""} == set(FOLDERS)


def test_contributing_shows_the_folders_in_this_order() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = re.search(r"^suite/\n((?:  .*\n)+)", text, re.MULTILINE)
    assert tree is not None
    names = (re.split(" {2,}", line.strip())[0] for line in tree[1].splitlines())
    named = re.findall(r"(\w+)(?:\.py|/)", " ".join(names))
    assert tuple(named) == tuple(name for name in FOLDERS if name != "__main__")


PLANTED = [
    (
        "judging/band_to_verdict.py",
        "from suite.measuring import runner",
        "measuring is above judging",
    ),
    ("comparing/paired_runs.py", "import suite.frameworks.torch", "frameworks is above comparing"),
    ("studies/training.py", "from suite.report import common", "report is above studies"),
    ("types.py", "from suite import seeds", "seeds is above types"),
    ("theory/pairs.py", "import torch", "imports torch outside its home"),
    ("frameworks/torch/layers.py", "import keras.layers", "imports keras.layers outside"),
    ("frameworks/torch/layers.py", "from suite.frameworks.tensorflow import backend", "another"),
    (
        "judging/intervals.py",
        "from suite.judging import band_to_verdict",
        "circle of imports in judging",
    ),
    (
        "report/common/numbers.py",
        "from suite.report import training",
        "circle of imports in report",
    ),
    ("new_folder/thing.py", "from suite import types", "stands in no folder of FOLDERS"),
]


@pytest.mark.parametrize(("path", "line", "sentence"), PLANTED)
def test_a_planted_import_is_seen(path: str, line: str, sentence: str, tmp_path: Path) -> None:
    """In a copy of the tree, at the top of a file and inside a function alike."""
    shutil.copytree(
        ROOT / "suite", tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__")
    )
    assert violations(tmp_path) == []
    file = tmp_path / "suite" / path
    file.parent.mkdir(exist_ok=True)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    for planted in (f"{before}\n{line}\n", f"{before}\ndef planted() -> None:\n    {line}\n"):
        file.write_text(planted, encoding="utf-8")
        found = violations(tmp_path)
        assert any(sentence in one for one in found), found


@pytest.mark.parametrize("command", [["--help"], ["list"], ["list", "claims", "--json"]])
def test_help_and_list_start_light(command: list[str]) -> None:
    heavy = ["pandas", "scipy", "matplotlib", "sklearn", "jinja2", *HOMES]
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
    judges = "suite.judging.judge_folder, suite.report, suite.comparing.compare_folders"
    code = f"import sys, {judges}\nsys.exit('torch' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
