"""Every key of provenance changes when what it describes changes, and a run's name with it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import suite
from suite.catalogue.frameworks import FRAMEWORKS
from suite.measuring import environment
from suite.planning import grids
from suite.results.manifest import IDENTITY, Expected, Manifest
from suite.studies import STUDIES
from suite.types import Grid

PLANNED = ("torch", "tensorflow")


def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have TensorFlow come from the package of another name."""
    names = {"torch": ["torch"], "tensorflow": ["tensorflow-cpu"], "keras": ["keras"]}
    monkeypatch.setattr(environment, "installed", lambda: environment.Installed(names, ()))


def manifest(frameworks: tuple[str, ...] = PLANNED) -> Manifest:
    plan = grids.plan([STUDIES["parity"]], grids.Selection("quick", frameworks, seeds=2))
    return environment.manifest(plan, ["suite", "run"])


# --- versions ----------------------------------------------------------------------------------

LIBRARIES = {"python", "numpy", "scipy", "pandas", "scikit-learn"}


def test_the_versions_name_every_library_that_the_numbers_depend_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The names are those under which the packages are installed, whatever they are called when
    they are imported."""
    installed(monkeypatch)
    assert set(environment.versions(())) == LIBRARIES
    assert set(environment.versions(("torch",))) == LIBRARIES | {"torch"}
    both = LIBRARIES | {"torch", "tensorflow-cpu", "keras"}
    assert set(environment.versions(PLANNED)) == both
    assert set(manifest().versions) == both


@pytest.mark.parametrize("changed", sorted(LIBRARIES | {"torch", "tensorflow-cpu", "keras"}))
def test_another_version_of_a_library_is_another_run(
    changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    versions = dict.fromkeys((*LIBRARIES, "torch", "tensorflow-cpu", "keras"), "1.0")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: versions[name])
    monkeypatch.setattr(platform, "python_version", lambda: versions["python"])
    before = manifest()
    assert before.versions == versions
    versions[changed] = "1.1"
    after = manifest()
    assert after.versions == versions
    assert environment.run_id(after) != environment.run_id(before)


def test_a_library_that_is_not_installed_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = environment.versions(("torch",))
    assert {found[name] for name in found if name != "python"} == {"absent"}


# --- the code ----------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the package, and have the hash taken of the copy."""
    source = Path(str(suite.__file__)).parent
    ignored = shutil.ignore_patterns("__pycache__")
    copy = Path(shutil.copytree(source, tmp_path / "suite", ignore=ignored))
    monkeypatch.setattr(suite, "__file__", str(copy / "__init__.py"))
    return copy


def test_the_hash_of_a_copy_is_that_of_the_package(package: Path) -> None:
    copied = environment.tree_hash()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suite, "__file__", str(Path(environment.__file__).parents[1] / "__init__.py"))
        assert environment.tree_hash() == copied


def test_one_byte_of_any_file_changes_the_hash(package: Path) -> None:
    """Of every tenth file, so that the test stays short: the last byte, and one in the middle."""
    files = sorted(p for p in package.rglob("*") if p.suffix in {".py", ".toml"})
    # Each once: the same change of a file would give the same hash.
    chosen = sorted({*files[::10], *[p for p in files if p.suffix == ".toml"][::10]})
    assert {path.suffix for path in chosen} == {".py", ".toml"}
    hashes = {environment.tree_hash()}
    for count, path in enumerate(chosen, start=1):
        content = path.read_bytes()
        place = len(content) // 2 if count % 2 else len(content) - 1
        changed = bytes([content[place] ^ 1])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
        hashes.add(environment.tree_hash())
        path.write_bytes(content)
        assert len(hashes) == count + 1, path


def test_a_name_changes_the_hash(package: Path) -> None:
    before = environment.tree_hash()
    (package / "seeds.py").rename(package / "seeds_.py")
    renamed = environment.tree_hash()
    (package / "seeds_.py").unlink()
    assert len({before, renamed, environment.tree_hash()}) == 3


def test_what_is_neither_code_nor_a_claim_does_not_change_the_hash(package: Path) -> None:
    before = environment.tree_hash()
    (package / "notes.txt").write_text("no code")
    assert environment.tree_hash() == before


# --- the machine and the flags -----------------------------------------------------------------

MACHINE: dict[str, tuple[object, str, Callable[..., str]]] = {
    "system": (platform, "system", lambda: "Another"),
    "machine": (platform, "machine", lambda: "another"),
    "cpu": (environment, "processor", lambda: "another"),
    "blas": (environment, "_blas", lambda: "another"),
    "compiler": (environment, "_compiler", lambda frameworks: "another"),
}


