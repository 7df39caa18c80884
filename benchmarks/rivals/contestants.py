"""The contestants of each work, and why one is left out on this machine."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

RUNNERS = "benchmarks.rivals.runners"
TORCH, TENSORFLOW = "benchmarks.rivals.with_torch", "benchmarks.rivals.with_tensorflow"
JAX, BY_HAND = "benchmarks.rivals.with_jax", "benchmarks.rivals.floor_numba"
PARALLEL = "benchmarks.rivals.with_parallel_mlps"
TRAINED, WIDE = ("circles", "shallow", "digits"), ("lecture", "propagation")
FLAGS = ("--xla_cpu_experimental_ynn_fusion_type=-reduce",)
"""XLA keeps sums in its own kernels, in place of YNNPACK's."""
ONE_CORE = "--xla_cpu_multi_thread_eigen=false"
"""The flag of XLA that every way has: one thread."""


@dataclass(frozen=True)
class Contestant:
    """One row of the table.

    ``target``: its runner, as "module:attribute"; ``arguments``: those of the runner, after the
    number of its process and the work. ``against``: the names of the contestants whose time its own
    is divided by, on as many processes. ``many``: whether it also runs as one process per core.
    ``needs``: packages. ``flags``: of XLA, beside ``ONE_CORE``.
    """

    name: str
    target: str
    arguments: tuple[object, ...]
    against: tuple[str, ...]
    needs: tuple[str, ...]
    many: bool = True
    engine: bool = False
    compiler: bool = False
    flags: tuple[str, ...] = ()

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        for package in self.needs:
            if importlib.util.find_spec(package) is None:
                return f"{package} is not installed"
        if self.compiler and shutil.which(os.environ.get("CXX", "g++")) is None:
            return "torch.compile needs a C++ compiler, and there is none"
        for flag in self.flags:
            if not xla_knows(flag):
                return f"XLA of {self.setting} does not know it"
        return None

    @property
    def setting(self) -> str:
        """JAX's release and flags, on which its speed depends more than others'; "" without JAX."""
        if "jax" not in self.needs:
            return ""
        return " ".join((f"jax {metadata.version('jax')}", ONE_CORE, *self.flags))


@functools.cache
def xla_knows(flag: str) -> bool:
    """Return whether XLA has a flag. It ends a process that sets another, so one is started."""
    environment = os.environ | {"XLA_FLAGS": flag, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", "import jax; jax.devices()"]
    return subprocess.run(command, env=environment, capture_output=True).returncode == 0


ENGINES = {"torch": "suite, torch", "tensorflow": "suite, TensorFlow"}
PACKAGES = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras")}


def _alone(module: str, framework: str, name: str, **more: Any) -> Contestant:
    return Contestant(
        name, f"{RUNNERS}:Alone", (module, name), (ENGINES[framework],), PACKAGES[framework], **more
    )


def _suite(framework: str, runner: str) -> Contestant:
    return Contestant(
        ENGINES[framework],
        f"{RUNNERS}:{runner}",
        (framework,),
        (),
        PACKAGES[framework],
        many=runner == "Engine",
        engine=True,
    )


def _last(framework: str) -> Contestant:
    return Contestant(
        f"{ENGINES[framework]}, last epoch recorded alone",
        f"{RUNNERS}:Engine",
        (framework, True),
        (ENGINES[framework],),
        PACKAGES[framework],
        many=False,
        engine=True,
    )


def _floor(framework: str) -> Contestant:
    return Contestant(
        f"draws and products alone, {ENGINES[framework].removeprefix('suite, ')}",
        f"{RUNNERS}:Floor",
        (framework,),
        (ENGINES[framework],),
        PACKAGES[framework],
        many=False,
    )


def _together(name: str, module: str, package: str, **more: Any) -> Contestant:
    against = tuple(ENGINES.values())
    return Contestant(name, f"{RUNNERS}:Together", (module,), against, (package,), **more)


def contestants(work: str) -> list[Contestant]:
    """Return the contestants of a work, in the order of their turns and of the table."""
    if work in WIDE:
        return [entry for name in ENGINES for entry in (_suite(name, "Wide"), _floor(name))]
    if work == "shallow":
        engines = (replace(_suite(name, "Engine"), many=False) for name in ENGINES)
        return [*engines, _together("ParallelMLPs, torch", PARALLEL, "torch", many=False)]
    by_hand = _together("loop by hand, numba", BY_HAND, "numba", many=False)
    return [
        *(_suite(name, "Engine") for name in ENGINES),
        *(_last(name) for name in ENGINES if work == "circles"),
        _alone(TORCH, "torch", "torch loop"),
        _alone(TORCH, "torch", "torch loop, foreach=True", many=False),
        _alone(TORCH, "torch", "torch.compile", compiler=True),
        _alone(TENSORFLOW, "tensorflow", "Keras fit"),
        _alone(TENSORFLOW, "tensorflow", "Keras fit, steps_per_execution", many=False),
        _alone(TENSORFLOW, "tensorflow", "GradientTape, eager"),
        _alone(TENSORFLOW, "tensorflow", "GradientTape in tf.function", many=False),
        _together("JAX, vmap and scan", JAX, "jax"),
        _together("JAX, vmap and scan, flags", JAX, "jax", many=False, flags=FLAGS),
        *([by_hand] if work == "circles" else []),
    ]
