"""Describes what a run depends on besides its plan (versions, machine, code), and sets up workers.

Nothing here names a host or a user. No framework is imported: versions are read from the
installed packages' metadata.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from msgspec.structs import replace

import suite
from suite.catalogue.frameworks import FRAMEWORKS, THREADS, entry_of
from suite.catalogue.registry import TOGETHER
from suite.datafiles import record as datafiles
from suite.frameworks import compiler
from suite.metrics import METRICS
from suite.planning.grids import Plan
from suite.plugins.record import record
from suite.results.manifest import (
    SCHEMA,
    SCHEMA_UNTIL_DECIDED,
    Expected,
    Git,
    Manifest,
    UntilDecided,
)
from suite.results.tables import for_stacks
from suite.studies import STUDIES
from suite.types import UserError

_EVERY_WORKER = {
    "OMP_NUM_THREADS": str(THREADS),
    "OPENBLAS_NUM_THREADS": str(THREADS),
    "MKL_NUM_THREADS": str(THREADS),
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONHASHSEED": "0",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**26),
}
"""Environment of a worker for any framework: one thread a process, the CPU, and what else could
change bits from one user's shell to another's. MALLOC makes the C library keep freed memory: giving
it back after every array costs up to a tenth of the time in page faults."""


def environment_of(frameworks: Iterable[str]) -> dict[str, str]:
    """Return the environment of a worker that measures these frameworks, one after the other.

    Raises ValueError when two of them set a variable to different values: no worker can then
    measure both.
    """
    environment = dict(_EVERY_WORKER)
    owners: dict[str, str] = {}
    for name in frameworks:
        for variable, value in FRAMEWORKS[name].environment.items():
            if environment.setdefault(variable, value) != value:
                raise ValueError(
                    f"{owners.get(variable, 'every worker')} needs"
                    f" {variable}={environment[variable]}, and {name} needs {variable}={value}"
                )
            owners.setdefault(variable, name)
    return environment


WORKER = environment_of(entry.name for entry in FRAMEWORKS if entry.process == TOGETHER)
"""Environment of the workers that measure stacks of several frameworks in turn. What a framework
needs beside it, as flags of its process, is in ``suite.catalogue.frameworks``."""


def worker(process: str = TOGETHER) -> dict[str, str]:
    """Return the environment of a kind of worker, which may measure all frameworks of the kind,
    those of loaded plugins too.

    Raises UserError where two of these need another value of a variable.
    """
    try:
        return environment_of(n for n in FRAMEWORKS.every if FRAMEWORKS[n].process == process)
    except ValueError as error:
        raise UserError(f"the frameworks cannot be measured together: {error}") from error


_LIMITS = (
    "ATEN_CPU_CAPABILITY",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)
"""Variables that make a library use older instructions, which round differently. Workers inherit
them."""
_SHARED = ("numpy", "scipy", "pandas", "scikit-learn")
"""Libraries that the numbers of every framework depend on."""


@dataclass(frozen=True)
class Installed:
    """The packages that are installed."""

    by_import: Mapping[str, Sequence[str]]
    """Name of a module -> the packages that it comes from."""
    versions: tuple[tuple[str, str], ...]
    """The name and the version of every package, sorted."""


def installed() -> Installed:
    """Return the packages that are installed now.

    Reading the lists of files of all packages takes a third of a second, so they are read again
    only when a folder of the search path has changed, as it does whenever pip works in it.
    """
    return _installed(tuple((folder, _changed(folder)) for folder in sys.path))


def _changed(folder: str) -> int:
    """Return when a folder last got, or lost, an entry; 0 where there is no such folder."""
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=1)
def _installed(folders: tuple[tuple[str, int], ...]) -> Installed:
    named = {(d.name, d.version) for d in metadata.distributions() if d.name}
    return Installed(metadata.packages_distributions(), tuple(sorted(named)))


def versions(frameworks: Sequence[str]) -> dict[str, str]:
    """Return the version of each library that the numbers depend on; ``absent`` where it is not
    installed."""
    result = {"python": platform.python_version()}
    for name in (*_SHARED, *_packages(frameworks)):
        try:
            result[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            result[name] = "absent"
    return result


def _packages(frameworks: Sequence[str]) -> list[str]:
    """Return the names under which what the frameworks import is installed."""
    by_import = installed().by_import
    imported = [package for name in frameworks for package in entry_of(name).packages]
    return [by_import.get(package, [package])[0] for package in imported]


def determinism(frameworks: Sequence[str]) -> dict[str, str]:
    """Return the environment and the flags with which workers give the same bits twice.

    A variable of a process of another kind than the usual is named after the kind, as in
    ``jax.XLA_FLAGS``.
    """
    others = {entry_of(name).process: None for name in frameworks}
    own = {
        f"{process}.{variable}": value
        for process in others
        if process != TOGETHER
        for variable, value in worker(process).items()
        if variable not in _EVERY_WORKER
    }
    flags = {
        flag: "called" if value is None else str(value)
        for name in frameworks
        for flag, value in entry_of(name).flags.items()
    }
    return worker() | own | flags


def unused_cuda_builds(frameworks: Sequence[str]) -> list[str]:
    """Return a line for each package of the frameworks that came with NVIDIA's libraries.

    No worker sees a GPU, so the gigabytes of a CUDA build lie unused. Nothing is imported: a build
    shows in its version (as in ``2.13.0+cu130``) or in what it requires whatever is chosen.
    """
    names = {name for name, _ in installed().versions if name.startswith("nvidia-")}
    lines = []
    for name in _packages(frameworks):
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        required = any(
            text.startswith("nvidia-") and "extra ==" not in text for text in package.requires or ()
        )
        if "+cu" in package.version or (names and required):
            lines.append(
                f"{name} {package.version} is a CUDA build: {len(names)} packages of NVIDIA lie"
                " unused, since everything runs on the CPU; README says how to install the small"
                " build"
            )
    return lines


def tree_hash() -> str:
    """Return 16 hexadecimal digits, the hash of the names and contents of the package's Python and
    TOML files."""
    root = Path(suite.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".py", ".toml"}):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _git(*arguments: str) -> str | None:
    """Return the output of git in the folder of the package, or None outside a checkout."""
    root = Path(suite.__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@functools.cache
def processor() -> str:
    """Return the model of the CPU, as the system names it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _blas() -> str:
    """Return the linear algebra library that NumPy was built with."""
    import numpy as np

    built = np.show_config(mode="dicts") or {}
    blas = built.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _compiler(frameworks: Sequence[str]) -> str:
    """Return the C++ compiler that the frameworks would call, as it names itself."""
    if not any(entry_of(name).compiles for name in frameworks):
        return "not used"
    return compiler() or "none"