@pytest.mark.parametrize("key", MACHINE)
def test_another_machine_is_another_run(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = manifest()
    owner, name, value = MACHINE[key]
    monkeypatch.setattr(owner, name, value)
    after = manifest()
    changed = {key for key in before.platform if before.platform[key] != after.platform[key]}
    assert changed == {key}
    assert environment.run_id(after) != environment.run_id(before)


def test_the_other_end_of_a_word_is_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    before = manifest()
    monkeypatch.setattr(sys, "byteorder", "middle")
    assert manifest().platform["byteorder"] == "middle"
    assert environment.run_id(manifest()) != environment.run_id(before)


@pytest.mark.parametrize("variable", environment._LIMITS)
def test_older_instructions_are_another_run(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    before = manifest()
    monkeypatch.setenv(variable, "older")
    assert f"{variable}=older" in manifest().platform["limits"]
    assert environment.run_id(manifest()) != environment.run_id(before)


def test_the_processor_is_that_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "processor : 0\nmodel name : Some CPU @ 2 GHz\nmodel name : no other\n"
    monkeypatch.setattr(Path, "read_text", lambda self, *_: lines)
    assert environment.processor.__wrapped__() == "Some CPU @ 2 GHz"


def test_the_compiler_is_named_where_a_framework_calls_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "compiler", lambda: "g++ 99")
    compiling = [entry.name for entry in FRAMEWORKS if entry.compiles]
    assert compiling
    assert environment._compiler(compiling) == "g++ 99"
    assert environment._compiler(("numpy",)) == "not used"


def test_every_flag_and_variable_of_a_worker_is_kept() -> None:
    """A changed flag is found in the manifest under its name."""
    kept = manifest().determinism
    for name in PLANNED:
        for flag, value in FRAMEWORKS[name].flags.items():
            assert kept[flag] == ("called" if value is None else str(value))
        for variable, setting in FRAMEWORKS[name].environment.items():
            assert kept[variable] == setting
    for variable, setting in environment._EVERY_WORKER.items():
        assert kept[variable] == setting
    flags = set(kept) - set(environment.WORKER)
    assert flags == {flag for name in PLANNED for flag in FRAMEWORKS[name].flags}
    alone = manifest(("torch",)).determinism
    assert set(alone) - set(environment.WORKER) == set(FRAMEWORKS["torch"].flags)


# --- the plan, the code and the name -----------------------------------------------------------


def changes() -> dict[str, Any]:
    """Return another value for each key of a run's identity."""
    return {
        "schema": 3,
        "profile": "standard",
        "root_seed": 1,
        "expected": {"parity": Expected(cells=1, runs=2, stacks=1, hash="other")},
        "versions": {"numpy": "0"},
        "tree_hash": "other",
        "platform": {"cpu": "other"},
    }


@pytest.mark.parametrize("key", IDENTITY)
def test_each_key_of_the_identity_is_in_the_name_of_a_run(key: str) -> None:
    before = manifest()
    after = msgspec.structs.replace(before, **{key: changes()[key]})
    assert environment.run_id(after) != environment.run_id(before)


def test_the_identity_has_what_the_numbers_depend_on() -> None:
    assert set(changes()) == set(IDENTITY)


def test_the_plan_is_in_the_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    """One member more or less, or another, is another hash of the study."""

    def expected(seeds: int, **axes: Any) -> Expected:
        parity = STUDIES["parity"]
        grid: dict[str, Any] = {
            "activation": ("tanh",),
            "initializer": ("xavier_uniform",),
            "weights": ("shared",),
        }
        grid |= {"depth": (2,), "width": (3,), "optimizer": ("sgd",)}
        grids_ = (Grid({**grid, **axes}, seeds),)
        small = type("Small", (type(parity),), {"grids": lambda self, profile: grids_})()
        plan = grids.plan([small], grids.Selection("quick", ("torch",)))
        return environment.manifest(plan, []).expected["parity"]

    first = expected(2)
    assert (first.cells, first.runs, first.stacks) == (1, 2, 1)
    others = [expected(3), expected(2, width=(4,)), expected(2, activation=("relu",))]
    assert len({first.hash, *(other.hash for other in others)}) == 4
    assert expected(2) == first


def test_the_manifest_says_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = grids.parse_overrides(["activation=tanh"], [STUDIES["parity"]])
    selection = grids.Selection("standard", ("torch",), chosen, seeds=3, root=17)
    plan = grids.plan([STUDIES["parity"]], selection)
    monkeypatch.setattr(os, "cpu_count", lambda: 77)
    made = environment.manifest(plan, ["suite", "run", "parity"])
    assert made.command == ("suite", "run", "parity")
    assert (made.profile, made.studies, made.frameworks) == ("standard", ("parity",), ("torch",))
    assert (made.seeds, made.root_seed, made.cores) == (3, 17, 77)
    assert made.overrides == {"activation": ("tanh",)}
    assert made.suite_version == suite.__version__


def test_git_is_named_and_a_changed_file_makes_it_dirty(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, str | None] = {"rev-parse": "0123abcd", "status": ""}
    monkeypatch.setattr(environment, "_git", lambda *arguments: answers[arguments[0]])
    assert (manifest().git.commit, manifest().git.dirty) == ("0123abcd", False)
    answers["status"] = " M suite/seeds.py"
    assert manifest().git.dirty is True
    answers["status"] = None
    assert manifest().git.dirty is None


def test_definitions_are_those_of_the_metrics_of_the_plan() -> None:
    from suite.metrics import METRICS

    wanted = {name for spec in STUDIES["parity"].tables for name in spec.metrics}
    made = manifest().definitions
    assert made == {name: METRICS[name].defined for name in wanted}


def test_packages_are_all_that_is_installed() -> None:
    packages = manifest().packages
    for name in ("numpy", "pytest"):
        assert f"{name}=={importlib.metadata.version(name)}" in packages
    assert list(packages) == sorted(set(packages))


def test_a_package_that_is_installed_meanwhile_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook, whose process outlives an upgrade: what is installed is read again, on a
    search path that is as long as before."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for version in ("1.0", "1.1"):
        before = environment.installed()
        assert before is environment.installed()  # it is read once
        for old in tmp_path.glob("*.dist-info"):
            shutil.rmtree(old)
        info = tmp_path / f"suite_test-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: suite-test\nVersion: {version}\n")
        (info / "top_level.txt").write_text("suite_test\n")
        assert f"suite-test=={version}" in manifest().packages
        assert environment.installed().by_import["suite_test"] == ["suite-test"]