def _machine(frameworks: Sequence[str]) -> dict[str, str]:
    """Return what numbers depend on in a machine besides its processor."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "blas": _blas(),
        "byteorder": sys.byteorder,
        "compiler": _compiler(frameworks),
        "limits": " ".join(f"{name}={os.environ[name]}" for name in _LIMITS if name in os.environ),
    }


CODE = "code (tree_hash)"
"""The item of ``setting`` that names the code."""


def setting(frameworks: Sequence[str]) -> dict[str, str]:
    """Return what a process that measures must have in common with the run: item -> value.

    The processor is not among them: it is recorded with each stack.
    """
    values = {CODE: tree_hash()}
    values |= {f"version of {name}": value for name, value in versions(frameworks).items()}
    values |= {f"flag {name}": value for name, value in determinism(frameworks).items()}
    return values | {f"platform.{key}": value for key, value in _machine(frameworks).items()}


def manifest(plan: Plan, command: Sequence[str]) -> Manifest:
    """Return the manifest of a run that is about to start."""
    selection = plan.selection
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--", "suite", "constraints.txt")
    expected = {study: _expected(plan, study) for study in plan.stacks}
    until = None
    if selection.until is not None:
        first = {study: known.hash for study, known in expected.items()}
        until = UntilDecided(most=selection.until.most, first=first)
    return Manifest(
        schema=SCHEMA if until is None else SCHEMA_UNTIL_DECIDED,
        until_decided=until,
        suite_version=suite.__version__,
        # A word that is not UTF-8, as a file's name may be, cannot be written as it is.
        command=tuple(os.fsencode(word).decode("utf-8", "backslashreplace") for word in command),
        profile=selection.profile,
        studies=tuple(plan.stacks),
        frameworks=tuple(selection.frameworks),
        overrides={axis: tuple(values) for axis, values in selection.overrides.items()},
        seeds=selection.seeds,
        root_seed=selection.root,
        expected=expected,
        versions=versions(selection.frameworks),
        platform={"cpu": processor(), **_machine(selection.frameworks)},
        cores=os.cpu_count(),
        threads=THREADS,
        determinism=determinism(selection.frameworks),
        git=Git(commit=commit, dirty=None if status is None else bool(status)),
        tree_hash=tree_hash(),
        packages=tuple(sorted(f"{name}=={version}" for name, version in installed().versions)),
        definitions={
            name: METRICS[name].defined
            for study in plan.stacks
            for spec in STUDIES[study].tables
            for name in for_stacks(spec, plan.stacks[study]).metrics
        },
        plugins=record(plan),
        datasets=datafiles.record(plan),
    )


def grown(manifest: Manifest, plan: Plan) -> Manifest:
    """Return the manifest of a run until decided with what is expected of it now."""
    until, known = plan.selection.until, manifest.until_decided
    if until is None or known is None:
        raise ValueError("the seeds of this run were fixed beforehand")
    return replace(
        manifest,
        expected={study: _expected(plan, study) for study in plan.stacks},
        until_decided=replace(known, most=until.most, blocks=until.blocks),
    )


def _expected(plan: Plan, study: str) -> Expected:
    """Return the size of the plan of a study, and its hash."""
    count = {name: int(value) for name, value in plan.count(study).items()}
    return Expected(
        cells=count["cells"],
        runs=count["runs"],
        stacks=count["stacks"],
        hash=plan.digest(study),
    )


def run_id(manifest: Manifest) -> str:
    """Return 8 hexadecimal digits that name a run: the hash of its ``identity``, that is of plan,
    code, versions, machine, root seed and plugins."""
    text = repr(list(manifest.identity.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
